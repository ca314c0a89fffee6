"""`scipy.linalg`: systems with a structured matrix: banded, Toeplitz, circulant."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.matrices import matrices
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.complex import conj, is_complex, real
from funcgrad.ops.linalg.banded import solve_banded_p
from funcgrad.ops.linalg.solve import solve_p
from funcgrad.scipy.linalg.operands import (
    in_double,
    on_columns,
)
from funcgrad.scipy.linalg.structured import circulant, toeplitz
from funcgrad.scipy.mirror import mirrors


@mirrors("linalg")
def solve_banded(
    l_and_u: tuple[int, int],
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solve_banded`: `ab[u + i - j, j]` holds `a[i, j]`.

    >>> import numpy as np, funcgrad as fg
    >>> ab = np.array([[0.0, 1.0], [2.0, 4.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.solve_banded((0, 1), ab, b).sum())(np.ones(2))
    array([0.5  , 0.125])
    """
    lower, upper = l_and_u
    ab, b = matrices("solve_banded", ab, b)
    return on_columns(lambda x: solve_banded_p(ab, x, lower=int(lower), upper=int(upper)), b)


@mirrors("linalg")
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solveh_banded`: a Hermitian banded matrix, of which one half is stored.

    >>> import numpy as np, funcgrad as fg
    >>> ab = np.array([[2.0, 4.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.solveh_banded(ab, b).sum())(np.ones(2))
    array([0.5 , 0.25])
    """
    ab, b = matrices("solveh_banded", ab, b)
    width, n = ab.shape[-2] - 1, ab.shape[-1]
    zeros = np.zeros(ab.shape[:-2] + (1,), ab.dtype)
    rows: list[Any] = []
    for d in range(width, -width - 1, -1):  # the diagonal above the main one by d
        k = abs(d)
        row = ab[..., k, : n - k] if lower else ab[..., width - k, k:]
        if is_complex(row) and d == 0:
            row = convert(real(row), row.dtype)
        elif is_complex(row) and (d > 0) == lower:
            row = conj(row)
        padding = broadcast_to(zeros, (*ab.shape[:-2], k))
        rows.append(np.concatenate([padding, row] if d > 0 else [row, padding], axis=-1))
    full = np.stack(rows, axis=-2)
    return on_columns(lambda x: solve_banded_p(full, x, lower=width, upper=width), b)


@mirrors("linalg")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """`scipy.linalg.solve_toeplitz`, by a dense solution.

    >>> import numpy as np, funcgrad as fg
    >>> b = np.ones(2)
    >>> fg.grad(lambda c: fg.scipy.linalg.solve_toeplitz(c, b).sum())(np.array([2.0, 0.0]))
    array([-0.5, -0.5])
    """
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    a, b = in_double("solve_toeplitz", toeplitz(c, r), b)
    return on_columns(lambda x: solve_p(a, x), b)


@mirrors("linalg")
def solve_circulant(c: Any, b: Any) -> Any:
    """`scipy.linalg.solve_circulant` for a vector `c`, by Fourier transforms.

    >>> import numpy as np, funcgrad as fg
    >>> b = np.ones(2)
    >>> fg.grad(lambda c: fg.scipy.linalg.solve_circulant(c, b).sum())(np.array([2.0, 0.0]))
    array([-0.5, -0.5])
    """
    if len(typeof(c).shape) != 1:
        raise ArgumentError(f"solve_circulant takes a vector c, got {typeof(c)}{here()}")
    a, b = matrices("solve_circulant", circulant(c), b)
    return on_columns(lambda x: solve_p(a, x), b)
