"""`funcgrad.scipy.sparse`: sparse matrices of traced elements; solvers in `linalg`.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed through, and
refuse traced values. Places of elements are plain integers.
"""

from __future__ import annotations

from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.sparse import linalg
from funcgrad.scipy.sparse.construct import (
    block_array,
    block_diag,
    bmat,
    coo_array,
    coo_matrix,
    csc_array,
    csc_matrix,
    csr_array,
    csr_matrix,
    dia_array,
    dia_matrix,
    diags,
    diags_array,
    hstack,
    issparse,
    kron,
    spdiags,
    vstack,
)

__getattr__ = other_names("sparse")

__all__ = [
    "block_array", "block_diag", "bmat", "coo_array", "coo_matrix", "csc_array", "csc_matrix",
    "csr_array", "csr_matrix", "dia_array", "dia_matrix", "diags", "diags_array", "hstack", "issparse",
    "kron", "linalg", "spdiags", "vstack",
]  # fmt: skip
