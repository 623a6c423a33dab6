"""The battery: all seven tests of lock-in, for every scope asked for, with what could not be run and why.

The letters are those of the guide: a two axes, b smile curve, c position and capture, d mobility, e pull-through, f
structural pull-through, g convergence and thresholds. The first test of a letter that can be run for a scope speaks for
it in the verdict; the others of the letter look at the same question in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from gvcpos._core.errors import GvcposError
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import LockInTest, adjust
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.wording import p_text, percent

if TYPE_CHECKING:
    from gvcpos.lockin.entries import Case

Letter = Literal["a", "b", "c", "d", "e", "f", "g"]
LETTERS: dict[str, str] = {
    "a": "two axes",
    "b": "smile curve",
    "c": "position and capture",
    "d": "mobility",
    "e": "pull-through",
    "f": "structural pull-through",
    "g": "convergence and thresholds",
}


@dataclass(frozen=True)
class Entry:
    """One test of the battery.

    Attributes
    ----------
    letter : Letter
    name : str
    run : callable
        From the case and a scope to the test.
    """

    letter: Letter
    name: str
    run: Callable[[Case, ScopeLike], LockInTest]


@dataclass(frozen=True, eq=False)
class Run:
    """One test of the battery as it came out.

    Attributes
    ----------
    letter : str
    first : bool
        Whether it speaks for its letter.
    scope : str
    name : str
        Of the entry.
    test : LockInTest or None
    reason : str
        Why there is none.
    """

    letter: str
    first: bool
    scope: str
    name: str
    test: LockInTest | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Battery:
    """What all tests say.

    Attributes
    ----------
    runs : tuple of Run
        By scope, then letter.
    level : float
    """

    runs: tuple[Run, ...]
    level: float

    @property
    def tests(self) -> tuple[LockInTest, ...]:
        """The tests that could be run."""
        return tuple(run.test for run in self.runs if run.test is not None)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a test.

        Returns
        -------
        DataFrame
            letter, first, then the columns of `LockInTest.to_frame`, and p-values adjusted within the scope for all
            tests of the battery: pvalue_holm (Holm 1979: the chance of any false rejection) and pvalue_fdr (Benjamini
            and Yekutieli 2001: the expected share of false rejections, under any dependence).
        """
        done = [run for run in self.runs if run.test is not None]
        frames = [run.test.to_frame().assign(scope=run.scope) for run in done if run.test is not None]
        if not frames:
            return pd.DataFrame(columns=["letter", "first", "test", "scope", "pvalue", "pvalue_holm", "pvalue_fdr"])
        frame = pd.concat(frames, ignore_index=True)
        frame.insert(0, "letter", [run.letter for run in done])
        frame.insert(1, "first", [run.first for run in done])
        for name, method in (("pvalue_holm", "holm"), ("pvalue_fdr", "fdr_by")):
            adjusted = frame.groupby("scope", sort=False)["pvalue"].transform(lambda p, how=method: adjust(p, how))
            frame.insert(list(frame.columns).index("level"), name, adjusted)
        return frame

    def not_run(self) -> pd.DataFrame:
        """Return letter, test, scope and reason of every test that could not be run."""
        rows = [[run.letter, run.name, run.scope, run.reason] for run in self.runs if run.test is None]
        return pd.DataFrame(rows, columns=["letter", "test", "scope", "reason"])

    def agreement(self) -> pd.DataFrame:
        """Return what each letter's first test speaks for.

        Returns
        -------
        DataFrame
            scope, letter, question, test; evidence ("lock-in", "upgrading", "none" or "not run"); pvalue, that of what
            it speaks for: of a one-sided test that speaks for upgrading the p-value of the other side;
            pvalue_holm_letters (Holm, over the first tests of the scope alone, while pvalue_holm of `to_frame` is over
            all tests) and survives, whether it holds at the level after that adjustment.
        """
        firsts = pd.DataFrame(
            [
                {
                    "scope": run.scope,
                    "letter": run.letter,
                    "question": LETTERS[run.letter],
                    "test": run.name,
                    "evidence": "not run" if run.test is None else run.test.evidence,
                    "pvalue": float("nan") if run.test is None else side(run.test),
                }
                for run in self.runs
                if run.first
            ]
        )
        if firsts.empty:
            return firsts
        by_scope = firsts.groupby("scope", sort=False)["pvalue"]
        firsts["pvalue_holm_letters"] = by_scope.transform(lambda p: adjust(p, "holm"))
        spoken = firsts["evidence"].isin(["lock-in", "upgrading"])
        return firsts.assign(survives=spoken & (firsts["pvalue_holm_letters"] < self.level))

    def sentence(self, scope: str = "world") -> str:
        """Say in one sentence which tests agree, which do not, and which could not be run."""
        table = self.agreement()
        table = table[table["scope"] == scope]
        parts = []
        for evidence, words in (
            ("lock-in", "speak for lock-in"),
            ("upgrading", "speak for upgrading"),
            ("none", "show neither"),
            ("not run", "could not be run"),
        ):
            names = [self._named(row) for row in table[table["evidence"] == evidence].to_dict("records")]
            if names:
                parts.append(f"{_listed(names)} {words if len(names) > 1 else _singular(words)}")
        surviving = table.loc[table["survives"], "letter"].tolist()
        after = f"adjusted for {int(table['pvalue'].notna().sum())} tests (Holm), " + (
            f"{', '.join(surviving)} still {'do' if len(surviving) > 1 else 'does'}" if surviving else "none still does"
        )
        spoken = table["evidence"].isin(["lock-in", "upgrading"]).any()
        return f"For {scope}, at the {percent(self.level)} level: {'; '.join(parts)}." + (
            f" {after[0].upper()}{after[1:]}." if spoken else ""
        )

    @staticmethod
    def _named(row: dict) -> str:
        shown = row["evidence"] in {"lock-in", "upgrading"}
        return f"{row['letter']} {row['question']}" + (f" ({p_text(row['pvalue'])})" if shown else "")


def run_battery(
    case: Case, entries: Sequence[Entry], scopes: Iterable[ScopeLike], *, on_test: Callable[[str, int, int], None]
) -> Battery:
    """Run every entry for every scope; an error of the tree is the reason why a test was not run.

    Parameters
    ----------
    case : Case
    entries : sequence of Entry
    scopes : iterable
        See `Scope.of`.
    on_test : callable
        Told name, number done and number of all.
    """
    wanted = list(scopes)
    runs: list[Run] = []
    for scope in wanted:
        name, own = Scope.of(scope, case.panel, case.exclude).name, []
        for entry in entries:
            own.append(_run(case, entry, scope, name))
            on_test(f"{entry.name}, {name}", len(runs) + len(own), len(entries) * len(wanted))
        runs += _with_first(own)
    return Battery(tuple(runs), case.level)


def _run(case: Case, entry: Entry, scope: ScopeLike, name: str) -> Run:
    try:
        return Run(entry.letter, False, name, entry.name, entry.run(case, scope))
    except GvcposError as error:
        return Run(entry.letter, False, name, entry.name, None, str(error))


def _with_first(runs: Sequence[Run]) -> list[Run]:
    """Mark the first test of each letter that could be run, or else the first."""
    out = list(runs)
    for letter in dict.fromkeys(run.letter for run in runs):
        places = [i for i, run in enumerate(runs) if run.letter == letter]
        speaks = next((i for i in places if runs[i].test is not None), places[0])
        out[speaks] = replace(runs[speaks], first=True)
    return out


def side(test: LockInTest) -> float:
    """Return the p-value of what a test speaks for: upgrading is on the other side of a test of lock-in alone."""
    return 1.0 - test.pvalue if test.evidence == "upgrading" and test.pvalue > 0.5 else test.pvalue


def chosen_letters(tests: Iterable[Letter] | Literal["all"]) -> tuple[str, ...]:
    """Return the letters asked for, in their order.

    Raises
    ------
    InputError
        If one is unknown.
    """
    letters = get_args(Letter) if tests == "all" else tuple(choose(letter, Letter, "test") for letter in tests)
    return tuple(letter for letter in LETTERS if letter in letters)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _singular(words: str) -> str:
    return words.replace("speak ", "speaks ", 1).replace("show ", "shows ", 1)
