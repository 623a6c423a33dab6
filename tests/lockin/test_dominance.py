"""Dominance: shares, ranks and concentration by hand; the trend of the lead; labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import EstimationError, InputError, LabelError
from gvcpos.lockin import dominance, dominance_summary, dominance_trend
from gvcpos.lockin.leaders.shares import concentration_sentence
from tests.lockin import worlds


def shares(paths: dict[str, list[float]], stage: str = "upstream") -> pd.DataFrame:
    rows = [(c, stage, 2000 + t, s, s / 2, 1.5) for c, path in paths.items() for t, s in enumerate(path)]
    return pd.DataFrame(rows, columns=["country", "stage", "year", "va_share", "export_share", "rca"])


def test_by_hand():
    panel = shares({"AAA": [0.5, 0.2], "BBB": [0.3, 0.3], "ROW": [0.2, 0.5]})
    out = dominance(panel).set_index(["country", "year"])
    assert "ROW" not in out.index
    assert out.loc[("AAA", 2000), ["va_rank", "va_hhi", "export_hhi"]].tolist() == pytest.approx([1, 0.34, 0.085])
    assert out.loc[("AAA", 2001), ["va_rank", "va_hhi"]].tolist() == pytest.approx([2, 0.13])
    assert out.loc[("BBB", 2001), ["va_left_out", "export_left_out"]].tolist() == pytest.approx([0.5, 0.75])
    with_row = dominance(panel, exclude=()).set_index(["country", "year"])
    assert (with_row["va_left_out"] == 0.0).all()
    assert with_row.loc[("ROW", 2001), "va_rank"] == 1
    summary = dominance_summary(dominance(panel)).iloc[0]
    assert (summary["leader"], summary["years_first"], summary["first_year"], summary["last_year"]) == (
        "AAA",
        1,
        2000,
        2001,
    )
    assert summary["equal_countries_last"] == pytest.approx(1 / 0.13)
    assert summary["va_share_mean"] == pytest.approx(0.35)


def test_concentration_says_what_it_leaves_out():
    """The index of all three lies between the one of the two and what it is if the rest were one country."""
    panel = shares({"AAA": [0.5, 0.2], "BBB": [0.3, 0.3], "ROW": [0.2, 0.5]})
    kept = dominance_summary(dominance(panel)).iloc[0]
    assert concentration_sentence(kept, "upstream") == (
        "The Herfindahl–Hirschman index of upstream value added is 0.13 in 2001, a lower bound: 50 % of the world's "
        "stage belongs to economies that are left out. Were they one country, it would be 0.38."
    )
    everybody = dominance_summary(dominance(panel, exclude=())).iloc[0]
    assert everybody["va_hhi_last"] == pytest.approx(kept["va_hhi_last"] + kept["va_left_out_last"] ** 2)
    assert concentration_sentence(everybody, "upstream").endswith("is 0.38 in 2001, over the whole world.")


def test_order_of_rows_changes_nothing():
    panel = worlds.panel(3, n=8, years=5)
    mixed = panel.sample(frac=1, random_state=1)
    key = ["stage", "country", "year"]
    a, b = (dominance(p).sort_values(key, ignore_index=True) for p in (panel, mixed))
    pd.testing.assert_frame_equal(a, b, rtol=1e-12)
    assert list(dominance(panel)["stage"].unique()) == list(worlds.STAGES)
    assert a["upstream_rank"].between(1, 8).all()


def test_one_stage_and_wrong_labels():
    panel = worlds.panel(3, n=8, years=5)
    assert set(dominance(panel, "midstream")["stage"]) == {"midstream"}
    with pytest.raises(LabelError, match="no such stage: refining"):
        dominance(panel, "refining")
    with pytest.raises(LabelError, match="duplicated rows for C00 2007"):
        dominance(pd.concat([panel, panel.iloc[:1]]))
    with pytest.raises(InputError, match="no column va_share"):
        dominance(panel.drop(columns="va_share"))


class TestTrend:
    path = [0.30, 0.33, 0.35, 0.40, 0.41, 0.45, 0.47]  # noqa: RUF012

    def test_is_the_t_of_the_mean_change(self):
        test = dominance_trend(shares({"AAA": self.path, "BBB": [0.1] * 7}))
        changes = np.diff(self.path)
        assert test.estimate == pytest.approx(changes.mean())
        assert test.std_error == pytest.approx(changes.std(ddof=1) / np.sqrt(6))
        assert np.isnan(test.df)
        assert test.distribution == "simulated likelihood ratio"
        assert test.rejected
        assert test.sentence.startswith(
            "The share of AAA in the world's upstream value added went from 30 % (2000) to 47 %"
        )

    def test_missing_year_is_a_change_per_year(self):
        panel = shares({"AAA": self.path})
        panel = panel[panel["year"] != 2002]
        assert dominance_trend(panel, country="AAA").details["share"]["year"].tolist() == [
            2000,
            2001,
            2003,
            2004,
            2005,
            2006,
        ]
        assert dominance_trend(panel, country="AAA").nobs == 5

    def test_named_country_other_share_and_wrong_ones(self):
        panel = shares({"AAA": self.path, "BBB": [0.1, 0.12, 0.09, 0.1, 0.11, 0.1, 0.13]})
        assert "BBB" in dominance_trend(panel, country="BBB").name
        assert "exports" in dominance_trend(panel, share="export_share").sentence
        with pytest.raises(LabelError, match="no such country of the panel: ZZZ"):
            dominance_trend(panel, country="ZZZ")
        with pytest.raises(InputError, match="share='rca' is not known"):
            dominance_trend(panel, share="rca")
        with pytest.raises(EstimationError, match="2 annual changes"):
            dominance_trend(panel[panel["year"] < 2003])

    def test_no_variation_is_no_test(self):
        with pytest.raises(EstimationError, match="nothing to test"):
            dominance_trend(shares({"AAA": [0.25] * 8}))

    def test_size_under_a_random_walk(self):
        """5 % of 100 within three binomial standard deviations; a level regression rejects most of the time."""
        rng = np.random.default_rng(11)
        walks = 0.4 + 0.01 * np.cumsum(rng.normal(size=(100, 15)), axis=1)
        rejected = [dominance_trend(shares({"AAA": list(w)})).rejected for w in walks]
        assert np.mean(rejected) <= 0.115
