"""`Case`: one line of the table from which most tests are generated."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

AUTO: Any = "auto"
Bound = float | tuple[float, ...]
Dtype = str | tuple[str, ...]


class Case:
    """A function with arguments that exercise it.

    Attributes:
        fun: a NumPy function, or a lambda of array arguments that uses `np.*` (then `name` is required).
            It is called as `fun(*arrays, **params)`.
        shapes: one per array argument. For further shapes or params, write further cases.
        params: keyword arguments that are not traced.
        low, high: the range of random values, for all arguments or one per argument. Integers are
            drawn from it too; the parts of complex numbers are as well.
        dtypes: the dtypes for the tests of values: a name for all arguments, or a tuple of names, one per
            argument. Derivatives are tested in float64, and in complex128 if `complex`.
        args: `args(rng)` returns the arguments (arrays, or lists, tuples and dicts of arrays), instead of
            `shapes`. A dtype from `dtypes` then replaces that of the floating leaves; of complex ones
            only the precision.
        jax: the same function in JAX. AUTO: the function of that name in `jax.numpy`, `jax.numpy.linalg`,
            `jax.numpy.fft` or `jax.scipy.special`; a lambda is run with `np` standing for `jax.numpy`. None: JAX
            has none, or does not agree with NumPy (then say why), and finite differences must do.
        grad: False if it is not differentiable by nature: then its derivative must be zero.
        order: up to which order its derivatives are compared (2; 1 where the second one does not exist).
        complex: whether it takes complex numbers.
        vmap: whether it is tested under vmap (False for shapes that depend on data).
        rtol: the relative tolerance where the default is too strict.
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        *,
        shapes: Sequence[tuple[int, ...]] = ((3, 4),),
        params: Mapping[str, Any] | None = None,
        low: Bound = -2.0,
        high: Bound = 2.0,
        dtypes: Sequence[Dtype] = ("float64",),
        args: Callable[[np.random.Generator], tuple[Any, ...]] | None = None,
        jax: Callable[..., Any] | None = AUTO,
        grad: bool = True,
        order: int = 2,
        complex: bool = False,
        vmap: bool = True,
        name: str | None = None,
        rtol: float | None = None,
    ) -> None:
        if name is None and getattr(fun, "__name__", "<lambda>") == "<lambda>":
            raise ValueError(f"a case for {fun!r} needs a name")
        self.fun = fun
        self.shapes = tuple(tuple(shape) for shape in shapes)
        self.params = dict(params or {})
        self.low = low
        self.high = high
        self.dtypes = tuple(dtypes)
        self.args = args
        self.jax = jax
        self.grad = grad
        self.order = order if grad else 0
        self.complex = complex
        self.vmap = vmap
        self.name = name or function_name(fun)
        self.rtol = rtol

    def __repr__(self) -> str:
        return self.id

    @property
    def id(self) -> str:
        """`sum(3x4, axis=1)`: what pytest prints for it."""
        shapes = [] if self.args else ["x".join(map(str, shape)) or "0d" for shape in self.shapes]
        params = [f"{name}={_short(value)}" for name, value in self.params.items()]
        return f"{self.name}({','.join(shapes + params)})"

    def rng(self, salt: str = "") -> np.random.Generator:
        """A generator that gives the same numbers in every run."""
        return np.random.default_rng(zlib.crc32(f"{self.id} {salt}".encode()))

    def arguments(self, dtype: Dtype | None = None, salt: str = "") -> tuple[Any, ...]:
        """Random arguments; `dtype` as in `dtypes`, float64 if None."""
        rng = self.rng(salt)
        if self.args is not None:
            found = tuple(self.args(rng))
            if dtype is None:
                return found
            return tuple(
                [
                    _cast(value, name)
                    for value, name in zip(found, _each(dtype, len(found)), strict=True)
                ]
            )
        n = len(self.shapes)
        names = _each(dtype or "float64", n)
        bounds = zip(_each(self.low, n), _each(self.high, n), strict=True)
        return tuple(
            [
                random_array(rng, shape, name, low, high)
                for shape, name, (low, high) in zip(self.shapes, names, bounds, strict=True)
            ]
        )

    def replace(self, **changes: Any) -> Case:
        """The same case with other shapes, params, ..."""
        return Case(**(vars(self) | changes))

    def __call__(self, *arguments: Any) -> Any:
        return self.fun(*arguments, **self.params)


def random_array(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: str, low: float, high: float
) -> Any:
    """Uniform values between `low` and `high`; of 0-d shape a NumPy array, not a scalar."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.integers(0, 2, shape), dtype)
    if kind in "iu":
        first = max(math.ceil(low), 0) if kind == "u" else math.ceil(low)
        return np.asarray(rng.integers(first, max(math.floor(high), first) + 1, shape), dtype)
    values = rng.uniform(low, high, shape)
    if kind == "c":
        values = values + 1j * rng.uniform(low, high, shape)
    return np.asarray(values, dtype)


def function_name(fun: Callable[..., Any]) -> str:
    """`sum`, `linalg.solve`, `fft.fft`, `special.erf`."""
    module = (getattr(fun, "__module__", None) or "").removeprefix("numpy").removeprefix("scipy")
    prefix = module.lstrip(".").split(".")[0]
    return f"{prefix}.{fun.__name__}" if prefix in ("linalg", "fft", "special") else fun.__name__


def _each(value: Any, n: int) -> tuple[Any, ...]:
    if isinstance(value, tuple):
        if len(value) != n:
            raise ValueError(f"{value} has not one entry for each of {n} arguments")
        return value
    return (value,) * n


def _cast(value: Any, dtype: str) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(v, dtype) for v in value)
    if isinstance(value, dict):
        return {key: _cast(v, dtype) for key, v in value.items()}
    array = np.asarray(value)
    if array.dtype.kind == "c":
        return array.astype(np.result_type(dtype, np.complex64))  # complex arguments stay complex
    return array.astype(dtype) if array.dtype.kind == "f" else value


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array{list(value.shape)}"
    if isinstance(value, slice):
        return f"{value.start}:{value.stop}:{value.step}".replace("None", "")
    return str(getattr(value, "__name__", value)).replace(" ", "")[:40]
