"""Results, tests and frames that the report tests print."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd

from gvcpos.report import Cell, Row, Table

VOID = {"wbr", "meta", "img", "br", "link", "hr", "input"}


@dataclass
class Fit:
    """The least a regression table can read."""

    params: pd.Series
    std_errors: pd.Series
    pvalues: pd.Series
    nobs: int = 60
    loglik: float = -12.345678
    rsquared: float = 0.4321


def fit(**estimates: tuple[float, float, float]) -> Fit:
    """Make results from ``name=(estimate, standard error, p-value)``."""
    frame = pd.DataFrame(estimates, index=["b", "se", "p"]).T
    return Fit(frame["b"], frame["se"], frame["p"])


@dataclass(frozen=True)
class Test:
    """A test as the lock-in wing hands it back, as far as it is printed."""

    __test__ = False
    name: str
    null: str
    statistic: float
    distribution: str
    df: float
    pvalue: float
    estimate: float = float("nan")
    conf_int: tuple[float, float] = (float("nan"), float("nan"))


def spatial_fits() -> dict[str, Any]:
    """Fit the four spatial panels on a small random panel with awkward names."""
    from gvcpos.spatial import SpatialPanel, Weights

    rng = np.random.default_rng(11)
    ids = [f"C{i:02d}" for i in range(14)]
    distance = rng.uniform(1, 5, (14, 14))
    np.fill_diagonal(distance, 0)
    W = Weights.from_dense(ids, 1.0 * (distance > 3.5)).normalised("row")
    rows = [(c, t, *rng.normal(size=3)) for c in ids for t in range(2000, 2009)]
    data = pd.DataFrame(rows, columns=["country", "year", "rd_intensity", "upstreamness", "va_rate"])
    data["va_rate"] = data["rd_intensity"] - 0.5 * data["upstreamness"] + 0.4 * data["va_rate"]
    formula = "va_rate ~ upstreamness + rd_intensity"
    return {m: SpatialPanel.from_formula(formula, data, W, model=m).fit() for m in ("slx", "sar", "sem", "sdm")}


def shares() -> pd.DataFrame:
    """Shares of one stage, as `lockin.dominance` gives them: country, stage, year, va_share, va_hhi."""
    rng = np.random.default_rng(5)
    countries, years = ["CHN", "USA", "JPN", "NA", "DEU", "KOR", "AUS"], range(2007, 2015)
    raw = rng.uniform(0.5, 1, (len(years), len(countries))) * [6, 2, 1.9, 1.8, 0.5, 0.4, 0.3]
    share = raw / raw.sum(axis=1, keepdims=True)
    return pd.DataFrame(
        [
            (c, "upstream", y, share[t, i], (share[t] ** 2).sum())
            for i, c in enumerate(countries)
            for t, y in enumerate(years)
        ],
        columns=["country", "stage", "year", "va_share", "va_hhi"],
    )


def stages() -> pd.DataFrame:
    """Make a panel of three stages: country, stage, year, upstreamness, va_rate, share."""
    rng = np.random.default_rng(6)
    rows = [
        (c, s, y, 3 - 0.7 * k + rng.normal() / 5, 0.4 + rng.normal() / 20, rng.uniform(0.01, 0.3))
        for c in ("CHN", "USA", "JPN", "NA")
        for k, s in enumerate(("upstream", "midstream", "downstream"))
        for y in range(2007, 2012)
    ]
    return pd.DataFrame(rows, columns=["country", "stage", "year", "upstreamness", "va_rate", "share"])


def morans() -> pd.DataFrame:
    """Moran's I of two variables by year, as `moran_by_year` gives it."""
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        [
            (year, name, rng.normal(0.1, 0.05), -1 / 59, p)
            for name in ("va_rate", "upstreamness")
            for year, p in zip(range(2007, 2013), (0.001, 0.04, 0.05, 0.2, 0.9, 0.01), strict=True)
        ],
        columns=["year", "variable", "I", "expected", "p_sim"],
    )


def effects() -> pd.DataFrame:
    """Effects as ``results.effects()`` gives them, on (effect, variable)."""
    index = pd.MultiIndex.from_product(
        [["direct", "indirect", "total"], ["upstreamness", "rd_intensity"]], names=["effect", "variable"]
    )
    estimate = np.array([-0.05, 0.8, -0.02, 0.3, -0.07, 1.1])
    error = np.array([0.01, 0.1, 0.015, 0.2, 0.02, 0.25])
    return pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": error,
            "pvalue": [0.001, 0.04, 0.18, 0.13, 0.09, np.nan],
            "lower": estimate - 1.96 * error,
            "upper": estimate + 1.96 * error,
        },
        index=index,
    )


def planted() -> pd.DataFrame:
    """Planted parameters and estimates; the last interval misses."""
    rows = [
        ("rho", 0.4, 0.41, 0.35, 0.47),
        ("b_upstream", -0.05, -0.048, -0.06, -0.04),
        ("gamma", 0.3, 0.4, 0.35, 0.45),
    ]
    return pd.DataFrame(rows, columns=["parameter", "planted", "estimate", "lower", "upper"])


def label_table(labels: list[str]) -> Table:
    """Make a table that prints each label as caption, header, row, cell and note."""
    rows = tuple(Row(label, (Cell(label, label), Cell(-1.5, "-1.5000", "**"))) for label in labels)
    return Table(labels[0], labels[-1], (labels[0], "n"), (rows,), tuple(labels))


class Page(HTMLParser):
    """Read a page: every element closed in order, and the texts of its cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.cells: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag in {"td", "th", "figcaption", "p", "li"}:
            self.cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th", "figcaption", "p", "li"} & set(self.open):
            self.cells[-1] += data


def read_page(text: str) -> Page:
    """Parse HTML and require that every element was closed."""
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


def runs(estimates: list[float]) -> pd.DataFrame:
    """Make rows of a robustness run with standard errors of 0.05; the last could not be estimated."""
    frame = pd.DataFrame({"estimate": estimates}).assign(std_error=0.05)
    frame = frame.assign(ci_low=frame["estimate"] - 0.1, ci_high=frame["estimate"] + 0.1, not_estimated="")
    frame = frame.assign(rejected=frame["estimate"].abs() > 0.1)
    frame.loc[len(frame) - 1, ["estimate", "ci_low", "ci_high"]] = np.nan
    frame.loc[len(frame) - 1, "not_estimated"] = "collinear"
    return frame


def curve() -> pd.DataFrame:
    """Make a specification curve of two choices."""
    frame = runs([-0.2, -0.05, 0.02, 0.0])
    return frame.assign(position=["u", "u", "plv", "plv"], sample=["all", "no CHN", "all", "no CHN"])


def left_out() -> pd.DataFrame:
    """Make a test with each of four countries left out."""
    return runs([-0.2, -0.05, -0.11, 0.0]).assign(country=["CHN", "NA", "JPN", "USA"])


def forest() -> pd.DataFrame:
    """Make a verdict of three tests, one of them without a standard error."""
    frame = runs([-0.2, 0.15, 0.0]).assign(test=["slope", "pull", "mobility"], scope=["world", "CHN", "world"])
    return frame.assign(pvalue=[0.0001, 0.04, 0.3], evidence=["lock-in", "upgrading", "none"])
