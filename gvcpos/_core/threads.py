"""Small jobs side by side, on as many threads as BLAS may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")


def side_by_side(job: Callable[[Item], None], items: Iterable[Item], *, worthwhile: bool = True) -> None:
    """Do a job for every item: many small BLAS calls, each too small to be split, on threads of their own.

    The threads are those that BLAS may use (so `threadpoolctl.threadpool_limits` holds here, too), which meanwhile
    uses one in each. An error in a job is raised. Where it is not `worthwhile`, jobs being so small that threads wait
    for the interpreter, they are done one after the other.
    """
    blas = ThreadpoolController()
    threads = max((library["num_threads"] for library in blas.info()), default=1)
    if threads == 1 or not worthwhile:
        for item in items:
            job(item)
        return
    with blas.limit(limits=1), ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(job, items):
            pass
