"""Agreement with other programs: every file of the golden folders, by `matrix`, and Antràs & Chor's positions.

Tolerance 1e-9 of a column's largest entry throughout: the goldens carry 15 digits and the programs invert where these
accounts solve. What is measured is 2.2e-13 or better.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos.accounting import ValueAddedAccounts
from tests.accounting.goldens import Golden, accounts, by_line, errors, tidy
from tests.accounting.matrix import INPUTS, MATRIX, NOT_GOLDEN
from tests.accounting.worlds import close
from tests.shared import shared, wiod_year

TOLERANCE = 1e-9


@pytest.mark.parametrize("golden", MATRIX, ids=str)
def test_golden(golden: Golden) -> None:
    found = errors(golden)
    assert max(found.values()) <= TOLERANCE, {name: off for name, off in found.items() if off > TOLERANCE}


def test_every_file_is_compared_or_said_to_be_wrong() -> None:
    """No golden is forgotten, none is named that is not there, and what is wrong has a test in test_wrong_goldens."""
    folder = shared("golden/gvc")
    files = {f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*")}
    compared = {f"{golden.folder}/{golden.name}" for golden in MATRIX}
    known = compared | set(NOT_GOLDEN) | {name for name in files if name.split("/")[1].startswith(INPUTS)}
    assert files == known, files ^ known
    assert not compared & set(NOT_GOLDEN)


def test_every_row_of_a_file_is_compared() -> None:
    """Where a file is compared in parts, the parts are all of it."""
    parts: dict[tuple[str, str], list[Golden]] = {}
    for golden in MATRIX:
        if golden.rows:
            parts.setdefault((golden.folder, golden.name), []).append(golden)
    for (folder, name), some in parts.items():
        assert sum(len(tidy(golden)) for golden in some) == len(by_line(folder, name, ())), name


def test_a_number_that_is_off_is_seen() -> None:
    """The comparison sees one wrong digit, a wrong label, a missing row and a number in place of none."""
    (golden,) = (g for g in MATRIX if str(g) == "leather/icio_bm_country_exporter")
    right = golden.frame(accounts(golden.folder))

    def worst(frame: pd.DataFrame) -> float:
        return max(errors(Golden(golden.folder, golden.name, lambda _: frame, golden.keys)).values())

    assert worst(right) < 1e-13
    digit = right.assign(DVA=right.DVA * (1 + 1e-8 * (right.index == 0)))
    swapped = right.assign(country=right.country.to_numpy()[[1, 0, 2]])
    for wrong in (digit, swapped, right.assign(FDC=np.nan)):
        assert worst(wrong) > TOLERANCE
    with pytest.raises(AssertionError):
        worst(right.iloc[1:])


@pytest.mark.parametrize("folder", ["wiod2011", "exva_wiodtest"])
def test_kpww_is_the_sum_of_wwz_terms_by_name(folder: str) -> None:
    """KPWW have no golden of their own: IV and FV are sums of icio's terms, and the position their logarithms."""
    (golden,) = (g for g in MATRIX if str(g) == f"{folder}/icio_wwz")
    terms = tidy(golden)
    indirect = (terms.DVA_INTrexI1 + terms.DVA_INTrexF + terms.DVA_INTrexI2).groupby(level="country").sum()
    foreign = (terms.OVA_FIN + terms.MVA_FIN + terms.OVA_INT + terms.MVA_INT).groupby(level="country").sum()
    gross = terms.texp.groupby(level="country").sum()
    mine = accounts(folder).kpww().set_index("country").loc[gross.index]
    close(mine.kpww_iv, indirect / gross)
    close(mine.kpww_fv, foreign / gross)
    close(mine.kpww_position, np.log1p(indirect / gross) - np.log1p(foreign / gross))


# (year, U, D, F/GO, VA/GO): largest median error allowed. The published tables are rounded to a million, which is
# most of what is left; measured medians of U are 0.00096, 0.00071, 0.00058, 0.00048.
ANTRAS_CHOR = [
    (2000, 0.002, 0.006, 0.0005, 0.002),
    (2004, 0.002, 0.005, 0.0005, 0.002),
    (2007, 0.002, 0.004, 0.0005, 0.002),
    (2011, 0.002, 0.004, 0.0005, 0.002),
]


@pytest.mark.parametrize(("year", "u", "d", "f", "v"), ANTRAS_CHOR)
def test_positions_net_of_inventories_are_antras_and_chors(year: int, u: float, d: float, f: float, v: float) -> None:
    theirs = pd.read_parquet(shared("golden/antras_chor_2000_2011.parquet")).query("year == @year")
    theirs = theirs.assign(country=theirs.country.replace({"RoW": "ROW"})).set_index(["country", "sector"])
    accounts = ValueAddedAccounts(wiod_year(year))
    mine = accounts.upstreamness("c42").merge(accounts.downstreamness("c42"))
    keys = [(c, int(s[1:])) for c, s in zip(mine.country, mine.sector, strict=True)]
    assert set(keys) == set(theirs.index)
    theirs = theirs.loc[keys]
    big = accounts.table.x > 5000
    columns = {
        "upstreamness": ("GVC_Ui", u),
        "downstreamness": ("GVC_Di", d),
        "fgo": ("GVC_FUGOi", f),
        "va_rate": ("GVC_VAGOi", v),
    }
    for ours, (published, allowed) in columns.items():
        error = np.abs(mine[ours].to_numpy() - theirs[published].to_numpy(float))
        assert np.nanmedian(error) <= allowed, (ours, np.nanmedian(error))
    error = np.abs(mine.upstreamness.to_numpy() - theirs.GVC_Ui.to_numpy(float))[big]
    assert error.max() < 0.05, error.max()
    plain = accounts.upstreamness().upstreamness.to_numpy()
    assert np.nanmedian(np.abs(plain - theirs.GVC_Ui.to_numpy(float))) > 0.005
