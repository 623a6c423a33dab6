"""The shipped system solved once more, by going round its processes until nothing moves: a witness of the solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import lognorm, weibull_min

from gvcpos.flows.balance.diagnosis import solver_of
from gvcpos.flows.system.quantities import Stated
from gvcpos.flows.system.spec import LifetimeBlock, ProcessBlock
from tests.flows.targets.systems import china

SYSTEM = china()
SPEC, YEARS, LAYERS = SYSTEM.spec, SYSTEM.network.years, SYSTEM.network.layers
AT = {name: number for number, name in enumerate(SPEC.flows)}
TWICE = "blanks"  # said by data that the other data imply: left out, as nothing is reconciled here
BACKWARD = ("hard_rock_mine", "beneficiation", "ionic_mine", "unreported_mine")  # what leaves says what enters


def series(found: object) -> np.ndarray:
    """A number of the file over the years, (T,)."""
    if not isinstance(found, Stated):
        return np.full(len(YEARS), float(found))  # type: ignore[arg-type]
    values = [found.value if found.value is not None else (found.values or {})[year] for year in YEARS]
    return np.array(values, dtype=float)


def by_layer(found: object) -> np.ndarray:
    """A number of the file by year and layer, (T, L)."""
    parts = [found[layer] for layer in LAYERS] if isinstance(found, dict) else [found] * len(LAYERS)
    return np.stack([series(part) for part in parts], axis=-1)


def survival(block: LifetimeBlock, age: float) -> float:
    """Share that is still in use at an age."""
    number = {
        key: float(series(getattr(block, key))[0]) for key in ("shape", "scale", "mean", "sd") if getattr(block, key)
    }
    if block.distribution == "weibull":
        return float(weibull_min.sf(age, number["shape"], scale=number["scale"]))
    variance = np.log1p((number["sd"] / number["mean"]) ** 2)
    return float(lognorm.sf(age, np.sqrt(variance), scale=number["mean"] * np.exp(-0.5 * variance)))


def leaves_use(process: ProcessBlock, entering: np.ndarray) -> np.ndarray:
    """What leaves a stock in use, (T, L), by the stock of every vintage since its history began."""
    stock = process.stock
    assert stock is not None
    assert stock.lifetime is not None
    assert isinstance(stock.history, Stated)
    assert stock.composition is not None
    mix = np.array([series(stock.composition[layer])[0] for layer in LAYERS])
    before = np.array([value for _, value in sorted((stock.history.values or {}).items())])
    inflow = np.concatenate([before[:, None] * mix, entering])
    kept = [survival(stock.lifetime, age + 0.5) for age in range(len(inflow))]
    level = np.array([sum(inflow[v] * kept[t - v] for v in range(t + 1)) for t in range(len(inflow))])
    out = inflow - np.diff(level, axis=0, prepend=np.zeros((1, len(LAYERS))))
    return np.asarray(out[-len(YEARS) :])


def gone_round() -> np.ndarray:
    """(T, F, L): masses, process by process, again and again."""
    mass = np.zeros((len(YEARS), len(AT), len(LAYERS)))
    given, shares = set(), {}
    for name, flow in SPEC.flows.items():
        if flow.value is not None and name != TWICE:
            mass[:, AT[name]] = series(flow.value)[:, None] * by_layer(flow.composition)
            given.add(name)
        elif flow.share is not None:
            shares[name] = by_layer(flow.share)
    for _ in range(60):
        before = mass.copy()
        for name, process in SPEC.processes.items():
            into = [AT[key] for key, flow in SPEC.flows.items() if flow.to == name]
            away = [key for key, flow in SPEC.flows.items() if flow.from_ == name]
            entering = mass[:, into].sum(axis=1)
            if process.stock is not None:
                if away:
                    mass[:, AT[away[0]]] = leaves_use(process, entering)
                continue
            rest = [key for key in away if key not in shares and key not in given]
            if name in BACKWARD:
                made = sum(mass[:, AT[key]] for key in away if key not in shares)
                entering = made / (1.0 - sum(shares[key] for key in away if key in shares))
                mass[:, into[0]] = entering
            for key in away:
                if key in shares:
                    mass[:, AT[key]] = shares[key] * entering
            if rest and name not in BACKWARD:
                known = sum(mass[:, AT[key]] for key in away if key != rest[0])
                mass[:, AT[rest[0]]] = entering - known
        if np.abs(mass - before).max() < 1e-12:
            return mass
    raise AssertionError("the masses go on moving")


def test_the_solver_gives_what_going_round_gives() -> None:
    expected = gone_round()
    found = solver_of(SYSTEM).masses(SYSTEM.data.values)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert (expected >= 0.0).all()


def test_reconciled_masses_stay_near() -> None:
    before, after = gone_round().sum(axis=-1), SYSTEM.balance().mass.sum(axis=-1)
    late = [YEARS.index(year) for year in (2018, 2019, 2020, 2022)]  # tons of blanks agree with the metals left
    large = before[late] > 5.0
    assert (
        np.abs(after[late] / np.where(large, before[late], 1.0) - 1.0)[large].max() < 0.10
    )  # old goods carry what moved before
    blanks = SYSTEM.data.values[:, SYSTEM.data.at([TWICE])[0]]
    both = np.sort(np.stack([before[:, AT[TWICE]], blanks]), axis=0)
    assert (both[0] - 1e-9 <= after[:, AT[TWICE]]).all()  # between what metals and what reported tons say
    assert (after[:, AT[TWICE]] <= both[1] + 1e-9).all()
