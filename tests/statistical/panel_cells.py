"""Simulated spatial panels whose parameters are known, and what estimators and tests do with them, cell by cell.

A cell is one model with one choice of effects, years, weights and innovations. `rows(cell, draws)` gives the same
numbers alone or in a run: draw number i of a cell has a seed of its own, made of the cell's name and i, so that fewer
draws are the first ones of more.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from gvcpos._core.errors import BoundaryWarning, EstimationError, GvcposWarning
from gvcpos.spatial import weights
from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.panel.inference.likelihood_methods import impacts
from gvcpos.spatial.panel.models import MODELS, Features
from gvcpos.spatial.panel.random.results import RandomPanelResults
from gvcpos.spatial.weights import Weights
from gvcpos.tables import synthetic_world
from tests.spatial.panel.munnell import ring
from tests.spatial.panel.test_inference_simulation import N, groups, innovations

TRUTH = {"Intercept": 1.0, "x1": 1.0, "x2": -0.5, "W*x1": 0.3, "W*x2": -0.2, "phi": 1.0, "sigma2": 1.0}
KIND = {"Intercept": "constant", "x1": "beta", "x2": "beta", "W*x1": "theta", "W*x2": "theta"}
Z = 1.959963984540054
COVARIANCES = ("information", "sandwich", "cluster-entity")
NEITHER = Features(lag=False, error=False, durbin=False)  # "ols"
LARGER = {"slx": ("sdm", "sdem"), "sar": ("sdm",), "sem": ("sdm", "sdem")}  # whose Wald and LR tests are of the model
SLOW = {"sar": ("sac",), "sem": ("sac",), "sdm": ("gns",), "sdem": ("gns",), "sac": ("gns",)}
ENOUGH = 21  # samples under the null: p < 0.05 where all are smaller, one in 22; of 199, nine in 200
MEASURES = ("truth", "bias", "rmse", "sd", "error", "rate")

Record = dict[tuple[str, str, str], tuple[float, float, float, float, float]]


@dataclass(frozen=True)
class Cell:
    """One row of a table.

    Attributes
    ----------
    block : {"fit", "profile", "likelihood", "size", "size, sac and gns", "drawn", "covariance", "hard"}
    model : str
        What makes the data and is estimated; in "size" the null ("ols" has no spatial term), made by larger models too.
    effects : {"none", "entity", "time", "twoway", "baltagi", "kkp"}
        The last two are random effects with the error of that name.
    years : int
    shape : {"ring", "groups", "dense", "islands"}
        Of W.
    innovations : str
        See `innovations`.
    rho, lam : float
        Where the model has them.
    method : {"lee-yu", "direct"}
    own : bool
        Whether the error has weights of its own, those of "groups".
    """

    block: str
    model: str
    effects: str
    years: int
    shape: str = "ring"
    innovations: str = "normal"
    rho: float = 0.4
    lam: float = 0.3
    method: str = "lee-yu"
    own: bool = False

    @property
    def key(self) -> str:
        return ", ".join(str(value) for value in asdict(self).values())

    @property
    def seed(self) -> int:
        """Of the cell's name; "likelihood" looks at the draws of "fit", "drawn" at those of "size, sac and gns"."""
        block = {"likelihood": "fit", "drawn": "size, sac and gns"}.get(self.block, self.block)
        return zlib.crc32(replace(self, block=block).key.encode())

    @property
    def random(self) -> bool:
        return self.effects in {"baltagi", "kkp"}

    @property
    def most(self) -> int:
        """Draws that are worth their time: 1,000 say what a table claims, more say on which side of its edge."""
        return 500 if self.block == "drawn" else 4000


@lru_cache(maxsize=16)
def world(shape: str) -> tuple[Weights, np.ndarray]:
    """Weights of 60 units and, of "groups", their sizes."""
    if shape == "dense":
        return weights.inverse_distance(synthetic_world(seed=0).capitals).normalised("row"), np.ones(N)
    W, size = (ring(N, reach=3), np.ones(N)) if shape == "ring" else groups(N)
    if shape == "islands":  # groups that hang together by one hundredth
        W = 0.99 * W + 0.01 * ring(N, reach=1)
    return Weights.from_dense([f"u{i:02d}" for i in range(N)], W), size


@lru_cache(maxsize=64)
def multiplier(shape: str, r: float) -> np.ndarray:
    return np.linalg.inv(np.eye(N) - r * world(shape)[0].dense())


def simulate(cell: Cell, number: int, salt: int = 0) -> SpatialPanel:
    """Draw one panel; fixed effects go with the regressors, random ones do not."""
    rng = np.random.default_rng([cell.seed, number, salt])
    (W, size), t = world(cell.shape), cell.years
    f = MODELS.get(cell.model, NEITHER)
    alpha = rng.normal(size=(t, 1)) * (cell.effects in {"time", "twoway"})
    mu = rng.normal(size=N) * (cell.effects not in {"none", "time"})
    X = rng.normal(size=(t, N, 2))
    X = X + rng.normal(size=(N, 2)) if cell.random else X + 0.5 * (alpha + mu)[:, :, None]
    e = innovations(cell.innovations, rng, t, size)
    B = multiplier("groups" if cell.own else cell.shape, cell.lam * f.error)
    u = (mu + e) @ B.T if cell.effects == "kkp" else mu + e @ B.T
    neighbours = f.durbin * (X @ [TRUTH["W*x1"], TRUTH["W*x2"]]) @ W.dense().T
    rest = TRUTH["Intercept"] + X @ [TRUTH["x1"], TRUTH["x2"]] + neighbours + alpha + u
    y = rest @ multiplier(cell.shape, cell.rho * f.lag).T
    return SpatialPanel.from_arrays(y, X, W, model=cell.model if cell.model in MODELS else "slx", **options(cell))


def options(cell: Cell) -> dict[str, object]:
    if cell.random:
        return {"effects": "random", "random_error": cell.effects}
    own = {"error_weights": world("groups")[0]} if cell.own else {}
    return {"effects": cell.effects, "method": cell.method} | own


@lru_cache(maxsize=64)
def true_effects(model: str, shape: str, rho: float) -> dict[tuple[str, str], float]:
    """Direct, indirect and total effects of the truth."""
    W, f, out = world(shape)[0].dense(), MODELS[model], {}
    for name in ("x1", "x2"):
        inner = TRUTH[name] * np.eye(N) + f.durbin * TRUTH[f"W*{name}"] * W
        S = multiplier(shape, rho * f.lag) @ inner
        direct, total = float(np.trace(S)) / N, float(S.sum()) / N
        out |= {("direct", name): direct, ("indirect", name): total - direct, ("total", name): total}
    return out


def truth(cell: Cell, name: str) -> float:
    return {"rho": cell.rho, "lambda": cell.lam}.get(name, TRUTH.get(name, np.nan))


def parameters(cell: Cell, fit: SpatialPanelResults, interval: str) -> Record:
    """(truth, estimate, error, lower, upper) of every parameter."""
    names = [*fit.names, "sigma2"]
    values = np.append(fit.params.to_numpy(), fit.sigma2)
    errors = np.append(fit.std_errors.to_numpy(), fit.sigma2_std_error)
    out: Record = {
        (KIND.get(name, name), name, interval): (truth(cell, name), b, s, b - Z * s, b + Z * s)
        for name, b, s in zip(names, values, errors, strict=True)
    }
    if isinstance(fit, RandomPanelResults):  # phi as `conf_int` has it; that of sac and gns is in block "likelihood"
        phi = out.pop(("phi", "phi", interval))
        if not fit.by_likelihood:
            out["phi", "phi", interval] = (*phi[:3], *fit.conf_int().loc["phi"])
    return out


def effects(cell: Cell, fit: SpatialPanelResults, seed: int) -> Record:
    """The same of direct, indirect and total effects, by both kinds of interval."""
    right = true_effects(cell.model, cell.shape, cell.rho)
    frame = fit.effects("both", seed=seed)
    values, place = frame.to_numpy(), list(frame.columns).index  # picking columns of a frame takes longer than a fit
    out: Record = {}
    for way in ("delta", "simulation"):
        columns = [place("estimate"), *(place(f"{name}_{way}") for name in ("std_error", "lower", "upper"))]
        for (effect, name), found in zip(frame.index.tolist(), values[:, columns].tolist(), strict=True):
            if cell.model != "sem" or effect == "direct":  # in sem the others are the same, or zero
                out[effect, name, way] = (right[effect, name], *found)
    return out


def estimated(cell: Cell, number: int, salt: int) -> Record:
    """Parameters and effects of one draw; in block "covariance" by several covariances, without effects."""
    panel = simulate(cell, number, salt)
    if cell.block == "profile":
        return profiles(cell, panel.fit())
    if cell.block == "likelihood":
        return by_default(cell, panel.fit())
    if cell.block != "covariance":
        fit = panel.fit()
        return parameters(cell, fit, "information") | effects(cell, fit, number)
    out: Record = {}
    for kind in COVARIANCES:
        out |= parameters(cell, panel.fit(kind), kind)  # type: ignore[arg-type]
    if cell.model == "sar":
        gmm = panel.fit_gmm(instruments="best")
        for name, b, s in zip(gmm.params.index, gmm.params, gmm.std_errors, strict=True):
            out[KIND.get(name, name), name, "gmm"] = (truth(cell, name), b, s, b - Z * s, b + Z * s)
    return out


def profiles(cell: Cell, fit: SpatialPanelResults) -> Record:
    """Likelihood-ratio intervals of rho and lambda; an end that is not refused bounds nothing."""
    return {
        (name, name, "ratio"): (
            truth(cell, name),
            at,
            np.nan,
            -np.inf if np.isnan(low) else low,
            np.inf if np.isnan(high) else high,
        )
        for name, at, low, high in fit.profile_intervals().itertuples()
    }


def by_default(cell: Cell, fit: SpatialPanelResults) -> Record:
    """Intervals of all parameters and effects that a user gets who asks for nothing else."""
    assert fit.by_likelihood
    out: Record = {}
    columns = zip(fit.names, fit.params, fit.std_errors, fit.conf_int().to_numpy().tolist(), strict=True)
    for name, b, s, (low, high) in columns:
        out[KIND.get(name, name), name, "likelihood"] = (truth(cell, name), b, s, low, high)
    right, frame = true_effects(cell.model, cell.shape, cell.rho), fit.effects("delta")
    ends = np.column_stack(fit.ratio.ends(impacts(fit), 0.95)).tolist()  # as in fit.effects(), without its p-values
    found = frame[["estimate", "std_error"]].to_numpy().tolist()
    for (effect, name), row, (low, high) in zip(frame.index.tolist(), found, ends, strict=True):
        out[effect, name, "likelihood"] = (right[effect, name], *row, low, high)
    return out


def tested(cell: Cell, number: int, salt: int) -> Record:
    """P-values of the tests whose null the data fulfil."""
    panel = simulate(cell, number, salt)
    if cell.block == "drawn":
        larger = SLOW[cell.model][0]
        found = attempt(lambda: panel.respecified(larger).fit().wald(cell.model, draws=ENOUGH).pvalue)
        return {("test", f"wald in {larger} by draws", ""): (np.nan, found, np.nan, np.nan, np.nan)}
    return {("test", name, ""): (np.nan, p, np.nan, np.nan, np.nan) for name, p in pvalues(cell, panel)}


def pvalues(cell: Cell, panel: SpatialPanel) -> Iterator[tuple[str, float]]:
    larger = SLOW if cell.block == "size, sac and gns" else LARGER
    if cell.random:
        fit = panel.fit()
        for kind in ("mundlak", "difference") if cell.model != "gns" else ("mundlak",):  # the other is refused
            yield f"hausman {kind}", attempt(lambda kind=kind: fit.hausman(kind=kind).pvalue)
        return
    if larger is LARGER and cell.model in {"ols", "slx"}:
        for test in panel.lm_tests(durbin=cell.model == "slx"):
            yield test.name.replace("_", " "), test.pvalue
    elif larger is LARGER:
        for test in panel.fit().lm_conditional():
            yield test.name.replace("_", " "), test.pvalue
    for name in larger.get(cell.model, ()):
        fit = panel.respecified(name).fit()
        yield f"wald in {name}", fit.wald(cell.model, draws=0).pvalue
        yield f"lr in {name}", attempt(lambda fit=fit: fit.lr(cell.model).pvalue)


def attempt(job) -> float:  # type: ignore[no-untyped-def]
    """A number, or none where the estimator says that there is none in this sample."""
    try:
        return float(job())
    except EstimationError:
        return np.nan


def rows(cell: Cell, draws: int, salt: int = 0) -> pd.DataFrame:
    """Bias, RMSE, coverage (or rejections at 5 %) of everything in a cell.

    Columns: the cell's, draws; at_edge (share of draws with a `BoundaryWarning`); kind, name, interval; kept (draws
    with a number); truth, bias, rmse, sd (over draws), error (root of the mean squared standard error), rate.
    """
    one = tested if cell.block == "drawn" or cell.block.startswith("size") else estimated
    records, at_edge = [], 0
    for number in range(draws):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("ignore", GvcposWarning)
            warnings.simplefilter("always", BoundaryWarning)
            try:
                records.append(one(cell, number, salt))
            except EstimationError:
                continue
        at_edge += any(issubclass(w.category, BoundaryWarning) for w in said)
    out = []
    for key in dict.fromkeys(key for record in records for key in record):
        found = np.array([record[key] for record in records if key in record])
        measured = rejections(found) if key[0] == "test" else measures(found)
        out.append(dict(zip(("kind", "name", "interval"), key, strict=True)) | measured)
    head = asdict(cell) | {"draws": draws, "at_edge": at_edge / draws}
    return pd.DataFrame([head | row for row in out]).round(6)


def measures(found: np.ndarray) -> dict[str, float]:
    right, estimate, error, lower, upper = found.T
    off = estimate - right
    values = (right[0], off.mean(), np.sqrt((off**2).mean()), estimate.std(), np.sqrt((error**2).mean()))
    covered = ((lower <= right) & (right <= upper)).mean()  # an interval that is not there covers nothing
    return {"kept": len(found)} | dict(zip(MEASURES, (*map(float, values), float(covered)), strict=True))


def rejections(found: np.ndarray) -> dict[str, float]:
    p = found[:, 1][np.isfinite(found[:, 1])]
    rate = float((p < 0.05).mean()) if p.size else np.nan
    return {"kept": len(p)} | dict.fromkeys(MEASURES, np.nan) | {"rate": rate}


def catalogue() -> list[Cell]:
    """All cells, in the order in which they are worth computing."""
    fixed, years = ("none", "entity", "time", "twoway"), (15, 5)
    cells = [Cell("fit", m, e, t) for m in MODELS for e in fixed for t in years]
    random = [(m, "baltagi") for m in MODELS] + [(m, "kkp") for m, f in MODELS.items() if f.error]
    cells += [Cell("profile", m, e, t) for m in ("sac", "gns") for e in fixed for t in years]
    cells += [Cell("likelihood", m, e, t) for e in reversed(fixed) for m in ("gns", "sac") for t in years]
    cells += [Cell("likelihood", m, e, t) for m in ("sac", "gns") for e in ("baltagi", "kkp") for t in years]
    drawn = ("sem", "sar", "sdem", "sac", "sdm")
    cells += [Cell("drawn", m, e, t) for e in reversed(fixed) for m in drawn for t in years]
    cells += [Cell("size", m, e, t) for e in reversed(fixed) for m in ("ols", "slx", "sar", "sem") for t in years]
    cells += [Cell("fit", m, e, t) for m, e in random for t in years]
    shapes = [(kind, "ring") for kind in ("t5", "exponential", "variances")] + [("variances by size", "groups")]
    kinds = [(m, i, s) for m in ("slx", "sar", "sem", "sdm") for i, s in shapes]
    cells += [Cell("covariance", m, "twoway", t, s, i) for m, i, s in kinds for t in years]
    cells += [cell for t in years for cell in hard(t)] + [Cell("hard", m, "twoway", 100) for m in ("sac", "gns")]
    cells += [Cell("size", m, e, t) for m, e in random for t in years]
    return cells + [Cell("size, sac and gns", m, e, t) for e in reversed(fixed) for m in SLOW for t in years]


def hard(t: int) -> list[Cell]:
    """Where asymptotics are asked for much."""
    out = [Cell("hard", m, "twoway", t, rho=r, lam=r) for r in (0.9, -0.9) for m in ("sar", "sem", "sdm")]
    out += [Cell("hard", m, "twoway", t, s) for s in ("dense", "islands") for m in ("sar", "sem", "sdm")]
    out += [Cell("hard", m, e, t, method="direct") for e in ("entity", "twoway") for m in ("sar", "sdm")]
    return out + [Cell("hard", m, "twoway", t, own=True) for m in ("sac", "gns")]


IDENTITY = [field.name for field in fields(Cell)]
