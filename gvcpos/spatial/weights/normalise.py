"""Row and spectral normalisation of a weights matrix: numbers only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos._core.errors import InputError

ROW_TOLERANCE = 1e-9
_DENSE_LIMIT = 1500


def row_sums(matrix: sparse.csr_array) -> npt.NDArray[np.float64]:
    """Return the row sums, shape (n,)."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def rows_sum_to_one(matrix: sparse.csr_array) -> bool:
    """Tell whether every row sums to one within 1e-9; an empty row does not."""
    return bool(np.abs(row_sums(matrix) - 1.0).max(initial=0.0) <= ROW_TOLERANCE)


def by_rows(matrix: sparse.csr_array) -> sparse.csr_array:
    """Divide each row by its sum; an empty row stays empty. Shape (n, n)."""
    sums = row_sums(matrix)
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)


def spectral_radius(matrix: sparse.csr_array) -> float:
    """Return the largest modulus among the eigenvalues of an (n, n) matrix of non-negative weights.

    Notes
    -----
    By Perron and Frobenius the radius is itself an eigenvalue. Up to 1,500 units all eigenvalues are taken; above,
    ARPACK from a fixed start, so that the figure is the same every time.
    """
    n = matrix.shape[0]
    if n <= _DENSE_LIMIT:
        return float(np.abs(np.linalg.eigvals(matrix.toarray())).max(initial=0.0))
    found: Any = sparse.linalg.eigs(matrix, k=1, which="LM", v0=np.ones(n), return_eigenvectors=False)
    return float(np.abs(found).max())


def by_spectrum(matrix: sparse.csr_array) -> sparse.csr_array:
    """Divide all weights by the spectral radius, which keeps symmetry and relative distances.

    Raises
    ------
    InputError
        If the radius is zero (no cycle among the neighbours): nothing can be divided by it.

    References
    ----------
    Kelejian, H. H. and Prucha, I. R. (2010), Journal of Econometrics 157:53-67.
    """
    radius = spectral_radius(matrix)
    if radius <= 1e-6 * row_sums(matrix).max(initial=0.0) or radius == 0.0:
        raise InputError(
            f"the spectral radius of the weights is {radius:.3g}: no circle of neighbours leads back to where it "
            "started. Use row normalisation."
        )
    return sparse.csr_array(matrix / radius)
