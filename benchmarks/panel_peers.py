"""A spatial panel against spreg, the peer that installs from Python, in the same run: seconds, memory, agreement.

    python benchmarks/panel_peers.py [--large] [--threads 1]

spreg's `Panel_FE_Lag` has entity effects, no Durbin terms, no correction for them and no errors of effects; given the
lags of X among its regressors it maximises the same likelihood as our Durbin model with entity effects and
method="direct". "alike" is our time for just that, "whole" for two-way effects after Lee and Yu with errors of effects
from 1,000 draws, which it lacks. Every job has a process of its own, so that memory is its own: the peak less what
importing takes. Exits with 1 if the two disagree on the spatial coefficient by more than 1e-4.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from panel_fit import dense_weights, near_weights, panel
from threadpoolctl import threadpool_limits

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.ml.logdet import forget
from gvcpos.spatial.weights import Weights

Found = tuple[float, float, float]
SMALL = ((60, 15), (500, 15))
LARGE = (3000, 20)
AGREE = 1e-4
REPEATS = 5


def data(n: int, t: int) -> tuple[Weights, np.ndarray, np.ndarray]:
    """Weights and a Durbin panel: dense weights of few units, six neighbours of many."""
    W = dense_weights(n, 1) if n < 1000 else near_weights(n, 1)
    return W, *panel(W, t)


def spreg_lag(n: int, t: int) -> Callable[[], float]:
    """The peer, ready to run: rho of the Durbin model with entity effects."""
    import libpysal
    from spreg import Panel_FE_Lag

    W, y, X = data(n, t)
    w = libpysal.weights.WSP(W.matrix.tocsr()).to_W()
    w.transform = "r"
    both = np.concatenate([X, np.stack([W.matrix @ x for x in X])], axis=2)
    flat = y.reshape(-1, 1), both.reshape(n * t, -1)
    return lambda: float(np.asarray(Panel_FE_Lag(*flat, w).rho).item())


def alike(n: int, t: int) -> Callable[[], float]:
    """Ours on the same likelihood."""
    W, y, X = data(n, t)

    def job() -> float:
        forget()  # as the peer, which keeps nothing that it learns about W
        return float(SpatialPanel.from_arrays(y, X, W, effects="entity", method="direct").fit().params["rho"])

    return job


def whole(n: int, t: int) -> Callable[[], float]:
    """Ours with what the peer lacks."""
    W, y, X = data(n, t)

    def job() -> float:
        forget()
        fitted = SpatialPanel.from_arrays(y, X, W).fit()
        fitted.effects("simulation", draws=1000)
        return float(fitted.params["rho"])

    return job


def measured(make: Callable[[int, int], Callable[[], float]], n: int, t: int, threads: int) -> Found:
    """Coefficient, median processor seconds, and megabytes over what was there before."""
    with threadpool_limits(threads):
        job = make(n, t)
        if n < 1000:
            job()  # imports and first calls are nobody's work
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        times = []
        for _ in range(REPEATS if n < 1000 else 1):
            start = time.process_time()
            rho = job()
            times.append(time.process_time() - start)
        return rho, float(np.median(times)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before


def compared(n: int, t: int, threads: int) -> bool:
    """Print one case; whether the two agree."""
    jobs = (spreg_lag, alike, whole)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        (theirs, slow, much), (ours, quick, less), (_, all_of_it, little) = (
            pool.submit(measured, job, n, t, threads).result() for job in jobs
        )
    print(
        f"N {n:5d}, T {t:2d}: spreg {1e3 * slow:9.1f} ms {much:6.0f} MB   alike {1e3 * quick:7.1f} ms {less:5.0f} MB, "
        f"{slow / quick:6.1f} times as fast   whole {1e3 * all_of_it:7.1f} ms {little:5.0f} MB, "
        f"{slow / all_of_it:6.1f} times   rho differs by {abs(theirs - ours):.1e}",
        flush=True,
    )
    return abs(theirs - ours) < AGREE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--large", action="store_true", help="also N = 3,000, where spreg takes a minute and 8 GB")
    chosen = parser.parse_args()
    cases = [*SMALL, LARGE] if chosen.large else SMALL
    agree = [compared(n, t, chosen.threads) for n, t in cases]
    if not all(agree):
        raise SystemExit("the spatial coefficients disagree")


if __name__ == "__main__":
    main()
