"""Small jobs side by side: all are done, errors come through, and BLAS gets its threads back."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from gvcpos._core.threads import side_by_side


@pytest.mark.parametrize("threads", [1, 2])
def test_every_item_is_done_and_blas_gets_its_threads_back(threads: int) -> None:
    squares = np.zeros(50)

    def job(i: int) -> None:
        squares[i] = (np.full((3, 3), i) @ np.ones(3))[0] * i / 3

    with threadpool_limits(threads):
        before = [library["num_threads"] for library in threadpool_info()]
        side_by_side(job, range(50))
        assert [library["num_threads"] for library in threadpool_info()] == before
    np.testing.assert_allclose(squares, np.arange(50.0) ** 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_one_of_them_is_raised(threads: int) -> None:
    def job(i: int) -> None:
        if i == 7:
            raise ValueError("seven")

    with threadpool_limits(threads), pytest.raises(ValueError, match="seven"):
        side_by_side(job, range(50))
