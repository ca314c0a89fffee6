"""Neural networks of composed layers, as `jax.example_libraries.stax`.

A layer is a pair of functions: `init(key, input_shape) -> (output_shape, params)` and
`apply(params, inputs, rng=None) -> outputs`. With the same key, parameters are those of JAX.

>>> import numpy as np, funcgrad as fg
>>> from funcgrad.example_libraries import stax
>>> init, apply = stax.serial(stax.Dense(8), stax.Relu, stax.Dense(1))
>>> shape, params = init(fg.random.key(0), (-1, 3))
>>> shape, apply(params, np.ones((5, 3))).shape
((-1, 1), (5, 1))
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad import lax, nn, random
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.nn.initializers import glorot_normal, normal, ones, zeros

Shape = tuple[int, ...]
_WEIGHTS, _BIAS, _SMALL_BIAS = glorot_normal(), normal(), normal(1e-6)


class Layer(NamedTuple):
    """The two functions of a layer."""

    init_fun: Callable[[Any, Any], tuple[Any, Any]]
    apply_fun: Callable[..., Any]


def _without_params(shape: Callable[[Any], Any], apply: Callable[..., Any]) -> Layer:
    return Layer(
        lambda rng, input_shape: (shape(input_shape), ()),
        lambda params, inputs, **kwargs: apply(inputs),
    )


def Dense(out_dim: int, W_init: Any = _WEIGHTS, b_init: Any = _BIAS) -> Layer:
    """`inputs @ W + b`, with `out_dim` outputs."""

    def init(rng: Any, input_shape: Shape) -> tuple[Shape, Any]:
        of_w, of_b = random.split(rng)
        params = W_init(of_w, (input_shape[-1], out_dim)), b_init(of_b, (out_dim,))
        return (*input_shape[:-1], out_dim), params

    return Layer(init, lambda params, inputs, **kwargs: np.dot(inputs, params[0]) + params[1])


def _convolution(
    dimension_numbers: Any,
    out_chan: int,
    filter_shape: Shape,
    W_init: Any,
    b_init: Any,
    shape_of: Callable[..., Any],
    convolve: Callable[..., Any],
) -> Layer:
    lhs_spec, rhs_spec, out_spec = dimension_numbers
    W_init = W_init or glorot_normal(rhs_spec.index("I"), rhs_spec.index("O"))

    def init(rng: Any, input_shape: Shape) -> tuple[Shape, Any]:
        sizes = iter(filter_shape)
        known = {"O": out_chan, "I": input_shape[lhs_spec.index("C")]}
        kernel = tuple([known[c] if c in known else next(sizes) for c in rhs_spec])
        of_w, of_b = random.split(rng)
        bias = tuple([out_chan if c == "C" else 1 for c in out_spec])
        params = W_init(of_w, kernel), b_init(of_b, bias)
        # A batch of unknown size is written as -1.
        batch = lhs_spec.index("N")
        shape = list(shape_of([1 if d == batch else n for d, n in enumerate(input_shape)], kernel))
        shape[out_spec.index("N")] = input_shape[batch]
        return tuple(shape), params

    return Layer(init, lambda params, inputs, **kwargs: convolve(inputs, params[0]) + params[1])


def GeneralConv(
    dimension_numbers: Any,
    out_chan: int,
    filter_shape: Shape,
    strides: Shape | None = None,
    padding: Any = "VALID",
    W_init: Any = None,
    b_init: Any = _SMALL_BIAS,
) -> Layer:
    """A convolution, whose axes `dimension_numbers` names, such as `("NHWC", "HWIO", "NHWC")`."""
    steps = strides or (1,) * len(filter_shape)
    shape = lambda x, k: lax.conv_general_shape_tuple(x, k, steps, padding, dimension_numbers)
    convolve = lambda x, w: lax.conv_general_dilated(
        x, w, steps, padding, dimension_numbers=dimension_numbers
    )
    return _convolution(dimension_numbers, out_chan, filter_shape, W_init, b_init, shape, convolve)


def GeneralConvTranspose(
    dimension_numbers: Any,
    out_chan: int,
    filter_shape: Shape,
    strides: Shape | None = None,
    padding: Any = "VALID",
    W_init: Any = None,
    b_init: Any = _SMALL_BIAS,
) -> Layer:
    """A transposed convolution."""
    steps = strides or (1,) * len(filter_shape)
    shape = lambda x, k: lax.conv_transpose_shape_tuple(x, k, steps, padding, dimension_numbers)
    convolve = lambda x, w: lax.conv_transpose(
        x, w, steps, padding, dimension_numbers=dimension_numbers
    )
    return _convolution(dimension_numbers, out_chan, filter_shape, W_init, b_init, shape, convolve)


Conv = functools.partial(GeneralConv, ("NHWC", "HWIO", "NHWC"))
Conv1DTranspose = functools.partial(GeneralConvTranspose, ("NHC", "HIO", "NHC"))
ConvTranspose = functools.partial(GeneralConvTranspose, ("NHWC", "HWIO", "NHWC"))


def BatchNorm(
    axis: int | Sequence[int] = (0, 1, 2),
    epsilon: float = 1e-5,
    center: bool = True,
    scale: bool = True,
    beta_init: Any = zeros,
    gamma_init: Any = ones,
) -> Layer:
    """Values with mean 0 and variance 1 over `axis`, times `gamma` if `scale`, plus `beta` if `center`."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)

    def init(rng: Any, input_shape: Shape) -> tuple[Shape, Any]:
        shape = tuple([n for d, n in enumerate(input_shape) if d not in axes])
        of_beta, of_gamma = random.split(rng)
        beta = beta_init(of_beta, shape) if center else ()
        return input_shape, (beta, gamma_init(of_gamma, shape) if scale else ())

    def apply(params: Any, inputs: Any, **kwargs: Any) -> Any:
        beta, gamma = params
        out = nn.standardize(inputs, axes, epsilon=epsilon)
        spread = tuple([None if d in axes else slice(None) for d in range(typeof(inputs).ndim)])
        out = out * gamma[spread] if scale else out
        return out + beta[spread] if center else out

    return Layer(init, apply)


def elementwise(fun: Callable[..., Any], **fun_kwargs: Any) -> Layer:
    """A function of the inputs that keeps their shape."""
    return _without_params(lambda shape: shape, lambda inputs: fun(inputs, **fun_kwargs))


Tanh = elementwise(np.tanh)
Relu = elementwise(nn.relu)
Exp = elementwise(np.exp)
LogSoftmax = elementwise(nn.log_softmax, axis=-1)
Softmax = elementwise(nn.softmax, axis=-1)
Softplus = elementwise(nn.softplus)
Sigmoid = elementwise(nn.sigmoid)
Elu = elementwise(nn.elu)
LeakyRelu = elementwise(nn.leaky_relu)
Selu = elementwise(nn.selu)
Gelu = elementwise(nn.gelu)
Identity = elementwise(lambda inputs: inputs)
Flatten = _without_params(
    lambda shape: (shape[0], math.prod(shape[1:])),
    lambda inputs: np.reshape(inputs, (inputs.shape[0], -1)),
)


def _pooling(
    window_shape: Shape,
    strides: Shape | None,
    padding: Any,
    spec: str | None,
    pool: Callable[..., Any],
) -> Layer:
    d = len(window_shape)
    outside = (0, d + 1) if spec is None else (spec.index("N"), spec.index("C"))
    window, steps = list(window_shape), list(strides or (1,) * d)
    for axis in sorted(outside):
        window.insert(axis, 1)
        steps.insert(axis, 1)

    def shape(input_shape: Shape) -> Shape:
        sizes = [n if d not in outside else 1 for d, n in enumerate(input_shape)]
        found = lax.reduce_window_shape_tuple(sizes, window, steps, padding)
        return tuple([input_shape[d] if d in outside else n for d, n in enumerate(found)])

    return _without_params(shape, lambda inputs: pool(inputs, tuple(window), tuple(steps), padding))


def _sums(inputs: Any, *window: Any) -> Any:
    return lax.reduce_window(inputs, 0.0, lax.add, *window)


def MaxPool(
    window_shape: Shape,
    strides: Shape | None = None,
    padding: Any = "VALID",
    spec: str | None = None,
) -> Layer:
    """The largest values of windows; `spec` names the axes, such as "NHWC", which is the default."""
    pool = lambda inputs, *window: lax.reduce_window(inputs, -np.inf, lax.max, *window)
    return _pooling(window_shape, strides, padding, spec, pool)


def SumPool(
    window_shape: Shape,
    strides: Shape | None = None,
    padding: Any = "VALID",
    spec: str | None = None,
) -> Layer:
    """The sums of windows."""
    return _pooling(window_shape, strides, padding, spec, _sums)


def AvgPool(
    window_shape: Shape,
    strides: Shape | None = None,
    padding: Any = "VALID",
    spec: str | None = None,
) -> Layer:
    """The means of windows, of what is within the array."""

    def pool(inputs: Any, *window: Any) -> Any:
        one = np.ones(typeof(inputs).shape, typeof(inputs).dtype)
        return _sums(inputs, *window) / _sums(one, *window)

    return _pooling(window_shape, strides, padding, spec, pool)


def FanOut(num: int) -> Layer:
    """A list of `num` times the inputs."""
    return _without_params(lambda shape: [shape] * num, lambda inputs: [inputs] * num)


FanInSum = _without_params(lambda shapes: shapes[0], sum)


def FanInConcat(axis: int = -1) -> Layer:
    """A list of inputs, joined along an axis."""

    def shape(shapes: Sequence[Shape]) -> Shape:
        joined = list(shapes[0])
        joined[axis] = sum([s[axis] for s in shapes])
        return tuple(joined)

    return _without_params(shape, lambda inputs: np.concatenate(inputs, axis))


def Dropout(rate: float, mode: str = "train") -> Layer:
    """Keeps each input with the probability `rate` and divides by it; in other modes than "train" it keeps all.

    Raises:
        ArgumentError: it is applied without `rng`, a key.
    """

    def apply(params: Any, inputs: Any, rng: Any = None, **kwargs: Any) -> Any:
        if rng is None:
            raise ArgumentError(
                f"Dropout draws random numbers{here()}\n  call apply(params, inputs, rng=key) with a key"
            )
        if mode != "train":
            return inputs
        return np.where(random.bernoulli(rng, rate, typeof(inputs).shape), inputs / rate, 0.0)

    return Layer(lambda rng, input_shape: (input_shape, ()), apply)


def _keys(rng: Any, n: int) -> Sequence[Any]:
    return [None] * n if rng is None else random.split(rng, n)


def serial(*layers: Any) -> Layer:
    """One layer after the other."""

    def init(rng: Any, input_shape: Any) -> tuple[Any, Any]:
        params = []
        for layer_init, _ in layers:
            rng, of_layer = random.split(rng)
            input_shape, found = layer_init(of_layer, input_shape)
            params.append(found)
        return input_shape, params

    def apply(params: Any, inputs: Any, rng: Any = None, **kwargs: Any) -> Any:
        rows = zip(layers, params, _keys(rng, len(layers)), strict=True)
        for (_, layer_apply), found, key in rows:
            inputs = layer_apply(found, inputs, rng=key, **kwargs)
        return inputs

    return Layer(init, apply)


def parallel(*layers: Any) -> Layer:
    """Each layer on an input of its own: from a list of inputs to a list of outputs."""

    def init(rng: Any, input_shape: Any) -> tuple[Any, Any]:
        rows = zip(layers, random.split(rng, len(layers)), input_shape, strict=True)
        found = [layer_init(key, shape) for (layer_init, _), key, shape in rows]
        return tuple([shape for shape, _ in found]), tuple([params for _, params in found])

    def apply(params: Any, inputs: Any, rng: Any = None, **kwargs: Any) -> Any:
        rows = zip(layers, params, inputs, _keys(rng, len(layers)), strict=True)
        return [layer(found, x, rng=key, **kwargs) for (_, layer), found, x, key in rows]

    return Layer(init, apply)


def shape_dependent(make_layer: Callable[[Any], Any]) -> Layer:
    """A layer that `make_layer` makes when it knows the shape of the inputs."""
    return Layer(
        lambda rng, input_shape: make_layer(input_shape)[0](rng, input_shape),
        lambda params, inputs, **kwargs: make_layer(inputs.shape)[1](params, inputs, **kwargs),
    )


__all__ = [
    "AvgPool", "BatchNorm", "Conv", "Conv1DTranspose", "ConvTranspose", "Dense", "Dropout", "Elu", "Exp",
    "FanInConcat", "FanInSum", "FanOut", "Flatten", "Gelu", "GeneralConv", "GeneralConvTranspose", "Identity",
    "Layer", "LeakyRelu", "LogSoftmax", "MaxPool", "Relu", "Selu", "Sigmoid", "Softmax", "Softplus", "SumPool",
    "Tanh", "elementwise", "parallel", "serial", "shape_dependent",
]  # fmt: skip
