"""The battery on drawn data: what of the verdict holds where the data are as wrong as is assumed.

Every question's first test is run again on every draw, for every scope. A bootstrap p-value is no estimate with an
error, so that Rubin's rules do not pool it: what is told is how often a test speaks for the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from gvcpos._core.errors import GvcposWarning
from gvcpos._core.labels import enumerate_labels
from gvcpos.lockin import Verdict
from gvcpos.lockin.battery import LETTERS, Run, run_battery, side
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.entries import ENTRIES, Case
from gvcpos.spatial import Weights
from gvcpos.study.chain_flows import ChainFlows
from gvcpos.study.evidence import battery_options
from gvcpos.study.spec import StudySpec

MOST = 199  # draws of a test's own bootstrap in a drawn panel
READINGS = {  # evidence to its column and its words
    "lock-in": ("lock_in", "speaks for lock-in"),
    "upgrading": ("upgrading", "speaks for upgrading"),
    "none": ("neither", "shows neither"),
    "not run": ("not_run", "cannot be run"),
}
_ENTRIES = {(str(entry.letter), entry.name): entry for entry in ENTRIES}


@dataclass(frozen=True, eq=False)
class Draw:
    """What the battery is run on in one draw.

    Attributes
    ----------
    panel : DataFrame
        With covariates.
    flows : ChainFlows
        Of the same tables.
    """

    panel: pd.DataFrame
    flows: ChainFlows


def speaking(verdict: Verdict) -> list[Run]:
    """Return the tests that speak for their letters, scope by scope."""
    return [run for run in verdict.battery.runs if run.first and run.test]


def drawn_battery(
    spec: StudySpec, verdict: Verdict, W: Weights, draws: Iterable[Draw], done: Callable[[], None]
) -> pd.DataFrame:
    """Run the tests that speak for their letters on drawn data.

    Parameters
    ----------
    spec : StudySpec
    verdict : Verdict
        On the data as published.
    W : Weights
    draws : iterable of Draw
    done : callable
        Called after every draw.

    Returns
    -------
    DataFrame
        scope, letter, question, test; evidence and pvalue as published; draws; same, the share of them with the same
        evidence; lock_in, upgrading, neither and not_run, the shares of each; pvalue_median.
    """
    firsts = speaking(verdict)
    found: list[list[Run]] = []
    for draw in draws:
        found.append(_again(spec, W, draw, firsts))
        done()
    return pd.DataFrame([_row(run, [drawn[i] for drawn in found]) for i, run in enumerate(firsts)])


def _again(spec: StudySpec, W: Weights, draw: Draw, firsts: list[Run]) -> list[Run]:
    """Run the same tests for the same scopes on other data."""
    options = battery_options(spec, draw.panel, W)
    options["draws"] = min(options["draws"], MOST)
    case = Case.of(draw.panel, W, points=draw.flows.points, flows=draw.flows.flows, **options)
    of: dict[str, ScopeLike] = {Scope.of(scope, draw.panel, case.exclude).name: scope for scope in spec.lockin.scopes}
    out: list[Run] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GvcposWarning)  # told with the published data
        for run in firsts:
            entry = _ENTRIES[run.letter, run.name]
            out += run_battery(case, [entry], [of[run.scope]], on_test=lambda name, done, total: None).runs
    return out


def _row(run: Run, drawn: list[Run]) -> dict[str, object]:
    assert run.test is not None
    read = [one.test.evidence if one.test is not None else "not run" for one in drawn]
    shares = {name: read.count(name) / len(read) for name in READINGS}
    pvalues = pd.Series([side(one.test) for one in drawn if one.test is not None], dtype=float)
    return {
        "scope": run.scope,
        "letter": run.letter,
        "question": LETTERS[run.letter],
        "test": run.name,
        "evidence": run.test.evidence,
        "pvalue": side(run.test),
        "draws": len(read),
        "same": shares[run.test.evidence],
        **{column: shares[name] for name, (column, _) in READINGS.items()},
        "pvalue_median": pvalues.median(),
    }


def drawn_lines(frame: pd.DataFrame) -> tuple[str, ...]:
    """Say for each scope what its tests speak for in how many draws, and in short which show neither in nearly all.

    Parameters
    ----------
    frame : DataFrame
        Of `drawn_battery`.
    """
    out = []
    for scope, rows in frame.groupby("scope", sort=False):
        quiet = rows[(rows["evidence"] == "none") & (rows["same"] >= 0.9)]["letter"].tolist()
        told = [_told(row) for row in rows.to_dict("records") if row["letter"] not in quiet]
        told += [f"{enumerate_labels(quiet)}: neither in at least nine of ten draws"] if quiet else []
        out.append(f"For {scope}, with the errors assumed for the data: {'; '.join(told)}.")
    return tuple(out)


def _told(row: dict) -> str:
    """Say what one test speaks for as published, and in how many draws."""
    counts = {name: round(row[column] * row["draws"]) for name, (column, _) in READINGS.items()}
    own = row["evidence"]
    others = [f"{words} in {counts[name]}" for name, (_, words) in READINGS.items() if name != own and counts[name]]
    kept = f"{row['letter']} {row['question']} {READINGS[own][1]} in {counts[own]} of {row['draws']} draws"
    return kept + (f" ({', '.join(others)})" if others else "")
