"""Trade flows as an immutable, labelled object: who sold what to whom, in money and in mass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, unique
from gvcpos._core.options import Leftover, TradeReport, choose
from gvcpos.trade.areas import ROW
from gvcpos.trade.checks import COLUMNS, KEYS, checked
from gvcpos.trade.grouping import FloatArray, summed
from gvcpos.trade.hs import Stages, stage_of, under, wanted_codes

MONEY = {"USD": 1e-6, "USD thousand": 1e-3, "USD million": 1.0, "USD billion": 1e3}
MASS = {"kg": 1e-3, "t": 1.0, "kt": 1e3}


@dataclass(frozen=True, eq=False)
class TradeFlows:
    """Bilateral trade flows by year and HS code.

    Make them with `read_baci`, `read_comtrade` or `TradeFlows.from_frame`; every operation returns new flows.

    Attributes
    ----------
    source : str
        Publisher and release.
    hs_revision : str
        As in ``"HS92"``; empty if the source does not say.
    synthetic : bool
        True for invented numbers.
    notes : tuple of str
        What the reader changed or left out.
    item : str
        What the codes are: ``"hs"``, or ``"stage"`` after `by_stage`.
    items : tuple of str
        Codes or stages, in order.

    Notes
    -----
    Values are in USD million, masses in metric tons (product mass, not rare-earth oxide). A mass that the source does
    not give is missing, never zero, and so is a sum with a missing mass in it.
    """

    _frame: pd.DataFrame
    source: str
    hs_revision: str = ""
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    item: str = "hs"
    items: tuple[str, ...] = ()

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        source: str,
        value_unit: str = "USD million",
        mass_unit: str = "t",
        reporter: TradeReport = "reconciled",
        hs_revision: str = "",
        synthetic: bool = False,
        self_trade: Leftover = "error",
        extra_labels: Iterable[str] = (),
        name: str = "trade flows",
        where: Callable[[int], str] | None = None,
        notes: tuple[str, ...] = (),
    ) -> TradeFlows:
        """Make flows from a frame.

        Parameters
        ----------
        frame : DataFrame
            Columns year, exporter, importer, hs, value and, optionally, mass and reporter; the order of rows and
            columns does not matter.
        source : str
        value_unit : {"USD", "USD thousand", "USD million", "USD billion"}
        mass_unit : {"kg", "t", "kt"}
        reporter : {"exporter", "importer", "reconciled"}
            Whose report the rows are, where the frame has no such column.
        hs_revision : str
        synthetic : bool
        self_trade : {"error", "drop"}
        extra_labels : iterable of str
            Labels allowed beside ISO3 and ROW.
        name, where
            What messages call the frame, and a row of it by its position.
        notes : tuple of str

        Raises
        ------
        InputError, FormatError, LabelError
            For a missing column, an unknown unit, a wrong year or code, a negative or missing value, an unknown
            country, a flow given twice, codes within each other, trade of a country with itself. The row is named.
        """
        for given, known, what in ((value_unit, MONEY, "value_unit"), (mass_unit, MASS, "mass_unit")):
            if given not in known:
                raise InputError(f"{what}={given!r} is not known. Allowed: {', '.join(map(repr, known))}.")
        if "mass" not in frame.columns:
            frame = frame.assign(mass=np.nan)
        if "reporter" not in frame.columns:
            frame = frame.assign(reporter=reporter)
        named = where or (lambda i: f"row {i + 1}")
        clean = checked(frame, name, named, extra_labels=extra_labels, self_trade=self_trade)
        clean["value"] *= MONEY[value_unit]
        clean["mass"] *= MASS[mass_unit]
        return cls(clean, source, hs_revision, synthetic, notes, "hs", tuple(sorted(clean["hs"].unique())))

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the flows: year, exporter, importer, hs (or stage), reporter, value, mass."""
        return self._frame.rename(columns={"hs": self.item}).copy()

    def to_frame(self) -> pd.DataFrame:
        """Return the flows with their source and whether they are invented, as columns."""
        return self.frame.assign(source=self.source, synthetic=self.synthetic)

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Years, in order."""
        return tuple(int(year) for year in sorted(self._frame["year"].unique()))

    @cached_property
    def exporters(self) -> tuple[str, ...]:
        """Countries that sell, in alphabetical order."""
        return tuple(sorted(self._frame["exporter"].unique()))

    @cached_property
    def importers(self) -> tuple[str, ...]:
        """Countries that buy, in alphabetical order."""
        return tuple(sorted(self._frame["importer"].unique()))

    @property
    def countries(self) -> tuple[str, ...]:
        """All countries, in alphabetical order."""
        return tuple(sorted({*self.exporters, *self.importers}))

    @cached_property
    def reporters(self) -> tuple[str, ...]:
        """Whose reports there are: exporter, importer, reconciled."""
        return tuple(sorted(self._frame["reporter"].unique()))

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        span = f"{self.years[0]}–{self.years[-1]}" if self.years else "no years"
        made_up = ", SYNTHETIC" if self.synthetic else ""
        return (
            f"TradeFlows({len(self):,} flows, {span}, {len(self.countries)} countries, {len(self.items)} {self.item}, "
            f"reported by {'/'.join(self.reporters) or 'nobody'}, {self.source}{made_up})"
        )

    def reported_by(self, reporter: TradeReport) -> TradeFlows:
        """Return the flows as one side reported them.

        Raises
        ------
        InputError
            If there are no such reports.
        """
        if choose(reporter, TradeReport, "reporter") not in self.reporters:
            raise InputError(
                f"{self.source}: no flows are reported by the {reporter}; there are: {', '.join(self.reporters)}."
            )
        return self._kept(self._frame["reporter"] == reporter)

    def one_report(self) -> TradeFlows:
        """Return the flows themselves if each is reported once; InputError if both sides' reports are there."""
        if len(self.reporters) > 1:
            raise InputError(
                f"{self.source}: flows are reported by {' and by '.join(self.reporters)}; summed, they would count "
                "twice. Choose: "
                'flows.reported_by("importer").'
            )
        return self

    def select(
        self,
        *,
        years: int | Iterable[int] | None = None,
        hs: str | Iterable[str] | None = None,
        exporters: str | Iterable[str] | None = None,
        importers: str | Iterable[str] | None = None,
    ) -> TradeFlows:
        """Return some of the flows; a heading stands for all codes under it, and `hs` for stages after `by_stage`.

        Raises
        ------
        LabelError
            If a year, code, stage or country is not there.
        """
        kept = np.ones(len(self), dtype=bool)
        if years is not None:
            wanted = [years] if isinstance(years, int) else list(years)
            self._there(wanted, self.years, "year")
            kept &= self._frame["year"].isin(wanted).to_numpy()
        if hs is not None:
            kept &= self._frame["hs"].isin(self._codes(hs)).to_numpy()
        for side, names in (("exporter", exporters), ("importer", importers)):
            if names is not None:
                labels = [names] if isinstance(names, str) else list(names)
                self._there(labels, self.countries, side)
                kept &= self._frame[side].isin(labels).to_numpy()
        return self._kept(kept)

    def by_stage(self, stages: Stages) -> TradeFlows:
        """Return the flows by stage of a chain; codes that are in no stage are left out.

        Parameters
        ----------
        stages : mapping of str to codes, or Chain
            Codes stand for all codes under them.

        Raises
        ------
        LabelError
            If a code is in two stages, or none of the flows is in any.
        """
        if self.item != "hs":
            raise InputError(f"{self.source}: the flows are by {self.item} already. Start from flows by HS code.")
        of, names, absent = stage_of(self.items, stages)
        if not of:
            raise LabelError(
                f"no flow is of a stage: {enumerate_labels(absent)} are not among HS {enumerate_labels(self.items)}."
            )
        note = (f"by stage: no flows of HS {enumerate_labels(absent, 20)}",) if absent else ()
        labels = self._frame["hs"].map(of)
        return self._merged(
            self._frame.assign(hs=labels)[labels.notna()], notes=self.notes + note, item="stage", items=names
        )

    def at_digits(self, digits: int) -> TradeFlows:
        """Return the flows by the first `digits` digits of their codes, which must have as many or more."""
        short = [code for code in self.items if len(code) < digits]
        if self.item != "hs" or digits not in (2, 4, 6, 8) or short:
            raise InputError(
                f"{self.source}: no {digits} digits in {enumerate_labels(short or self.items)}. Give 2, 4 or 6, and "
                "flows by HS."
            )
        shorter = self._frame["hs"].str[:digits]
        return self._merged(self._frame.assign(hs=shorter), items=tuple(sorted(shorter.unique())))

    def within(self, countries: Sequence[str]) -> TradeFlows:
        """Return the flows among some countries and with ROW, which all others become; ROW's own trade is left out.

        Raises
        ------
        LabelError
            If a country is named twice, or trades nothing here.
        """
        named = unique(countries, "countries")
        self._there([c for c in named if c != ROW], self.countries, "country")
        sides = {side: self._frame[side].where(self._frame[side].isin(named), ROW) for side in ("exporter", "importer")}
        frame = self._frame.assign(**sides)
        return self._merged(frame[frame["exporter"] != frame["importer"]])

    def matrix(self, year: int, item: str | None = None, *, of: str = "value") -> tuple[tuple[str, ...], FloatArray]:
        """Return countries and flows among them, shape (n, n), row = exporter; 0 where nothing is traded.

        Parameters
        ----------
        year : int
        item : str, optional
            Code, heading or stage; all by default.
        of : {"value", "mass"}
        """
        if of not in ("value", "mass"):
            raise InputError(f"of={of!r} is not known. Allowed: 'value', 'mass'.")
        part = self.one_report().select(years=year, hs=item)._frame
        out = np.zeros((len(self.countries),) * 2)
        at = [pd.Index(self.countries).get_indexer(pd.Index(part[side])) for side in ("exporter", "importer")]
        np.add.at(out, tuple(at), part[of].to_numpy())
        return self.countries, out

    def _codes(self, wanted: str | Iterable[str]) -> list[str]:
        if self.item != "hs":
            names = [wanted] if isinstance(wanted, str) else list(wanted)
            self._there(names, self.items, self.item)
            return names
        headings = wanted_codes(wanted)
        self._there([h for h in headings if not any(under(c, [h]) for c in self.items)], self.items, "HS code")
        return [code for code in self.items if under(code, headings)]

    def _there(self, wanted: Sequence[object], known: Sequence[object], what: str) -> None:
        missing = [label for label in wanted if label not in known]
        if missing:
            raise LabelError(
                f"{self.source}: no such {what}: {enumerate_labels(missing)}. There are: {enumerate_labels(known, 20)}."
            )

    def _kept(self, rows: pd.Series | np.ndarray) -> TradeFlows:
        frame = self._frame[np.asarray(rows, dtype=bool)].reset_index(drop=True)
        there = set(frame["hs"])
        return replace(self, _frame=frame, items=tuple(item for item in self.items if item in there))

    def _merged(self, frame: pd.DataFrame, **changes: object) -> TradeFlows:
        """Sum flows that now bear the same labels."""
        total = summed(frame, list(KEYS))[list(COLUMNS)]
        out = replace(self, _frame=total, **changes)  # type: ignore[arg-type]  # fields of this class
        return replace(out, items=tuple(item for item in out.items if item in set(total["hs"])))


def merged_flows(frame: pd.DataFrame, rename: Mapping[str, str]) -> pd.DataFrame:
    """Return rows with their countries' codes replaced by labels, those that now bear the same labels summed."""
    sides = {side: frame[side].map(rename) for side in ("exporter", "importer")}
    return summed(frame.assign(**sides), list(KEYS))[list(COLUMNS)]
