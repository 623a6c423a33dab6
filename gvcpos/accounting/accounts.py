"""The accounts of one table: labelled, lazy, tidy."""

from __future__ import annotations

from gvcpos._core.options import SplitOrder, Unbalanced, choose
from gvcpos.accounting.exporters import GroupMap, exporters_of, split_countries
from gvcpos.accounting.frames.breakdown import BreakdownFrames
from gvcpos.accounting.frames.chains import ChainFrames
from gvcpos.accounting.frames.exports import ExportFrames
from gvcpos.accounting.frames.indices import IndexFrames
from gvcpos.accounting.frames.perimeters import PerimeterFrames
from gvcpos.accounting.frames.trade import TradeFrames
from gvcpos.tables import IOTable


class ValueAddedAccounts(BreakdownFrames, ChainFrames, ExportFrames, IndexFrames, PerimeterFrames, TradeFrames):
    """Decompositions and indices of value chains from one table.

    Parameters
    ----------
    table : IOTable
    groups : mapping of str to iterable of str, optional
        Countries that count as one exporter, as in ``{"EU": ["DEU", "FRA"]}``: trade among them is domestic, all
        others stand for themselves, and nothing is aggregated before the system is solved.
    sector_groups : mapping of str to iterable of str, optional
        Sectors whose rows are summed in every frame; ratios are ratios of sums.
    splits : {"invert-then-merge", "merge-then-invert"}
        How OECD's CN1, CN2, MX1 and MX2 become CHN and MEX where the table has them: as groups of the full system,
        or summed into one country before it is solved.
    tolerance : float, optional
        Absolute identity error to accept, in the table's unit; default the publisher's (`TableMeta.tolerance`)
        or 1e-9 of the largest output, whichever is larger.
    unbalanced : {"refuse", "report"}
        What to do with a table that fails its identities: refuse it, or compute on x and va as they stand and print
        what does not add up. Frames of exporters and of sectors then end with ``row_residual``, x − Z1 − Y1, and
        ``column_residual``, x − Z'1 − va; decompositions of exports, also of pairs, have ``residual``, the exports
        that their terms leave over.

    Raises
    ------
    IdentityError
        If rows or columns do not balance within the tolerance, or a cell without output buys inputs.
    LabelError
        If a group names what the table does not have.

    Notes
    -----
    Gross output is the table's x and value added its va, all rows summed: identities between indices hold to
    the table's own error. Frames are tidy: country, [sector, partner,] year, then values under the names that
    `gvcpos.accounting.describe_measures` explains. A ratio without a base (no output, no exports, no flow through
    value chains) is NaN, never infinite; cells with negative output or value added are computed like any other.
    Where a cell has no output but final uses that cancel (some in WIOD 2013), its exports have no origin: they
    are in GEXP and GVC and in no other term.
    """

    def __init__(
        self,
        table: IOTable,
        *,
        groups: GroupMap | None = None,
        sector_groups: GroupMap | None = None,
        splits: SplitOrder = "invert-then-merge",
        tolerance: float | None = None,
        unbalanced: Unbalanced = "refuse",
    ) -> None:
        halves = split_countries(table.countries)
        if choose(splits, SplitOrder, "splits") == "merge-then-invert":
            whole = {part: name for name, parts in halves.items() for part in parts}
            table, halves = table.aggregate(countries=whole, keep_rest=True) if whole else table, {}
        reports = choose(unbalanced, Unbalanced, "unbalanced") == "report"
        exporters = exporters_of(table, _joined(groups, halves), sector_groups)
        super().__init__(table, exporters, tolerance, reports_residuals=reports)


def _joined(groups: GroupMap | None, halves: dict[str, list[str]]) -> dict[str, list[str]]:
    """Add what OECD splits to the groups; a group that names the whole country gets its parts."""
    out = {name: [str(c) for c in members] for name, members in (groups or {}).items()}
    for whole, parts in halves.items():
        holders = [name for name, members in out.items() if whole in members or set(parts) & set(members)]
        if not holders:
            out[whole] = parts
        for name in holders:
            out[name] = [c for c in out[name] if c != whole and c not in parts] + parts
    return out
