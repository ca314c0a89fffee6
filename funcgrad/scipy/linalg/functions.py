"""`scipy.linalg`: functions of square matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.numpy.known import known_value
from funcgrad.numpy.matrices import matrices
from funcgrad.ops.basic import convert
from funcgrad.ops.complex import imag, is_complex, real
from funcgrad.ops.linalg.functions import Function, frechet_p, matrix_function_p, scipy_linalg
from funcgrad.ops.linalg.matrix import complex_dtype
from funcgrad.ops.linalg.solve import solve_p
from funcgrad.scipy.linalg.operands import in_double
from funcgrad.scipy.mirror import mirrors


@mirrors("linalg")
def expm(A: Any) -> Any:
    """`scipy.linalg.expm`: the exponential of matrices (..., n, n).

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.expm(a)[0, 1])(np.zeros((2, 2)))
    array([[0., 1.],
           [0., 0.]])
    """
    return matrix_function_p(matrices("expm", A), function=("expm",))


@mirrors("linalg")
def expm_frechet(
    A: Any, E: Any, method: Any = None, compute_expm: bool = True, check_finite: bool = True
) -> Any:
    """`scipy.linalg.expm_frechet`: the exponential and its derivative in the direction `E`.

    >>> import numpy as np, funcgrad as fg
    >>> e = np.eye(2)
    >>> f = lambda a: fg.scipy.linalg.expm_frechet(a, e, compute_expm=False).sum()
    >>> fg.grad(f)(np.zeros((2, 2)))
    array([[1., 1.],
           [1., 1.]])
    """
    a, e = in_double("expm_frechet", A, E)
    change = frechet_p(a, e, function=("expm",))
    return (matrix_function_p(a, function=("expm",)), change) if compute_expm else change


def _real_if_scipy_says_so(name: str, A: Any, function: Function) -> Any:
    """A function that may be complex for real matrices.

    It is real where SciPy's is. Where the matrix is not known while tracing, it is complex.
    """
    a = matrices(name, A) if name == "sqrtm" else in_double(name, A)
    if is_complex(a):
        return matrix_function_p(a, function=function)
    value = known_value(a)
    if value is not None:
        result = np.asarray(getattr(scipy_linalg(), function[0])(value, *function[1:]))
        if result.dtype.kind != "c":
            return matrix_function_p(a, function=function)
    return matrix_function_p(convert(a, complex_dtype(a.dtype)), function=function)


@mirrors("linalg")
def sqrtm(A: Any) -> Any:
    """`scipy.linalg.sqrtm`: the principal square root. Under `jit` and `vmap` the result is complex.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.sqrtm(a).sum())(4.0 * np.eye(2))
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    return _real_if_scipy_says_so("sqrtm", A, ("sqrtm",))


@mirrors("linalg")
def logm(A: Any) -> Any:
    """`scipy.linalg.logm`: the principal logarithm. Under `jit` and `vmap` the result is complex.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.logm(a).sum())(4.0 * np.eye(2)).round(9)
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    return _real_if_scipy_says_so("logm", A, ("logm",))


@mirrors("linalg")
def fractional_matrix_power(A: Any, t: float) -> Any:
    """`scipy.linalg.fractional_matrix_power`, with respect to the matrix.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.fractional_matrix_power(a, 0.5)[0, 0])(4.0 * np.eye(2))
    array([[0.25, 0.  ],
           [0.  , 0.  ]])
    """
    function = ("fractional_matrix_power", float(t))
    return _real_if_scipy_says_so("fractional_matrix_power", A, function)


def _exponential(a: Any, factor: Any) -> Any:
    return matrix_function_p(a * factor, function=("expm",))


def _both(name: str, A: Any, factor: Any) -> tuple[Any, Any]:
    """Half of the sum and of the difference of exp(factor a) and exp(-factor a)."""
    a = matrices(name, A)
    forward, backward = _exponential(a, factor), _exponential(a, -factor)
    return (forward + backward) * 0.5, (forward - backward) * 0.5


@mirrors("linalg")
def cosm(A: Any) -> Any:
    """`scipy.linalg.cosm`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.cosm(a)[0, 0])(np.zeros((2, 2))) + 0.0
    array([[0., 0.],
           [0., 0.]])
    """
    a = matrices("cosm", A)
    return _both("cosm", a, 1j)[0] if is_complex(a) else real(_exponential(a, 1j))


@mirrors("linalg")
def sinm(A: Any) -> Any:
    """`scipy.linalg.sinm`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.sinm(a)[0, 0])(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 0.]])
    """
    a = matrices("sinm", A)
    return _both("sinm", a, 1j)[1] * -1j if is_complex(a) else imag(_exponential(a, 1j))


@mirrors("linalg")
def tanm(A: Any) -> Any:
    """`scipy.linalg.tanm`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.tanm(a)[0, 0])(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 0.]])
    """
    return solve_p(cosm(A), sinm(A))


@mirrors("linalg")
def coshm(A: Any) -> Any:
    """`scipy.linalg.coshm`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.coshm(a)[0, 0])(np.zeros((2, 2)))
    array([[0., 0.],
           [0., 0.]])
    """
    return _both("coshm", A, 1.0)[0]


@mirrors("linalg")
def sinhm(A: Any) -> Any:
    """`scipy.linalg.sinhm`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.sinhm(a)[0, 0])(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 0.]])
    """
    return _both("sinhm", A, 1.0)[1]


@mirrors("linalg")
def tanhm(A: Any) -> Any:
    """`scipy.linalg.tanhm`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.tanhm(a)[0, 0])(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 0.]])
    """
    cosh, sinh = _both("tanhm", A, 1.0)
    return solve_p(cosh, sinh)
