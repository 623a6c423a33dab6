"""One spatial Durbin fit with two-way effects, as a ratio to LAPACK on matrices of the size of W.

    python benchmarks/panel_fit.py [--repeats 7]

Counted: from arrays to coefficients, likelihood, residuals and the information matrix (`SpatialPanel.from_arrays`
and `fit`), Lee and Yu's likelihood, two regressors and their lags. "first" includes the eigenvalues of W, "again"
finds them kept from an earlier fit, "effects" is the frame of direct, indirect and total effects with delta errors.
Beside them, in the same process and interleaved: `getrf`, `eigvals` (what W costs without its symmetry) and
`eigvalsh` (what it costs with it). W is the row-normalised inverse distance of random points.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.logdet import forget
from gvcpos.spatial.weights import Weights

SIZES = ((60, 15), (1000, 15))
NAMES = ("getrf", "eigvalsh", "eigvals", "first", "again", "effects")


def panel(n: int, t: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, Weights]:
    """A Durbin panel on random points: y (T, N), X (T, N, 2), W."""
    rng = np.random.default_rng(seed)
    points = rng.random((n, 2))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    W = np.where(distance > 0, 1.0 / np.where(distance > 0, distance, 1.0), 0.0)
    W /= W.sum(axis=1, keepdims=True)
    X = rng.normal(size=(t, n, 2))
    rest = X.sum(axis=2) + 0.5 * X[:, :, 0] @ W.T + rng.normal(size=n) + rng.normal(size=(t, n))
    y = np.linalg.solve(np.eye(n) - 0.4 * W, rest.T).T
    return y, X, Weights.from_dense([f"u{i:04d}" for i in range(n)], W)


def seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare(n: int, t: int, repeats: int) -> dict[str, float]:
    """Median seconds of every job."""
    y, X, W = panel(n, t)
    dense = W.dense()
    symmetric = dense + dense.T
    result = SpatialPanel.from_arrays(y, X, W).fit()
    times: dict[str, list[float]] = {name: [] for name in NAMES}
    for repeat in range(repeats):
        fresh = np.asfortranarray(np.eye(n) - 0.4 * dense)
        times["getrf"].append(seconds(lambda fresh=fresh: lapack.dgetrf(fresh, overwrite_a=1)))
        times["eigvalsh"].append(seconds(lambda: np.linalg.eigvalsh(symmetric)))
        if repeat < 3:
            times["eigvals"].append(seconds(lambda: np.linalg.eigvals(dense)))
        forget()
        times["first"].append(seconds(lambda: SpatialPanel.from_arrays(y, X, W).fit()))
        times["again"].append(seconds(lambda: SpatialPanel.from_arrays(y, X, W).fit()))
        times["effects"].append(seconds(result.effects))
    return {name: float(np.median(values)) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print("    N   T  threads   " + "".join(f"{name + ' ms':>13}" for name in NAMES) + "   first/eigvals  again/getrf")
    for n, t in SIZES:
        for threads in (1, 2):
            with threadpool_limits(threads):
                compare(n, t, 1)  # warm up
                found = compare(n, t, repeats)
            cells = "".join(f"{1e3 * found[name]:13.2f}" for name in NAMES)
            ratios = (found["first"] / found["eigvals"], found["again"] / found["getrf"])
            print(f"{n:5d}  {t:2d}  {threads:7d}   {cells}   {ratios[0]:13.2f}  {ratios[1]:11.2f}", flush=True)


if __name__ == "__main__":
    main()
