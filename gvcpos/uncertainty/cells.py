"""How wrong a cell of a table may be: relative errors by size and by source, alone or together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos._core.options import choose
from gvcpos.tables import IOTable

FloatArray = npt.NDArray[np.float64]
ErrorKind = Literal["log-normal", "normal"]
Closure = Literal["residual", "ras"]


@dataclass(frozen=True)
class CellErrors:
    """The assumed errors of the cells of a table; no publisher of inter-country tables states them.

    Attributes
    ----------
    relative : float
        Standard deviation of a cell over its value; for cells of the size `reference` where errors go by size.
    power : float
        b in σ(z) = a z^b, the form that Lenzen, Wood & Wiedmann (2010, Econ. Syst. Res. 22:43) give to standard errors:
        below 1, small cells are less certain. 1: the relative error is the same for all.
    reference : float
        Size, in the table's unit, at which a cell has the error `relative`.
    largest : float
        No relative error is larger than this, however small the cell.
    kind : {"log-normal", "normal"}
        Law of a cell, with the published value as its mean. A normal draw that would change the sign is set to a
        hundredth of the cell, and counted.
    final : float
        Errors of final demand over those of deliveries between sectors.
    countries, sectors : mapping of str to float
        Factor on the errors of a country's (or seller's sector's) cells, for better or worse sources; 1 if not named. A
        cell between two countries has the root mean square of both factors.
    common_country, common_sector : float
        Shares of a cell's variance that all sales of its country, or of its sector, have in common.
    between_years : float
        Correlation of the errors of a cell in any two years, ρ: what lasts (methods, classifications) against what is
        new every year.
    closure : {"residual", "ras"}
        What makes a drawn table consistent. ``"residual"``: output is the row sums and value added is what is left in
        the column; value added then carries the errors of a whole row and a whole column. ``"ras"``: output, value
        added and final demand by country keep their published values (within `totals`) and the cells are scaled to
        them, so that value added hardly moves and shares of inputs and sales do.
    totals : float
        Relative error of output, value-added rates and countries' final demand under ``"ras"``.
    least_va : float
        Under ``"residual"``, value added that was positive keeps at least this share of its published rate. Inputs are
        scaled down to make room, and what they lose goes to final use in the same country, so that sellers' output
        stays; such cells are counted.

    Raises
    ------
    InputError
        If a number is out of its range.

    Notes
    -----
    Zeros stay zero and negative cells stay negative. Cells without output keep their published rows and columns.
    """

    relative: float = 0.1
    power: float = 1.0
    reference: float = 1.0
    largest: float = 1.0
    kind: ErrorKind = "log-normal"
    final: float = 1.0
    countries: Mapping[str, float] = field(default_factory=dict)
    sectors: Mapping[str, float] = field(default_factory=dict)
    common_country: float = 0.0
    common_sector: float = 0.0
    between_years: float = 0.0
    closure: Closure = "residual"
    totals: float = 0.0
    least_va: float = 0.05

    def __post_init__(self) -> None:
        choose(self.kind, ErrorKind, "kind")
        choose(self.closure, Closure, "closure")
        for name in ("relative", "final", "totals"):
            self._require(name, getattr(self, name) >= 0, "not negative")
        for name in ("reference", "largest", "power"):
            self._require(name, getattr(self, name) > 0, "positive")
        for name in ("common_country", "common_sector", "between_years", "least_va"):
            self._require(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        self._require("common_sector", self.common_country + self.common_sector <= 1, "at most 1 - common_country")
        for label, factor in (*self.countries.items(), *self.sectors.items()):
            if not (np.isfinite(factor) and factor >= 0):
                raise InputError(f"CellErrors: the factor of {label} is {factor}; it must be a number, not negative.")

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not (holds and np.isfinite(getattr(self, name))):
            raise InputError(f"CellErrors: {name}={getattr(self, name)!r} must be {what}.")

    @classmethod
    def by_size(cls, a: float, b: float, **options: object) -> CellErrors:
        """Return errors of the form σ(z) = a z^b, z in the table's unit; `options` are other attributes."""
        return cls(relative=a, power=b, reference=1.0, **options)  # type: ignore[arg-type]

    def times(self, factor: float) -> CellErrors:
        """Return the same errors, all `factor` times as large."""
        return replace(
            self,
            relative=self.relative * factor,
            largest=self.largest * max(factor, 1e-12),
            totals=self.totals * factor,
        )

    @property
    def text(self) -> str:
        """The assumption in words."""
        size = f"{100 * self.relative:.3g} % of a cell"
        if self.power != 1:
            size = f"{self.relative:.3g} z^{self.power:.3g} (unit {self.reference:.3g}), at most {self.largest:.3g} z"
        parts = [f"assumed {self.kind} errors of {size}, {self.closure} closure"]
        graded = {**self.countries, **self.sectors}
        parts += ["times " + ", ".join(f"{f:.3g} for {label}" for label, f in graded.items())] if graded else []
        for share, whose in ((self.common_country, "a country's"), (self.common_sector, "a sector's")):
            parts += [f"{100 * share:.3g} % of variance common to {whose} sales"] if share else []
        parts += [f"correlation {self.between_years:.3g} between years"] if self.between_years else []
        return "; ".join(parts)


def relative_errors(table: IOTable, errors: CellErrors) -> tuple[FloatArray, FloatArray]:
    """Return the relative standard deviations of Z, shape (n, n), and of Y, (n, G · C).

    They broadcast: where all cells are alike, one number stands for a row.

    Raises
    ------
    LabelError
        If a country or sector with a factor is not in the table.
    """
    G, N = table.shape
    source = np.ones(G)
    source[locate(errors.countries, table.countries, "country with a factor")] = list(errors.countries.values())
    sector = np.ones(N)
    sector[locate(errors.sectors, table.sectors, "sector with a factor")] = list(errors.sectors.values())
    live = (table.x != 0).astype(np.float64)
    seller = np.repeat(source, N)
    rows = live * np.tile(sector, G)

    def sized(values: FloatArray, buyer: FloatArray, factor: float) -> FloatArray:
        """Relative errors of cells by their size, their seller's grade and their buyer's."""
        both = np.sqrt((seller[:, None] ** 2 + buyer[None, :] ** 2) / 2)
        base = np.asarray(errors.relative * factor)
        if errors.power != 1:
            size = np.abs(values) / errors.reference
            base = base * np.power(size, errors.power - 1, out=np.zeros_like(size), where=size > 0)
        return rows[:, None] * np.minimum(base * both, errors.largest)

    return sized(table.Z, seller, 1.0) * live, sized(table.Y, np.repeat(source, table.Y.shape[1] // G), errors.final)
