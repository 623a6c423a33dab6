"""Frames of a term of exports by origin and by final absorption."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos._core.options import Approach, FlowLevel, TermOrigin, choose
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.exports.breakdown import SOURCE_ONLY, TERMS, Breakdown
from gvcpos.accounting.final_use import Names
from gvcpos.accounting.labelled import TidyFrame
from gvcpos.accounting.ledger import Ledger

_MOST_ROWS = 30_000_000


class BreakdownFrames(Ledger):
    """What `ValueAddedAccounts` says of the origin and the destination of a term of exports."""

    def breakdown(
        self,
        term: str = "DVA",
        by: FlowLevel = "country",
        *,
        origin: TermOrigin = "country",
        absorption: bool = False,
        approach: Approach = "source",
        exporters: Names = None,
    ) -> pd.DataFrame:
        """Return a term of `exports`, exporter perspective, by origin of its value added and by who absorbs it.

        Parameters
        ----------
        term : str
            A column of `exports` (not VAXIM), or TVA = DVA + FVA; GEXP is the content of all origins.
        by : {"country", "sector", "pair", "sector_pair"}
            Exporters, exporting sectors; the last two also by the direct importer, ``partner``.
        origin : {"none", "country", "sector"}
            Keep ``origin_country``, or that and ``origin_sector``: where value is added, not who exports.
        absorption : bool
            Keep ``absorber``, whose final users absorb in the end what is exported, by whatever way.
        approach : {"source", "sink"}
            As in `exports`.
        exporters : str or iterable of str, optional
            Only these; all by default.

        Returns
        -------
        DataFrame
            One value column, named like the term. Rows whose origin cannot be in the term (foreign in DVA, own in
            FVA) are left out. What is not kept is summed before it is stored.

        Raises
        ------
        InputError
            If the approach does not define the term, or the frame would have more than 30 million rows.
        """
        choose(by, FlowLevel, "by")
        choose(origin, TermOrigin, "origin")
        if term not in TERMS:
            raise InputError(f"term={term!r} has no breakdown. There are: {', '.join(TERMS)}.")
        if choose(approach, Approach, "approach") == "sink" and term in SOURCE_ONLY:
            raise InputError(
                f'{term} is defined by the first crossing of the border: ask for it with approach="source".'
            )
        wanted = self.exporters.names if exporters is None else exporters
        chosen = locate([wanted] if isinstance(wanted, str) else wanted, self.exporters.names, "exporter")
        keep = (by in ("sector", "sector_pair"), by in ("pair", "sector_pair"), absorption)
        self._require_size(len(chosen), keep, origin)
        found = Breakdown(self.pairs, approach)
        return pd.concat([self._of_one(found, int(s), term, origin, keep) for s in chosen], ignore_index=True)

    def _require_size(self, count: int, keep: tuple[bool, bool, bool], origin: str) -> None:
        G, N = len(self.exporters.names), len(self.exporters.sectors)
        rows = count * (N if keep[0] else 1) * G ** sum(keep[1:]) * {"none": 1, "country": G, "sector": G * N}[origin]
        if rows > _MOST_ROWS:
            raise InputError(
                f"the breakdown would have {rows:,} rows, more than {_MOST_ROWS:,}. Name fewer exporters, or keep less "
                'of by, origin and absorption: origin="country" has a row where origin="sector" has '
                f"{N}."
            )

    def _of_one(self, found: Breakdown, s: int, term: str, origin: str, keep: tuple[bool, bool, bool]) -> pd.DataFrame:
        """Return the rows of one exporter."""
        countries, sectors = self.exporters.names, self.exporters.sectors
        pieces = TERMS[term]
        values = self._folded(found.terms(s, pieces, origin, keep), s, origin, keep[0])
        lasting = {piece.origin for piece in pieces}
        here = np.arange(len(values)) // (len(sectors) if origin == "sector" else 1) == s
        kept = here if lasting == {"own"} else ~here if lasting == {"foreign"} else np.ones(len(values), dtype=bool)
        if origin == "none":
            kept = np.ones(1, dtype=bool)
        # Order of rows: exporter, exporting sector, importer, origin, absorber.
        values = values[kept].transpose(1, 2, 0, 3)
        if keep[1]:
            values = np.delete(values, s, axis=1)
        at = [axis.ravel() for axis in np.indices(values.shape)]
        source = np.flatnonzero(kept)[at[2]]
        importers = np.delete(np.arange(len(countries)), s) if keep[1] else np.zeros(1, dtype=int)
        index: dict[str, Any] = {"country": pd.Categorical.from_codes(np.full(values.size, s), pd.Index(countries))}
        if keep[0]:
            index["sector"] = pd.Categorical.from_codes(at[0], pd.Index(sectors))
        if keep[1]:
            index["partner"] = pd.Categorical.from_codes(importers[at[1]], pd.Index(countries))
        if origin != "none":
            N = len(sectors) if origin == "sector" else 1
            index["origin_country"] = pd.Categorical.from_codes(source // N, pd.Index(countries))
            if origin == "sector":
                index["origin_sector"] = pd.Categorical.from_codes(source % N, pd.Index(sectors))
        if keep[2]:
            index["absorber"] = pd.Categorical.from_codes(at[3], pd.Index(countries))
        return TidyFrame(index | {"year": self.table.year, term: values.ravel()})

    def _folded(self, values: FloatArray, s: int, origin: str, by_sector: bool) -> FloatArray:
        """Sum cells to the sectors, or groups of sectors, of the frames."""
        if origin == "sector":
            values = self.exporters.by_row(values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])
        if by_sector:
            N = len(self.exporters.sectors)
            place = self.exporters.row_of_cell[self.exporters.blocks.slices[s]] % N
            into = (place == np.arange(N)[:, None]).astype(np.float64)
            values = np.einsum("ji,oirk->ojrk", into, values)
        return values
