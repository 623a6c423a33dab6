"""Leave one country out: does a result hang on a single country?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.lockin import LockInTest
from gvcpos.lockin.common.wording import number
from gvcpos.robustness.running import Test, attempt, matched


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """A test with every country left out in turn.

    Attributes
    ----------
    whole : LockInTest
        With all of them.
    frame : DataFrame
        country, estimate, change (from the whole), std_error, ci_low, ci_high, pvalue, rejected, nobs, ncountries,
        warnings, not_estimated; sorted by the size of the change.
    """

    whole: LockInTest
    frame: pd.DataFrame

    @property
    def sentence(self) -> str:
        """What the country with the most weight does to the result."""
        done = self.frame[self.frame["not_estimated"] == ""]
        first = done.iloc[0]
        turned = done.loc[done["rejected"].astype(bool) != self.whole.rejected, "country"]
        low, high = number(done["estimate"].min()), number(done["estimate"].max())
        said = (
            f"With one country left out the estimate of {number(self.whole.estimate)} runs from {low} to {high}; "
            f"{first['country']} moves it most, to {number(first['estimate'])}."
        )
        if turned.empty:
            return f"{said} No single country decides whether the null is rejected."
        return f"{said} Whether the null is rejected hangs on {', '.join(turned)}."


def leave_one_out(
    test: Test,
    panel: pd.DataFrame,
    *,
    countries: Iterable[str] | None = None,
    weights: Any = None,
    exclude: Iterable[str] = ("ROW",),
    on_country: Callable[[int, int], None] | None = None,
    **fixed: Any,
) -> LeaveOneOut:
    """Run a test without each country in turn.

    Parameters
    ----------
    test : callable
        Takes panel, exclude and what else is given; weights only where they are.
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    countries : iterable of str, optional
        Whom to leave out; default everybody that is not excluded.
    weights : Weights, optional
        The left-out country leaves them, too; rows are normalised again.
    exclude : iterable of str
        Countries that are out in any case.
    on_country : callable, optional
        Told how many are done, of how many.
    **fixed
        Further arguments of the test.

    Raises
    ------
    InputError
        If an excluded country is to be left out.
    LabelError
        If a country is not in the panel.
    """
    gone = tuple(exclude)
    known = [str(c) for c in panel["country"].drop_duplicates() if c not in gone]
    chosen = known if countries is None else [str(c) for c in countries]
    if set(chosen) & set(gone):
        raise InputError(f"{sorted(set(chosen) & set(gone))[0]} is excluded already: it cannot be left out once more.")
    locate(chosen, known, "country of the panel")
    common = {"panel": panel} | fixed | ({} if weights is None else {"weights": weights})
    whole = test(**matched(common | {"exclude": gone}))
    rows = []
    for done, country in enumerate(chosen, start=1):
        rows.append({"country": country} | attempt(test, common | {"exclude": (*gone, country)}))
        if on_country is not None:
            on_country(done, len(chosen))
    frame = pd.DataFrame(rows)
    frame.insert(2, "change", frame["estimate"] - whole.estimate)
    order = frame["change"].abs().sort_values(ascending=False, kind="stable").index
    return LeaveOneOut(whole, frame.loc[order].reset_index(drop=True))
