"""Some elements of the inverse of a large sparse matrix: those where its triangular factors are not zero.

With A = LU and Z = A⁻¹, the identities Z = U⁻¹ + Z(I − L) and Z = D⁻¹L⁻¹ + (I − D⁻¹U)Z give, from the last row to
the first, the elements of column and row j on the pattern S of L's column j from those of Z on S x S alone (Takahashi,
Fagan and Chin 1973; Erisman and Tinney 1975, Comm. ACM 18:177). S x S is part of the square over j's parent in the
elimination tree and its own pattern, which is kept until all its children have been seen: one dense square for each
open branch, and never N x N.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.ml.determinants import factorised

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def selected_inverse(system: sparse.csc_array) -> sparse.csr_array | None:
    """Return A⁻¹ on the pattern of A's factors, which has that of A and its transpose.

    Parameters
    ----------
    system : csc_array, shape (N, N)
        Of nearly symmetric pattern.

    Returns
    -------
    csr_array, shape (N, N), or None
        None if the factorisation had to leave the diagonal, so that the recursion does not hold.
    """
    factor = factorised(system)
    place = np.asarray(factor.perm_c, dtype=np.intp)  # where row and column i of A stand in the factors
    if not np.array_equal(place, factor.perm_r):
        return None
    L, U = sparse.csc_array(factor.L), sparse.csr_array(factor.U)
    n = L.shape[0]
    patterns = _patterns(L, U)
    rows, columns, values = _recursion(L, U, patterns)
    back = np.empty(n, dtype=np.intp)
    back[place] = np.arange(n)
    return sparse.csr_array((values, (back[rows], back[columns])), shape=(n, n))


def diagonal_of_product(A: sparse.csr_array, inverse: sparse.csr_array) -> Array:
    """Return the diagonal of A Z, shape (N,), where Z has the elements that A meets."""
    return np.asarray(A.multiply(inverse.T).sum(axis=1)).ravel()


def _patterns(L: sparse.csc_array, U: sparse.csr_array) -> list[Places]:
    """Rows below the diagonal of every column, the same in L and U', closed under elimination."""
    n = L.shape[0]
    below = [np.empty(0, dtype=np.intp)] * n
    inherited: list[list[Places]] = [[] for _ in range(n)]
    for j in range(n):
        parts = [L.indices[L.indptr[j] : L.indptr[j + 1]], U.indices[U.indptr[j] : U.indptr[j + 1]], *inherited[j]]
        found = np.unique(np.concatenate(parts))
        below[j] = found[np.searchsorted(found, j, side="right") :].astype(np.intp)
        inherited[j] = []
        if len(below[j]) > 1:
            inherited[int(below[j][0])].append(below[j][1:])
    return below


def _recursion(L: sparse.csc_array, U: sparse.csr_array, patterns: list[Places]) -> tuple[Places, Places, Array]:
    """Go from the last column to the first; return rows, columns and values in the order of the factors."""
    n = len(patterns)
    waiting = np.bincount([int(S[0]) for S in patterns if len(S)], minlength=n)
    squares: dict[int, Array] = {}  # Z over j and its pattern, of columns whose children are not all seen
    rows: list[npt.ArrayLike] = []
    columns: list[npt.ArrayLike] = []
    values: list[Array] = []
    work = np.zeros((2, n))
    for j in range(n - 1, -1, -1):
        S = patterns[j]
        lower, upper, pivot = _column(L, U, j, S, work)
        square = np.empty((len(S) + 1, len(S) + 1))
        if len(S):
            parent = int(S[0])
            at = np.append(0, np.searchsorted(patterns[parent], S[1:]) + 1)
            inner = squares[parent][at[:, None], at]
            waiting[parent] -= 1
            if not waiting[parent]:
                del squares[parent]
            square[1:, 1:] = inner
            square[1:, 0] = -inner @ lower
            square[0, 1:] = -upper @ inner
            square[0, 0] = 1.0 / pivot - square[0, 1:] @ lower
        else:
            square[0, 0] = 1.0 / pivot
        if waiting[j]:
            squares[j] = square
        here = np.full(len(S), j)
        rows += [[j], S, here]
        columns += [[j], here, S]
        values += [square[:1, 0], square[1:, 0], square[0, 1:]]
    return np.concatenate(rows, dtype=np.intp), np.concatenate(columns, dtype=np.intp), np.concatenate(values)


def _column(L: sparse.csc_array, U: sparse.csr_array, j: int, S: Places, work: Array) -> tuple[Array, Array, float]:
    """Column j of L below the diagonal, row j of U beside it over the pivot, and the pivot."""
    down, across = slice(L.indptr[j], L.indptr[j + 1]), slice(U.indptr[j], U.indptr[j + 1])
    work[0, L.indices[down]], work[1, U.indices[across]] = L.data[down], U.data[across]
    pivot = float(work[1, j])
    lower, upper = work[0, S], work[1, S] / pivot
    work[0, L.indices[down]] = work[1, U.indices[across]] = 0.0
    return lower, upper, pivot
