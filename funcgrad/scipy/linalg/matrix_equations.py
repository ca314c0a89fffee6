"""`scipy.linalg`: equations for a matrix: Sylvester's and Lyapunov's."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.numpy.matrices import matrices
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.functions import sylvester_p
from funcgrad.ops.linalg.matrix import (
    adjoint,
)
from funcgrad.ops.linalg.solve import inv_p
from funcgrad.scipy.linalg.operands import (
    in_double,
)
from funcgrad.scipy.mirror import mirrors


@mirrors("linalg")
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """`scipy.linalg.solve_sylvester`: `x` with `a x + x b = q`.

    >>> import numpy as np, funcgrad as fg
    >>> a = np.eye(2)
    >>> fg.grad(lambda q: fg.scipy.linalg.solve_sylvester(a, a, q).sum())(np.ones((2, 2)))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    return sylvester_p(*matrices("solve_sylvester", a, b, q))


@mirrors("linalg")
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """`scipy.linalg.solve_continuous_lyapunov`: `x` with `a x + x aᴴ = q`.

    >>> import numpy as np, funcgrad as fg
    >>> a = -np.eye(2)
    >>> fg.grad(lambda q: fg.scipy.linalg.solve_continuous_lyapunov(a, q).sum())(np.eye(2))
    array([[-0.5, -0.5],
           [-0.5, -0.5]])
    """
    a, q = matrices("solve_continuous_lyapunov", a, q)
    return sylvester_p(a, adjoint(a), q)


@mirrors("linalg")
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """`scipy.linalg.solve_discrete_lyapunov`: `x` with `a x aᴴ - x + q = 0`.

    >>> import numpy as np, funcgrad as fg
    >>> a = 0.5 * np.eye(2)
    >>> fg.grad(lambda q: fg.scipy.linalg.solve_discrete_lyapunov(a, q)[0, 0])(np.eye(2)).round(4)
    array([[1.3333, 0.    ],
           [0.    , 0.    ]])
    """
    # The bilinear transformation b = (aᴴ - 1)(aᴴ + 1)⁻¹ makes it a continuous equation.
    a, q = in_double("solve_discrete_lyapunov", a, q)
    ah, eye = adjoint(a), np.eye(a.shape[-1], dtype=a.dtype)
    right = inv_p(ah + eye)
    b = matmul(ah - eye, right)
    c = matmul(matmul(inv_p(a + eye), q), right) * 2.0
    return sylvester_p(adjoint(b), b, -c)
