"""From the rows of trade files to flows among countries: areas by stated rules, each told with what it is worth."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gvcpos._core.errors import FormatError, InputError, LabelError, TradeWarning
from gvcpos._core.labels import enumerate_labels
from gvcpos.trade.areas import ROW, Area, AreaRules, resolve
from gvcpos.trade.checks import COLUMNS, KEYS, refuse_twice, typed
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.grouping import summed
from gvcpos.trade.hs import is_code, plain_code, under, wanted_codes


@dataclass
class Gathered:
    """Flows of the files read so far, and what was done to them."""

    rules: AreaRules
    publisher: Mapping[str, str] | None = None
    parts: list[tuple[str, pd.DataFrame]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    revisions: set[str] = field(default_factory=set)

    def add(self, rows: pd.DataFrame, name: str) -> None:
        """Take the rows of one file.

        Parameters
        ----------
        rows : DataFrame
            Columns year, exporter, importer (codes), hs, reporter, value (USD million), mass (t), by line.
        name : str
            Of the file.

        Raises
        ------
        FormatError, InputError, LabelError
            For a flow that is there twice, a wrong or negative cell, an unknown area; file, line and label are named.
        """
        lines = rows.index.to_numpy()

        def where(i: int) -> str:
            return f"line {lines[i]}"

        frame = typed(rows.reset_index(drop=True), name, where)
        refuse_twice(frame, name, where)
        no_mass = (frame["mass"] == 0) & (frame["value"] > 0)
        if no_mass.any():
            frame["mass"] = frame["mass"].mask(no_mass)
            self.notes.append(f"{name}: {int(no_mass.sum())} flows with a value and a mass of 0: their mass is missing")
        self.parts.append((name, self._among_countries(frame, name, where)))

    def flows(self, *, source: str, synthetic: bool, countries: Sequence[str] | None) -> TradeFlows:
        """Return everything as flows; trade of a country with itself is left out with a warning.

        Raises
        ------
        FormatError
            If two files have the same flow, or there is none at all.
        """
        every = pd.concat([part for _, part in self.parts], ignore_index=True)
        if every.empty:
            raise FormatError(f"{self.parts[0][0]}: no flow is left to read. Check hs, years and the rules for areas.")
        owner = np.repeat([name for name, _ in self.parts], [len(part) for _, part in self.parts])
        revision = ", ".join(sorted(self.revisions))
        if len(self.revisions) > 1:
            warnings.warn(
                f"{source}: {len(self.revisions)} revisions of the HS ({revision}): a code may not mean the same "
                "goods in all years.",
                TradeWarning,
                stacklevel=3,
            )
        flows = TradeFlows.from_frame(
            every,
            source=source,
            hs_revision=revision,
            synthetic=synthetic,
            self_trade="drop",
            name=source,
            where=lambda i: str(owner[i]),
            notes=tuple(self.notes),
        )
        return flows if countries is None else flows.within(countries)

    def _among_countries(self, frame: pd.DataFrame, name: str, where: Callable[[int], str]) -> pd.DataFrame:
        """Replace codes by labels, leave out totals and what has no label, sum what now bears the same labels."""
        found, unknown = resolve([*frame["exporter"], *frame["importer"]], self.publisher)
        if unknown:
            bad = frame["exporter"].isin(unknown) | frame["importer"].isin(unknown)
            raise LabelError(
                f"{name}, {where(int(np.flatnonzero(bad)[0]))}: unknown area codes: "
                f"{enumerate_labels(map(repr, unknown))}. Give the "
                "publisher's list with country_codes, or correct the file."
            )
        kinds = {code: area.kind for code, area in found.items()}
        labels = {code: self.rules.label(area) for code, area in found.items()}
        frame = self._without(frame, _either(frame, kinds, "total"), found, name, "sums of other areas")
        nowhere = {code: "gone" if label == "" else "" for code, label in labels.items()}
        frame = self._without(frame, _either(frame, nowhere, "gone"), found, name, "unspecified areas")
        for kind, what in (("other_asia", "Other Asia, nes"), ("nes", "unspecified areas")):
            self._tell(frame, kinds, labels, kind, f"{name}: {what}")
        sides = {side: frame[side].map(labels) for side in ("exporter", "importer")}
        frame = frame.assign(**sides)
        inside_row = (frame["exporter"] == ROW) & (frame["importer"] == ROW)
        return summed(frame[~inside_row], list(KEYS))[list(COLUMNS)]

    def _without(
        self, frame: pd.DataFrame, gone: pd.Series, found: Mapping[str, Area], name: str, what: str
    ) -> pd.DataFrame:
        """Leave rows out, with a warning that counts them."""
        if not gone.any():
            return frame
        codes = sorted({*frame.loc[gone, "exporter"], *frame.loc[gone, "importer"]})
        named = [found[c].name for c in codes if found[c].kind not in ("country", "former")]
        text = (
            f"{name}: {int(gone.sum())} rows with {what} ({enumerate_labels(named)}) left out, USD "
            f"{frame.loc[gone, 'value'].sum():.6g} million."
        )
        warnings.warn(text, TradeWarning, stacklevel=6)
        self.notes.append(text)
        return frame[~gone]

    def _tell(
        self, frame: pd.DataFrame, kinds: Mapping[str, str], labels: Mapping[str, str], kind: str, what: str
    ) -> None:
        """Note what became of areas of a kind, with their share of the value."""
        theirs = _either(frame, kinds, kind)
        total = frame["value"].sum()
        if theirs.any() and total > 0:
            became = sorted({labels[code] for code, k in kinds.items() if k == kind})
            share = frame.loc[theirs, "value"].sum() / total
            self.notes.append(
                f"{what} are {enumerate_labels(became)}: {int(theirs.sum())} flows, {share:.2%} of the value"
            )


def _either(frame: pd.DataFrame, kinds: Mapping[str, str], kind: str) -> pd.Series:
    """Return which rows have an exporter or an importer of a kind."""
    return (frame["exporter"].map(kinds) == kind) | (frame["importer"].map(kinds) == kind)


def code_filter(hs: str | Iterable[str] | None, digits: int | None) -> Callable[[str], bool]:
    """Return what says of a code, as a file spells it, whether it is wanted.

    Parameters
    ----------
    hs : str or iterable of str, optional
        Codes or headings; a heading wants all codes under it.
    digits : int, optional
        Only codes of so many digits.
    """
    headings = None if hs is None else wanted_codes(hs)
    if digits is not None and digits not in (2, 4, 6, 8, 10):
        raise InputError(f"digits={digits!r}: HS codes have 2, 4, 6, 8 or 10. Give one of them.")

    def wanted(text: str) -> bool:
        """Whether a code is of the headings and digits asked for."""
        code = plain_code(text)
        if headings is None and digits is None:
            return True
        if not is_code(code):
            return False  # TOTAL, AG2 and the like are under no heading
        return (headings is None or under(code, headings)) and digits in (None, len(code))

    return wanted
