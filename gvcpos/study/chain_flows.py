"""What the lock-in tests need of whole tables, besides the panel: as published, and of every drawn table."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from gvcpos._core.errors import GvcposWarning
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.chains import Chain, SectorYear
from gvcpos.lockin import smile_points, stage_flows
from gvcpos.study.spec import StudySpec

_LABELS = ("country", "sector", "stage", "destination", "partner")


@dataclass(frozen=True, eq=False)
class ChainFlows:
    """What the lock-in tests need of the tables, besides the panel; None where there are no tables, or no such test.

    Attributes
    ----------
    points : DataFrame or None
        Of `smile_points`.
    flows : DataFrame or None
        Of `stage_flows`.
    years : tuple of SectorYear
        Every sector's indices, for chains of other sectors; those published alone.
    """

    points: pd.DataFrame | None = None
    flows: pd.DataFrame | None = None
    years: tuple[SectorYear, ...] = ()


@dataclass(frozen=True)
class ChainTraces:
    """Which of them the tests asked for need.

    Attributes
    ----------
    chain : Chain
    smile_of : str or None
        Stage whose products' smile is wanted.
    flows : bool
        Whether flows between stages are.
    """

    chain: Chain
    smile_of: str | None = None
    flows: bool = False

    @classmethod
    def of(cls, spec: StudySpec, chain: Chain, letters: Iterable[str]) -> ChainTraces:
        """Return what some letters of a study's battery need."""
        wanted = set(letters)
        return cls(chain, spec.lockin.downstream if "b" in wanted else None, "f" in wanted)

    def __bool__(self) -> bool:
        """Whether anything is wanted."""
        return self.smile_of is not None or self.flows

    def year(self, accounts: ValueAddedAccounts) -> ChainFlows:
        """Make what is wanted of one table."""
        return ChainFlows(
            None if self.smile_of is None else smile_points(accounts, self.chain, self.smile_of),
            stage_flows(accounts, self.chain) if self.flows else None,
        )


def all_years(found: Sequence[ChainFlows], years: Iterable[SectorYear] = ()) -> ChainFlows:
    """Put the years together, with the notes of the first."""
    points = _joined([one.points for one in found if one.points is not None])
    return ChainFlows(points, _joined([one.flows for one in found if one.flows is not None]), tuple(years))


class KeptFlows:
    """What is wanted of every drawn table, kept small until a draw is asked for.

    Parameters
    ----------
    traces : ChainTraces
    source : str
        Stage whose flows are kept: structural pull-through is of one stage's value added.
    """

    def __init__(self, traces: ChainTraces, source: str) -> None:
        self.traces, self.source = traces, source
        self._kept: dict[int, list[ChainFlows]] = {}

    def add(self, draw: int, accounts: ValueAddedAccounts) -> None:
        """Make and keep what is wanted of one year of one draw; see `gvcpos.uncertainty.drawn_panels`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GvcposWarning)  # told with the published data
            found = self.traces.year(accounts)
        flows = None if found.flows is None else found.flows[found.flows["stage"] == self.source]
        self._kept.setdefault(draw, []).append(ChainFlows(_small(found.points), _small(flows)))

    def of(self, draw: int) -> ChainFlows:
        """Return all years of one draw, 0 for the published tables."""
        return all_years([ChainFlows(_whole(one.points), _whole(one.flows)) for one in self._kept[draw]])


def _small(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    """Take a byte or two for a label."""
    if frame is None:
        return None
    labels = dict.fromkeys((c for c in _LABELS if c in frame), "category")
    return frame.astype(labels | {"year": "int16"})


def _whole(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    """Undo `_small`."""
    if frame is None:
        return None
    return frame.astype(dict.fromkeys((c for c in _LABELS if c in frame), "str") | {"year": "int64"})


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame | None:
    if not frames:
        return None
    out = pd.concat(frames, ignore_index=True)
    out.attrs = dict(frames[0].attrs)
    return out
