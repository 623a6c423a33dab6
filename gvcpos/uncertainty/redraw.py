"""Tables drawn around a published one: cells moved by their errors, then made consistent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.accounting import Blocks
from gvcpos.accounting.exporters import split_countries
from gvcpos.tables import IOTable
from gvcpos.uncertainty.cells import CellErrors, FloatArray, relative_errors
from gvcpos.uncertainty.closure import Drawn, close_by_ras, close_by_residual

_LEAST = 0.01  # of a cell, where a normal draw would change its sign
_LASTING = 0  # the year whose generator draws what all years have in common


@dataclass(frozen=True)
class Seeds:
    """Where the numbers of one draw come from: the same whatever else is drawn, and in whatever order.

    Attributes
    ----------
    seed, draw : int
    """

    seed: int
    draw: int

    def of_year(self, year: int) -> np.random.Generator:
        """Return the generator of one year's own errors."""
        return np.random.default_rng([self.seed, self.draw, abs(int(year)) + 1])

    def lasting(self) -> np.random.Generator:
        """Return the generator of the errors that all years share."""
        return np.random.default_rng([self.seed, self.draw, _LASTING])

    def of_totals(self, year: int) -> np.random.Generator:
        """Return the generator of the errors of one year's totals."""
        return np.random.default_rng([self.seed, self.draw, abs(int(year)) + 1, 1])

    def of_split(self) -> np.random.Generator:
        """Return the generator of the weights that split sectors: the same for every year."""
        return np.random.default_rng([self.seed, self.draw, _LASTING, 2])

    def of_covariates(self) -> np.random.Generator:
        """Return the generator of the errors of covariates."""
        return np.random.default_rng([self.seed, self.draw, _LASTING, 3])


class DrawnTables:
    """Draws tables around one.

    Parameters
    ----------
    table : IOTable
        What OECD splits (CN1, CN2, MX1, MX2) is merged first.
    errors : CellErrors

    Attributes
    ----------
    table : IOTable
    blocks : Blocks
    """

    def __init__(self, table: IOTable, errors: CellErrors) -> None:
        self.table, self.errors = whole_countries(table), errors
        self.blocks = Blocks.even(*self.table.shape)
        of_z, of_y = relative_errors(self.table, errors)
        self._relative = np.concatenate([of_z, of_y], axis=1)
        self._published = np.concatenate([self.table.Z, self.table.Y], axis=1)
        self._spread = np.sqrt(np.log1p(self._relative**2)) if errors.kind == "log-normal" else self._relative

    def draw(self, seeds: Seeds) -> Drawn:
        """Return one consistent table."""
        cells, clipped = self._cells(seeds)
        n, G = self.blocks.n, self.blocks.G
        Z, Y = np.ascontiguousarray(cells[:, :n]), cells[:, n:].reshape(n, G, -1).sum(axis=2)
        if self.errors.closure == "ras":
            factors = self._totals(seeds)
            return close_by_ras(Z, Y, self.table, self.errors, factors=factors, clipped=clipped)
        return close_by_residual(Z, Y, self.table, self.errors.least_va, clipped)

    def _cells(self, seeds: Seeds) -> tuple[FloatArray, int]:
        """Return Z and Y side by side with their errors, and how many cells were kept from changing sign."""
        factor = self._normals(seeds.of_year(self.table.year))
        rho = self.errors.between_years
        if rho:
            factor *= np.sqrt(1 - rho)
            factor += np.sqrt(rho) * self._normals(seeds.lasting())
        factor *= self._spread
        clipped = 0
        if self.errors.kind == "log-normal":
            # The mean of exp(s e) is exp(s²/2): taken out, the published value is the mean.
            factor -= self._spread**2 / 2
            np.exp(factor, out=factor)
        else:
            factor += 1.0
            low = factor < _LEAST
            clipped = int(np.count_nonzero(low & (self._published != 0)))
            factor[low] = _LEAST
        factor *= self._published
        return factor, clipped

    def _normals(self, rng: np.random.Generator) -> FloatArray:
        """Return standard normal numbers for all cells, with the parts that rows have in common."""
        G, N = self.table.shape
        out = rng.standard_normal(self._published.shape)
        country, sector = self.errors.common_country, self.errors.common_sector
        if country or sector:
            out *= np.sqrt(1 - country - sector)
            together = np.sqrt(country) * rng.standard_normal(G)[:, None] + np.sqrt(sector) * rng.standard_normal(N)
            out += together.reshape(-1, 1)
        return out

    def _totals(self, seeds: Seeds) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return factors on output, value-added rates and countries' final demand, mean 1."""
        rng = seeds.of_totals(self.table.year)
        spread = np.sqrt(np.log1p(self.errors.totals**2))
        n, G = self.blocks.n, self.blocks.G
        output, rate, final = (np.exp(spread * rng.standard_normal(k) - spread**2 / 2) for k in (n, n, G))
        return output, rate, final


def whole_countries(table: IOTable) -> IOTable:
    """Return the table with what OECD splits merged."""
    halves = split_countries(table.countries)
    if not halves:
        return table
    return table.aggregate(countries={part: name for name, parts in halves.items() for part in parts}, keep_rest=True)
