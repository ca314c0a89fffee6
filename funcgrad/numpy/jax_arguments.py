"""`funcgrad.numpy`'s forms of NumPy's functions that take the arguments which only JAX's have.

Those that steer a compiler for accelerators (`precision`, `method`, `unroll`, ...) have nothing to do here and are
dropped; `where=None` and `initial=None` mean "none", as they do in JAX (NumPy reads `where=None` as False). The
functions that NumPy defines by writing into an argument return an updated copy when they are given `inplace=False`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import is_traced
from funcgrad.numpy import taking
from funcgrad.numpy.local_arrays import local
from funcgrad.numpy.updates import at

_MASKED = {
    "where": (None,),
    "initial": (None,),
    "promote_integers": (True,),
    "out_sharding": (None,),
}
_ANY = object()  # whatever is given has no meaning here
_CONTRACTION = {"precision": (_ANY,), "out_sharding": (_ANY,)}
_REDUCTIONS = [
    "sum",
    "prod",
    "max",
    "min",
    "amax",
    "amin",
    "mean",
    "var",
    "std",
    "any",
    "all",
    "nansum",
    "nanprod",
    "nanmax",
    "nanmin",
    "nanmean",
    "nanvar",
    "nanstd",
]
_CONTRACTING = [
    "convolve",
    "correlate",
    "dot",
    "einsum",
    "inner",
    "matmul",
    "matvec",
    "outer",
    "tensordot",
    "vdot",
    "vecdot",
    "vecmat",
]
# Function -> the arguments that are dropped -> their values (another value is passed on, for NumPy to refuse).
_DROPPED: dict[str, dict[str, tuple[Any, ...]]] = {
    **dict.fromkeys(_REDUCTIONS, _MASKED),
    **dict.fromkeys(_CONTRACTING, _CONTRACTION),
    "delete": {"assume_unique_indices": (_ANY,)},
    "digitize": {"method": (_ANY,)},
    "diff": {"prepend": (None,), "append": (None,)},
    "isin": {"method": (_ANY,)},
    "polyval": {"unroll": (_ANY,)},
    "searchsorted": {"method": (_ANY,)},
}
# Those that sum integers in a wider dtype, unless they are told not to.
_WIDENING = ("sum", "prod", "nansum", "nanprod")


def _dropping(name: str) -> Callable[..., Any]:
    """NumPy's function without the arguments that have no meaning here."""
    dropped = _DROPPED[name]
    contracts, reduces = name in _CONTRACTING, name in _REDUCTIONS

    @functools.wraps(getattr(np, name))
    def call(*args: Any, **kwargs: Any) -> Any:
        function = getattr(np, name)  # which may be a stand-in while a function is traced
        if not kwargs:
            return function(*args)
        for argument, values in dropped.items():
            if argument in kwargs and any(v is _ANY or kwargs[argument] is v for v in values):
                del kwargs[argument]
        if name in _WIDENING and kwargs.pop("promote_integers", True) is False:
            kwargs.setdefault("dtype", np.result_type(args[0] if args else kwargs["a"]))
        if reduces and type(kwargs.get("axis")) is list:  # JAX takes any sequence
            kwargs["axis"] = tuple(kwargs["axis"])
        dtype = kwargs.pop("preferred_element_type", None) if contracts else None
        if dtype is None:
            return function(*args, **kwargs)
        # The sums are made in that dtype, so that narrow integers do not overflow.
        args = tuple([_widened(arg, dtype) for arg in args])
        return function(*args, **kwargs).astype(dtype)

    return call


def _widened(arg: Any, dtype: Any) -> Any:
    return arg.astype(np.result_type(arg.dtype, dtype)) if hasattr(arg, "dtype") else arg


def _functional(name: str) -> Callable[..., Any]:
    """A function of NumPy's that writes into its first argument; with `inplace=False` it returns a copy instead."""
    function = getattr(np, name)

    @functools.wraps(function)
    def call(a: Any, *args: Any, inplace: bool = True, **kwargs: Any) -> Any:
        if inplace:
            return function(a, *args, **kwargs)
        copy = local(np.copy(a))  # an array that takes traced values
        function(copy, *args, **kwargs)
        return copy

    return call


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """NumPy's `astype`, also of numbers of Python's.

    >>> import funcgrad.numpy as fnp
    >>> fnp.astype(2, float)
    np.float64(2.0)
    """
    x = x if hasattr(x, "astype") else np.asarray(x)[()]
    return np.astype(x, dtype, copy=copy, device=device)


def clip(a: Any, min: Any = None, max: Any = None, out: Any = None, **kwargs: Any) -> Any:
    """NumPy's `clip`, where either bound may be left out; NumPy's names `a_min` and `a_max` are taken too.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.clip(np.array([-2.0, 2.0]), -1.0)
    array([-1.,  2.])
    """
    return np.clip(a, kwargs.pop("a_min", min), kwargs.pop("a_max", max), out, **kwargs)


def sort(
    a: Any,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Any:
    """NumPy's `sort`; `descending=True` gives the largest first.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.sort(np.array([1.0, 3.0, 2.0]), descending=True)
    array([3., 2., 1.])
    """
    out = np.sort(a, axis, kind, order, stable=stable)
    return np.flip(out, -1 if axis is None else axis) if descending else out


def argsort(
    a: Any,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Any:
    """NumPy's `argsort`; with `descending=True` the largest come first, and equal ones keep their order.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.argsort(np.array([1.0, 3.0, 3.0, 2.0]), descending=True)
    array([1, 2, 3, 0])
    """
    if not descending:
        return np.argsort(a, axis, kind, order, stable=stable)
    if axis is None:
        a, axis = np.ravel(a), -1
    mirrored = np.argsort(np.flip(a, axis), axis, stable=True)
    return np.shape(a)[axis] - 1 - np.flip(mirrored, axis)


def take(
    a: Any,
    indices: Any,
    axis: int | None = None,
    out: Any = None,
    mode: str | None = "raise",
    *,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    fill_value: Any = None,
) -> Any:
    """NumPy's `take`, with traced indices into a plain array too.

    `mode="fill"` gives `fill_value` (NaN if there is none) where an index is out of range.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> table = np.array([10.0, 20.0, 30.0])
    >>> fg.vmap(lambda i: fnp.take(table, i))(np.array([2, 0]))
    array([30., 10.])
    >>> fnp.take(table, np.array([1, 7]), mode="fill")
    array([20., nan])
    """
    if mode != "fill":
        traced = is_traced(a, indices, out)  # NumPy does not ask the indices of a plain array
        return (taking.take if traced else np.take)(a, indices, axis, out, mode or "raise")
    if out is not None:
        raise ArgumentError(f"take: mode='fill' makes a new array; drop out={here()}")
    if axis is None:
        a, axis = np.ravel(a), 0
    key = (slice(None),) * (axis % np.ndim(a))
    return at(a)[(*key, indices)].get(mode="fill", fill_value=fill_value)


def take_along_axis(
    arr: Any, indices: Any, axis: int | None = -1, mode: str | None = None, fill_value: Any = None
) -> Any:
    """NumPy's `take_along_axis`; `mode` is that of `x.at[...].get`.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.take_along_axis(np.array([1.0, 2.0]), np.array([0, 5]), 0, mode="fill", fill_value=0.0)
    array([1., 0.])
    """
    if mode is None:
        return np.take_along_axis(arr, indices, axis)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    shape = np.shape(indices)
    ndim = len(shape)
    axis %= ndim
    shape = np.broadcast_shapes(shape, (*np.shape(arr)[:axis], 1, *np.shape(arr)[axis + 1 :]))
    indices = np.broadcast_to(indices, shape)
    grid = [
        indices if d == axis else np.arange(n).reshape([-1 if k == d else 1 for k in range(ndim)])
        for d, n in enumerate(shape)
    ]
    return at(arr)[tuple(grid)].get(mode=mode, fill_value=fill_value)


def bincount(x: Any, weights: Any = None, minlength: int = 0, *, length: int | None = None) -> Any:
    """NumPy's `bincount`; with `length`, the result is that long whatever the values are: larger ones are not counted.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.jit(lambda x: fnp.bincount(x, length=3))(np.array([0, 2, 2, 7]))
    array([1, 0, 2])
    """
    if length is None:
        return np.bincount(x, weights, minlength)
    ones = np.ones(np.shape(x), int) if weights is None else weights
    return at(np.zeros(length, np.result_type(ones)))[x].add(ones, mode="drop")


def polymul(a1: Any, a2: Any, *, trim_leading_zeros: bool = True) -> Any:
    """NumPy's `polymul`; with `trim_leading_zeros=False` the result keeps the leading zeros, whatever the values are.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> multiply = lambda a, b: fnp.polymul(a, b, trim_leading_zeros=False)
    >>> fg.jit(multiply)(np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    array([0., 2., 3.])
    """
    if trim_leading_zeros:
        return np.polymul(a1, a2)
    return np.convolve(np.atleast_1d(a1), np.atleast_1d(a2))


def roots(p: Any, *, strip_zeros: bool = True) -> Any:
    """NumPy's `roots`; with `strip_zeros=False` as many as there are coefficients but one, whatever their values are.

    For each leading zero there is a NaN at the end.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> quadratic = np.array([1.0, -3.0, 2.0])
    >>> fg.jit(lambda p: fnp.roots(p, strip_zeros=False).real)(quadratic)
    array([2., 1.])
    """
    if strip_zeros:
        return np.roots(p)
    p = np.atleast_1d(p)
    n = p.shape[0] - 1
    if n < 1:
        return np.roots(np.zeros(0))
    some = np.any(p != 0)
    # The leading zeros are moved to the end, where each makes a root of zero.
    leading = np.where(some, np.argmax(p != 0), n)
    p = np.take(np.where(some, p, 1.0), (np.arange(n + 1) + leading) % (n + 1))
    found = np.linalg.eigvals(np.concatenate([(-p[1:] / p[0])[None], np.eye(n - 1, n)]))
    found = np.take(found, np.argsort(found == 0, stable=True))
    return np.where(np.arange(n) < n - leading, found, np.nan)


_INPLACE = ("fill_diagonal", "place", "put", "put_along_axis")
DEFINED = (
    "argsort",
    "astype",
    "bincount",
    "clip",
    "polymul",
    "roots",
    "sort",
    "take",
    "take_along_axis",
)
NAMES = (*DEFINED, *_INPLACE, *_DROPPED)


def __getattr__(name: str) -> Any:
    if name in _DROPPED and hasattr(np, name):
        return _dropping(name)
    if name in _INPLACE:
        return _functional(name)
    raise AttributeError(name)
