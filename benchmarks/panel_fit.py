"""Spatial Durbin fits with two-way effects and effects of 1,000 draws, from small to large.

    python benchmarks/panel_fit.py [--repeats 7] [--large] [--threads 1] [--check]

Counted: from arrays to coefficients, likelihood, residuals, the information matrix (`SpatialPanel.from_arrays` and
`fit`, Lee and Yu's likelihood, two regressors and their lags) and the frame of simulated effects. "first" includes all
that is learnt about W, "again" finds it kept from an earlier fit; "CPU" is the process's own time of "first", which
other work on the machine lengthens less. Small cases stand beside LAPACK on matrices of the size of W in the same
process: `getrf`, `eigvals` (what W costs without its symmetry) and `eigvalsh` (what it costs with it).
"floor" is one sparse LU of I - rW: a fit on a large W takes some fifteen, exact, and no N x N matrix. Specifications
are fitted one by one, each from arrays, and with `fit_each`, which shares what they have in common. "two parameters"
are sac and gns, "robust" the other covariances, "named" the approximate log-determinants with the error they report.
--check exits with 1 if a limit is missed, by processor seconds; a peer stands in `panel_peers.py`.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.linalg import lapack
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.ml.determinants import factorised, lu_logdet
from gvcpos.spatial.panel.ml.logdet import forget
from gvcpos.spatial.weights import Weights

SMALL = ((60, 15), (500, 15))
LARGE = ((3000, 20, 0.4, 200), (20000, 10, 4.0, 500))
SPECIFICATIONS = 1000
LIMITS = {"small": 0.010, "specifications": 5.0}


def dense_weights(n: int, seed: int) -> Weights:
    """Row-normalised inverse distance of random points."""
    points = np.random.default_rng(seed).random((n, 2))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    W = np.where(distance > 0, 1.0 / np.where(distance > 0, distance, 1.0), 0.0)
    return Weights.from_dense([f"u{i:04d}" for i in range(n)], W / W.sum(axis=1, keepdims=True))


def near_weights(n: int, seed: int, k: int = 6) -> Weights:
    """Row-normalised k nearest neighbours of random points."""
    points = np.random.default_rng(seed).random((n, 2))
    _, near = cKDTree(points).query(points, k + 1)
    place = np.repeat(np.arange(n), k), near[:, 1:].ravel()
    W = sparse.csr_array((np.full(n * k, 1.0 / k), place), shape=(n, n))
    return Weights(tuple(f"u{i:05d}" for i in range(n)), W, "knn")


def panel(W: Weights, t: int, seed: int = 1, k: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """A Durbin panel: y (T, N), X (T, N, k)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(t, W.n, k))
    rest = X.sum(axis=2) + 0.5 * (W.matrix @ X[:, :, 0].T).T + rng.normal(size=W.n) + rng.normal(size=(t, W.n))
    system = (sparse.eye_array(W.n, format="csc") - 0.4 * W.matrix).tocsc()
    y = np.linalg.solve(system.toarray(), rest.T) if W.n < 1000 else factorised(system).solve(rest.T)
    return np.ascontiguousarray(y.T), X


def seconds(job: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    job()
    return clock() - start


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


def whole(y: np.ndarray, X: np.ndarray, W: Weights) -> SpatialPanel:
    """Everything that is counted."""
    made = SpatialPanel.from_arrays(y, X, W)
    made.fit().effects("simulation", draws=1000)
    return made


def small(n: int, t: int, repeats: int) -> bool:
    W = dense_weights(n, 1)
    y, X = panel(W, t)
    dense = W.dense()
    jobs: dict[str, Callable[[], object]] = {
        "getrf": lambda: lapack.dgetrf(np.asfortranarray(np.eye(n) - 0.4 * dense), overwrite_a=1),
        "eigvalsh": lambda: np.linalg.eigvalsh(dense + dense.T),
        "eigvals": lambda: np.linalg.eigvals(dense),
        "again": lambda: whole(y, X, W),
    }
    whole(y, X, W)
    found: dict[str, list[float]] = {name: [] for name in (*jobs, "first", "CPU")}
    for _ in range(repeats):
        for name, job in jobs.items():
            found[name].append(seconds(job))
        for name, clock in (("first", time.perf_counter), ("CPU", time.process_time)):
            forget()
            found[name].append(seconds(lambda: whole(y, X, W), clock))
    median = {name: float(np.median(values)) for name, values in found.items()}
    cells = "  ".join(f"{name} {1e3 * value:8.2f} ms" for name, value in median.items())
    limit = f"   limit {1e3 * LIMITS['small']:.0f} ms" if n == SMALL[0][0] else ""
    print(f"N {n:5d}, T {t:2d}: {cells}{limit}", flush=True)
    return n != SMALL[0][0] or median["CPU"] <= LIMITS["small"]


def specifications(count: int = SPECIFICATIONS) -> bool:
    """Many choices of two of six regressors, each fitted with its delta errors of effects, on one W."""
    W = dense_weights(60, 1)
    y, X = panel(W, 15, k=6)
    pairs = [(i, j) for i in range(6) for j in range(i)]

    def alone() -> None:
        for i in range(count):
            SpatialPanel.from_arrays(y, X[:, :, list(pairs[i % len(pairs)])], W).fit().effects()

    def shared() -> None:
        wanted = ([f"x{j + 1}" for j in pairs[i % len(pairs)]] for i in range(count))
        for fitted in SpatialPanel.from_arrays(y, X, W).fit_each(wanted):
            fitted.effects()

    limit, met = LIMITS["specifications"], True
    for name, job in (("one by one", alone), ("fit_each", shared)):
        forget()
        wall, cpu = timed(job)
        met &= cpu <= limit
        print(
            f"{count} specifications, N 60, T 15, {name}: {wall:.2f} s, CPU {cpu:.2f} s   limit {limit} s", flush=True
        )
    return met


def large(n: int, t: int, limit: float, megabytes: int) -> bool:
    W = near_weights(n, 1)
    y, X = panel(W, t)
    floor = seconds(lambda: lu_logdet((sparse.eye_array(n, format="csc") - 0.3 * W.matrix).tocsc()))
    forget()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found: list[SpatialPanel] = []
    wall, cpu = timed(lambda: found.append(whole(y, X, W)))
    made = found[0]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    again = seconds(lambda: whole(y, X, W))
    at = made.spectrum.determinants
    print(
        f"N {n:5d}, T {t:2d}: first {wall:.2f} s, CPU {cpu:.2f} s, again {again:.2f} s, floor {1e3 * floor:.0f} ms, "
        f"log-determinant error {at.error:.1e}, memory {after:.0f} MB (+{after - before:.0f})   "
        f"limits {limit} s, {megabytes} MB",
        flush=True,
    )
    return cpu <= limit and after <= megabytes


def others(n: int, t: int) -> None:
    """Models of two spatial parameters, robust covariances and named log-determinants on one large W."""
    W = near_weights(n, 1)
    y, X = panel(W, t)

    def job(cov_type: str = "information", **options: object) -> None:
        forget()
        fitted = SpatialPanel.from_arrays(y, X, W, **options).fit(cov_type)
        fitted.effects("simulation", draws=1000)
        if "log_determinant" in options:
            print(f"  error of the log-likelihood {fitted.log_determinant_error:.2g}: {fitted.loglik:.4f}")

    cases: list[dict[str, str]] = [{"model": "sac"}, {"model": "gns"}]
    cases += [{"cov_type": name} for name in ("sandwich", "cluster-entity", "cluster-time")]
    cases += [{"log_determinant": name} for name in ("exact", "chebyshev", "traces")]
    for case in cases:
        wall, cpu = timed(lambda case=case: job(**case))  # type: ignore[misc]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"N {n:5d}, T {t:2d}, {case}: {wall:.2f} s, CPU {cpu:.2f} s, memory {peak:.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--large", action="store_true", help="also N = 1,681 to 20,000, other models and errors")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    chosen = parser.parse_args()
    met = []
    with threadpool_limits(chosen.threads):
        # Memory is a high-water mark: the large cases come first, in ascending order.
        if chosen.large:
            met += [large(*case) for case in LARGE]
            others(1681, 20)
            others(3000, 20)
        met += [small(n, t, chosen.repeats) for n, t in SMALL]
        met.append(specifications())
    if chosen.check and not all(met):
        raise SystemExit("a limit is missed")


if __name__ == "__main__":
    main()
