"""Activation functions. All work element by element and keep the dtype of floating-point arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.special import erfc
from funcgrad.numpy.arguments import inexact, normalize_axis, operand
from funcgrad.ops import activations
from funcgrad.ops.exponential import logistic

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def identity(x: Any) -> Any:
    """`x` itself.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.identity(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """
    return operand(x)


def relu(x: Any) -> Any:
    """The rectifier max(x, 0). Its derivative at 0 is 0.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> fg.grad(fg.nn.relu)(0.0)
    np.float64(0.0)
    """
    return activations.relu(operand(x), 0)


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6). Its derivative at 0 and at 6 is 0.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.relu6(np.array([-1.0, 2.0, 7.0]))
    array([0., 2., 6.])
    """
    x = inexact(x)
    return np.where(x >= 6.0, 6.0, relu(x))


def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Any:
    """`x` where it is not negative, `negative_slope * x` elsewhere.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    x = operand(x)
    return np.where(x >= 0, x, negative_slope * x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.sigmoid(np.array([-1000.0, 0.0]))
    array([0. , 0.5])
    """
    return logistic(inexact(x))


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), accurate where the sigmoid underflows.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.log_sigmoid(np.array([-1000.0, 1000.0]))
    array([-1000.,    -0.])
    """
    return -softplus(-inexact(x))


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    return np.logaddexp(inexact(x), 0)


def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)^2 / 4 up to 1, and x from there on.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.sparse_plus(np.array([-2.0, 0.0, 2.0]))
    array([0.  , 0.25, 2.  ])
    """
    x = operand(x)
    return np.where(x <= -1.0, 0.0, np.where(x >= 1.0, x, (x + 1.0) ** 2 / 4))


def sparse_sigmoid(x: Any) -> Any:
    """(x + 1) / 2, but at least 0 and at most 1: the derivative of `sparse_plus`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.sparse_sigmoid(np.array([-2.0, 0.0, 2.0]))
    array([0. , 0.5, 1. ])
    """
    return 0.5 * np.minimum(np.maximum(operand(x) + 1.0, 0.0), 2.0)


def soft_sign(x: Any) -> Any:
    """x / (|x| + 1).

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.soft_sign(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """
    x = operand(x)
    return x / (np.abs(x) + 1)


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.silu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    x = inexact(x)
    return x * logistic(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x)).

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.mish(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.3034,  0.    ,  0.8651])
    """
    x = inexact(x)
    return x * np.tanh(softplus(x))


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.elu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    x = inexact(x)
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0.0, x)))


def celu(x: Any, alpha: Any = 1.0) -> Any:
    """`x` where it is positive, `alpha * (exp(x / alpha) - 1)` elsewhere.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.celu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    x = inexact(x)
    return np.maximum(x, 0.0) + alpha * np.expm1(np.minimum(x, 0.0) / alpha)


def selu(x: Any) -> Any:
    """`elu` with the constants that make networks normalise themselves (https://arxiv.org/abs/1706.02515).

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.selu(np.array([-1.0, 2.0])).round(4)
    array([-1.1113,  2.1014])
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the distribution function of the standard normal distribution (https://arxiv.org/abs/1606.08415).

    Args:
        x: the array.
        approximate: whether to compute x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) instead.

    >>> import numpy as np, funcgrad as fg
    >>> (
    ...     fg.nn.gelu(np.array([-1.0, 2.0])).round(4),
    ...     fg.nn.gelu(np.array([-1.0, 2.0]), approximate=False).round(4),
    ... )
    (array([-0.1588,  1.9546]), array([-0.1587,  1.9545]))
    """
    x = inexact(x)
    if approximate:
        inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)
        return x * (0.5 * (1.0 + np.tanh(inner)))
    return 0.5 * x * erfc(-math.sqrt(0.5) * x)


def glu(x: Any, axis: int = -1) -> Any:
    """The first half of an array along an axis, times the sigmoid of the second half.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.glu(np.array([2.0, 4.0, 0.0, 0.0]))
    array([1., 2.])
    """
    x = inexact(x)
    axis = normalize_axis(axis, typeof(x).ndim)
    if typeof(x).shape[axis] % 2:
        raise ArgumentError(
            f"glu splits an axis in two halves, but the length of axis {axis} is {typeof(x).shape[axis]}{here()}"
        )
    first, second = np.split(x, 2, axis)
    return first * logistic(second)


def squareplus(x: Any, b: Any = 4) -> Any:
    """(x + sqrt(x^2 + b)) / 2 (https://arxiv.org/abs/2112.11687).

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.squareplus(np.array([-1.5, 0.0, 1.5]))
    array([0.5, 1. , 2. ])
    """
    x = operand(x)
    return (x + np.sqrt(np.square(x) + b)) / 2


def hard_tanh(x: Any) -> Any:
    """`x`, but at least -1 and at most 1.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.hard_tanh(np.array([-2.0, 0.5, 2.0]))
    array([-1. ,  0.5,  1. ])
    """
    x = operand(x)
    return np.where(x > 1, 1, np.where(x < -1, -1, x))


def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.hard_sigmoid(np.array([-4.0, 0.0, 1.5]))
    array([0.  , 0.5 , 0.75])
    """
    return relu6(operand(x) + 3.0) / 6.0


def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x), also called hard_swish.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.hard_silu(np.array([-4.0, 0.0, 1.5]))
    array([-0.   ,  0.   ,  1.125])
    """
    x = operand(x)
    return x * hard_sigmoid(x)


def log1mexp(x: Any) -> Any:
    """log(1 - exp(-x)) for positive x, accurate near 0 and far out.

    The choice of the formula is that of Mächler, Accurately computing log(1 - exp(-|a|)) (2012).

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.log1mexp(np.array([1e-20, 50.0]))
    array([-4.60517019e+01, -1.92874985e-22])
    """
    x = inexact(x)
    large = x > math.log(2.0)
    far = np.log1p(-np.exp(-np.where(large, x, 1.0)))
    near = np.log(-np.expm1(-np.where(large, 1.0, x)))
    return np.where(large, far, near)


swish = silu
hard_swish = hard_silu
softsign = soft_sign
