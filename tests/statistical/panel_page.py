"""The page of the simulations, written from their table alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gvcpos.spatial.panel.models import MODELS
from tests.statistical.panel_cells import COVARIANCES, IDENTITY, catalogue
from tests.statistical.panel_words import CLOSING, DESIGN, HEADINGS, reason

WORDS = ["block", "model", "effects", "shape", "innovations", "method", "kind", "name", "interval"]
SIGNS = {"beta": "β", "theta": "θ", "rho": "ρ", "lambda": "λ", "phi": "φ"}
PLAIN = {"W*x1": "θ₁", "W*x2": "θ₂", "x1": "β₁", "x2": "β₂", "rho": "ρ", "lambda": "λ"}
IMPACTS = ("direct", "indirect", "total")
CHOICES = ("none", "entity", "time", "twoway", "baltagi", "kkp")
CLAIM = {"coverage": (0.93, 0.97), "size": (0.03, 0.07)}
STEPS = 3.0  # Monte-Carlo errors that a number may be off before it counts


def read(path: Path) -> pd.DataFrame:
    """Read the table, where "none" is a word and a missing number is empty."""
    table = pd.read_csv(path, keep_default_na=False, dtype=dict.fromkeys(WORDS, str))
    numbers = ["truth", "bias", "rmse", "sd", "error", "rate"]
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in numbers})


def page(table: pd.DataFrame) -> str:
    """Write Markdown."""
    judged = judge(table)
    parts = [DESIGN, "## What holds and what does not\n", summary(judged)]
    for block, maker in (
        ("fit", fits),
        ("likelihood", defaults),
        ("profile", ratios),
        ("drawn", sizes),
        ("size", sizes),
        ("covariance", covariances),
        ("hard", hard),
    ):
        part = judged[judged["block"].str.startswith(block)]
        if len(part):
            parts += [HEADINGS[block], maker(part)]
    return "\n".join([*parts, CLOSING, absent(table)])


def absent(table: pd.DataFrame) -> str:
    """Say which cells of the program have no numbers."""
    have = set(table[["block", "model", "effects", "years"]].itertuples(index=False, name=None))
    lacking = [cell for cell in catalogue() if (cell.block, cell.model, cell.effects, cell.years) not in have]
    if not lacking:
        return ""
    titles = {
        "likelihood": "Intervals by default of",
        "drawn": "Wald tests within sac and gns by samples under the null, data of",
        "size, sac and gns": "Wald and LR tests within sac and gns, data of",
        "size": "Hausman's test,",
    }
    out = ["## What is not computed\n"]
    for block, title in titles.items():
        names = dict.fromkeys(f"{c.model} {c.effects} T = {c.years}" for c in lacking if c.block == block)
        every = len(names) == sum(cell.block == block for cell in catalogue())
        out += [f"- {title} " + ("every model" if every else ", ".join(names)) + "."] if names else []
    return "\n".join([*out, "", "The program goes on from where the table ends, when it is run again.", ""])


def judge(table: pd.DataFrame) -> pd.DataFrame:
    """Add claim, whether a rate is outside it, whether by more than chance, and why."""
    test = (table["kind"] == "test").to_numpy()
    low, high = (np.where(test, CLAIM["size"][i], CLAIM["coverage"][i]) for i in (0, 1))
    rate, n = table["rate"].to_numpy(float), np.maximum(table["kept"].to_numpy(float), 1.0)
    below, above = (STEPS * np.sqrt(p * (1.0 - p) / n) for p in (low, high))
    outside = (rate < low) | (rate > high)
    clear = (rate < low - below) | (rate > high + above)
    out = table.assign(claim=np.where(test, "size", "coverage"), outside=outside, clear=clear)
    return out.assign(reason=[reason(row) if row.outside else "" for row in out.itertuples()])


def counted(table: pd.DataFrame) -> pd.DataFrame:
    """What the claim is made of: everything that is estimated or tested but constant and sigma2."""
    return table[~table["kind"].isin(["constant", "sigma2"]) & table["rate"].notna()]


def summary(judged: pd.DataFrame) -> str:
    """Count what is within the claims, and list what is clearly outside, by reason."""
    every = counted(judged)
    fit, test, two = every["block"] == "fit", every["claim"] == "size", every["model"].isin(["sac", "gns"])
    ratio = every["block"] == "likelihood"
    difference = every["name"] == "hausman difference"
    within_two, chi2 = every["name"].str.endswith(("sac", "gns", "by draws")), every["name"].str.startswith("wald")
    normal = (every["model"] == "sar") & (every["interval"] == "delta")
    parts = {
        "coverage, slx to sdem, fixed effects or none": fit & ~two & ~normal & ~is_random(every),
        "coverage, slx to sdem, random effects": fit & ~two & ~normal & is_random(every),
        "effects of sar by the delta method, not the default": fit & normal,
        "coverage, sac and gns, fixed effects or none: likelihood ratio, the default": ratio & ~is_random(every),
        "the same, ρ and λ by `profile_intervals()`, other draws": every["block"] == "profile",
        "the same by standard errors, not the default": fit & two & ~is_random(every),
        "coverage, sac and gns, random effects: likelihood ratio, the default": ratio & is_random(every),
        "the same by standard errors, not the default, random effects": fit & two & is_random(every),
        "size, LM": test & every["name"].str.contains("lm"),
        "size, Wald and LR": test & every["name"].str.startswith(("wald", "lr")) & ~within_two,
        "size, LR in sac and gns": test & within_two & ~chi2,
        "size, Wald in sac and gns by samples under the null, the default": every["block"] == "drawn",
        "size, Wald in sac by χ², not the default": every["name"] == "wald in sac",
        "size, Wald in gns by χ², not the default": every["name"] == "wald in gns",
        "size, Hausman by means, the default": every["name"] == "hausman mundlak",
        "size, Hausman by difference (refused in gns)": difference,
    }
    head = ["", "numbers", "mean, %", "within", "outside, perhaps by chance", "clearly outside"]
    body = []
    for title, chosen in parts.items():
        part = every[chosen]
        clear, outside = int(part["clear"].sum()), int(part["outside"].sum())
        if len(part):
            body.append([title, str(len(part)), f"{100 * part['rate'].mean():.1f}"])
            body[-1] += [str(len(part) - outside), str(outside - clear), str(clear)]
    return "\n".join([table_of(head, body), *listed(every[fit | test | ratio])])


def is_random(table: pd.DataFrame) -> pd.Series:
    return table["effects"].isin(["baltagi", "kkp"])


def listed(every: pd.DataFrame) -> list[str]:
    """What is clearly outside, by reason, and what is outside with all draws: who, with how much."""
    out = ["Clearly outside means by more than three Monte-Carlo errors. These are, with the reason:", ""]
    for why, part in every[every["clear"]].groupby("reason", sort=False):
        out += [f"- {why}", *items(part)]
    near = every[every["outside"] & ~every["clear"] & (every["draws"] >= 1000)]
    if len(near):
        out += ["- With 1,000 draws or more, outside by no more than three Monte-Carlo errors:", *items(near)]
    return [*out, ""]


def items(part: pd.DataFrame) -> list[str]:
    """A line for every cell."""
    cells = part.groupby(["model", "effects", "years"], sort=False)
    return [
        f"    - {model}, {effects}, T = {years}: "
        + "; ".join(f"{label(row)} {100 * row.rate:.1f}" for row in cell.itertuples())
        for (model, effects, years), cell in cells
    ]


def label(row: object) -> str:
    if row.kind in IMPACTS:  # type: ignore[attr-defined]
        return f"{row.kind} {row.name} ({row.interval})"  # type: ignore[attr-defined]
    return PLAIN.get(row.name, row.name)  # type: ignore[attr-defined]


def in_order(part: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Cells of one number of years, models and effects in the order of the page."""
    have = {(m, e): cell for (m, e), cell in part.groupby(["model", "effects"])}
    return [((m, e), have[m, e]) for m in ("ols", *MODELS) for e in CHOICES if (m, e) in have]


def percent(rate: float, outside: bool, digits: int = 1) -> str:
    """A rate, fat where it is outside the claim."""
    if not np.isfinite(rate):
        return ""
    text = f"{100 * rate:.{digits}f}"
    return f"**{text}**" if outside else text


def worst(rows: pd.DataFrame) -> str:
    """Coverage furthest from 95 % of several parameters."""
    if rows.empty:
        return ""
    row = rows.loc[(rows["rate"] - 0.95).abs().idxmax()]
    return percent(row["rate"], row["outside"])


def triple(rows: pd.DataFrame) -> str:
    """Bias (the largest), RMSE (over the parameters) and coverage (furthest from 95) of one kind."""
    if rows.empty:
        return ""
    bias = rows.loc[rows["bias"].abs().idxmax(), "bias"]
    return f"{bias:+.3f} {np.sqrt((rows['rmse'] ** 2).mean()):.3f} {worst(rows)}"


def table_of(head: list[str], body: list[list[str]]) -> str:
    """A table without the columns that are empty."""
    kept = [i for i in range(len(head)) if any(row[i].strip() for row in body)]
    rows = [[row[i] for i in kept] for row in (head, ["---"] * len(head), *body)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def cells_of(cell: pd.DataFrame) -> list[str]:
    """Kinds of parameters, then effects by delta and by simulation."""
    kinds = [triple(cell[cell["kind"] == kind]) for kind in SIGNS]
    for kind in IMPACTS:
        ways = [worst(cell[(cell["kind"] == kind) & (cell["interval"] == way)]) for way in ("delta", "simulation")]
        kinds.append(" ".join(ways).strip())
    return kinds


def fits(part: pd.DataFrame) -> str:
    out = []
    for years in sorted(part["years"].unique(), reverse=True):
        cells = in_order(part[part["years"] == years])
        body = [[m, e, str(cell["draws"].iloc[0]), *cells_of(cell)] for (m, e), cell in cells]
        out += [f"### T = {years}\n", table_of(["model", "effects", "draws", *SIGNS.values(), *IMPACTS], body)]
    return "\n".join(out)


def defaults(part: pd.DataFrame) -> str:
    """Coverage of parameters and effects by what is the default in sac and gns."""
    body = []
    for years in sorted(part["years"].unique(), reverse=True):
        for (model, effects), cell in in_order(part[part["years"] == years]):
            kinds = [worst(cell[cell["kind"] == kind]) for kind in (*SIGNS, *IMPACTS)]
            body.append([model, effects, str(years), str(cell["draws"].iloc[0]), *kinds])
    return table_of(["model", "effects", "T", "draws", *SIGNS.values(), *IMPACTS], body)


def ratios(part: pd.DataFrame) -> str:
    """Coverage of rho and lambda by the likelihood ratio."""
    body = []
    for years in sorted(part["years"].unique(), reverse=True):
        for (model, effects), cell in in_order(part[part["years"] == years]):
            kinds = [worst(cell[cell["kind"] == kind]) for kind in ("rho", "lambda")]
            body.append([model, effects, str(years), str(cell["draws"].iloc[0]), *kinds])
    return table_of(["model", "effects", "T", "draws", "ρ", "λ"], body)


def sizes(part: pd.DataFrame) -> str:
    """A table for every null."""
    out = []
    hausman = part["effects"].isin(["baltagi", "kkp"])
    for model in ("ols", *MODELS):
        null = part[(part["model"] == model) & ~hausman]
        if len(null):
            out += [f"### The data are of {TITLES[model]}\n", pivot(null, ["effects", "years"])]
    if hausman.any():
        title = "### Hausman's test of random effects that go with no regressor\n"
        out += [title, pivot(part[hausman], ["model", "effects", "years"])]
    return "\n".join(out)


TITLES = {name: name for name in MODELS} | {"ols": "no spatial term"}


def pivot(part: pd.DataFrame, index: list[str]) -> str:
    names = list(dict.fromkeys(part["name"]))
    body = []
    groups = dict(list(part.groupby(index, sort=False)))
    for key in sorted(groups, key=lambda key: place(key, index)):
        cell = groups[key].drop_duplicates("name").set_index("name")
        values = [percent(cell.loc[n, "rate"], cell.loc[n, "outside"]) if n in cell.index else "" for n in names]
        body.append([*map(str, key), "/".join(map(str, sorted(set(groups[key]["draws"]), reverse=True))), *values])
    return table_of([*("T" if name == "years" else name for name in index), "draws", *names], body)


def place(key: tuple, index: list[str]) -> tuple[int, ...]:
    order = {"model": ["ols", *MODELS], "effects": list(CHOICES)}
    return tuple(order[name].index(k) if name in order else -int(k) for name, k in zip(index, key, strict=True))


def covariances(part: pd.DataFrame) -> str:
    """Coverage by covariance under innovations that are not normal or not of one variance."""
    names = [*COVARIANCES, "gmm"]
    body = []
    for (kind, model, years), cell in part.groupby(["innovations", "model", "years"], sort=False):
        row = [kind, model, str(years), str(cell["draws"].iloc[0]), in_deviations(cell, names[0])]
        for name in names:
            own = cell[cell["interval"] == name]
            row.append(" ".join(filter(None, (worst(own[own["kind"] == k]) for k in SIGNS))))
        body.append([*row, in_deviations(cell, "gmm")])
    head = ["innovations", "model", "T", "draws", "bias", *names, "bias of gmm"]
    return table_of(head, body)


def in_deviations(cell: pd.DataFrame, interval: str) -> str:
    """Bias of rho or lambda in standard deviations of the estimate."""
    own = cell[(cell["interval"] == interval) & cell["kind"].isin(["rho", "lambda"])]
    return ", ".join(f"{r.bias / r.sd:+.1f}" for r in own.itertuples())


def hard(part: pd.DataFrame) -> str:
    body = []
    for _, cell in part.groupby(IDENTITY, sort=False):
        row = cell.iloc[0]
        what = case(row)
        edge = f"{100 * row['at_edge']:.1f}"
        body.append([what, row["model"], str(row["years"]), str(row["draws"]), edge, *cells_of(cell)])
    head = ["case", "model", "T", "draws", "at the edge, %", *SIGNS.values(), *IMPACTS]
    return table_of(head, body)


def case(row: pd.Series) -> str:
    if row["method"] == "direct":
        return f"direct likelihood, {row['effects']}"
    if str(row["own"]) == "True":
        return "own weights of the error"
    if row["shape"] == "dense":
        return "dense W"
    if row["shape"] == "islands":
        return "nearly disconnected W"
    return "many years" if row["years"] > 15 else f"ρ, λ = {row['rho']}"
