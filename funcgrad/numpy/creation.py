"""Functions that make arrays. NumPy cannot dispatch these on traced values, so they are ours.

While a function is traced, `zeros`, `ones`, `empty`, `full`, `eye`, `identity` and `array` give arrays into which
traced values can be written (`core.local_array`); outside of traces they are NumPy's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch, patch
from funcgrad.core.errors import FuncgradError
from funcgrad.core.naming import named
from funcgrad.core.tracing import Tracer, current_trace, is_traced, typeof
from funcgrad.numpy.local_arrays import local, made, takes_traced, wants_plain
from funcgrad.numpy.views import is_scalar, own
from funcgrad.ops.basic import broadcast_to, convert

_EXAMPLES = {"zeros": "3", "ones": "3", "empty": "3", "eye": "2", "identity": "2"}


def _local(function: Callable[..., Any]) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        return made(function(*args, **kwargs))

    make.__wrapped__ = function  # type: ignore[attr-defined]
    return named(
        make,
        function.__name__,
        f"""NumPy's `{function.__name__}`.

    While a function is traced, values that depend on its arguments can be written into the array.

    >>> import funcgrad as fg, funcgrad.numpy as fnp
    >>> def f(x):
    ...     a = fnp.{function.__name__}({_EXAMPLES[function.__name__]})
    ...     a[:] = x
    ...     return a.sum()
    >>> fg.grad(f)(1.0) > 0
    np.True_
    """,
    )


zeros = _local(np.zeros)
ones = _local(np.ones)
empty = _local(np.empty)
eye = _local(np.eye)
identity = _local(np.identity)


def contains_traced(value: Any) -> bool:
    """Whether a value is traced, or one in nested lists or in an array of objects is."""
    if type(value) is Tracer:
        return True
    if isinstance(value, (list, tuple)):
        return any(contains_traced(v) for v in value)
    return (
        isinstance(value, np.ndarray)
        and value.dtype == object
        and any(map(contains_traced, value.flat))
    )


def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    **kwargs: Any,
) -> Any:
    """NumPy's `array`, which also takes traced values, alone or in nested lists.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.jacfwd(lambda x: fnp.array([x[0] * 2, 1.0, x[1] ** 2]))(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 0.],
           [0., 6.]])
    """
    if not contains_traced(object):
        options = {"copy": copy, "order": order, "subok": subok, "ndmin": ndmin, **kwargs}
        return made(patch.numpy_array(object, dtype, **options))
    out = dispatch.as_array(object)
    if dtype is not None:
        out = out.astype(dtype, copy=False)
    out = _copied(out, order) if copying(copy) else ordered(out, order)
    if out.ndim < ndmin:
        out = out.reshape((1,) * (ndmin - out.ndim) + out.shape)
    return out


def _copied(x: Any, order: Any = None) -> Any:
    """A traced array of its own; a scalar becomes an array, which can be written to."""
    return own(x) if is_scalar(x) else x.copy(order or "K")


def ordered(x: Any, order: Any) -> Any:
    """A traced array as it is if it lies in an order of NumPy's, else a copy that does; a scalar as an array."""
    if is_scalar(x):
        return own(x)
    lies = {"C": "c_contiguous", "F": "f_contiguous"}.get(order)
    return x if lies is None or getattr(x.flags, lies) else x.copy(order)


def copying(copy: Any) -> bool | None:
    """The argument `copy`, which array-agnostic code also gives as NumPy's enumeration."""
    return {"IF_NEEDED": None, "ALWAYS": True, "NEVER": False}.get(getattr(copy, "name", ""), copy)


def _array_stand_in() -> Callable[..., Any]:
    def make(object: Any, *args: Any, **kwargs: Any) -> Any:
        if type(object) in (list, tuple) and any(type(x) is Tracer for x in object):
            return array(object, *args, **kwargs)
        try:
            out = patch.numpy_array(object, *args, **kwargs)
            return local(out) if takes_traced(sys._getframe(1), "array") else out
        except (FuncgradError, TypeError, ValueError):
            if contains_traced(object):
                wants_plain(sys._getframe(1).f_code.co_filename)  # imports what its package needs
                return array(object, *args, **kwargs)
            raise

    return named(make, "array", np.array.__doc__)


patch.register(array=_array_stand_in())


def asarray(
    a: Any,
    dtype: Any = None,
    order: Any = None,
    *,
    device: str | None = None,
    copy: bool | None = None,
    like: Any = None,
) -> Any:
    """NumPy's `asarray`, which also takes traced values, alone or in nested lists.

    While a function is traced, the result is an array that takes traced values and traced indices, a copy.

    >>> import funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.grad(lambda x: fnp.asarray([x, x * x]).sum())(3.0)
    np.float64(7.0)
    """
    if not contains_traced(a):
        options = _given(device=device, like=like)
        if copy is None and type(a) is np.ndarray and current_trace() is not None:
            copy = True  # what can take traced values shares no memory with the caller's
        return made(patch.numpy_asarray(a, dtype, order, copy=copy, **options))
    out = dispatch.as_array(a)
    if dtype is not None:
        out = out.astype(dtype, copy=False)
    if out.aval.weak_type:
        out = out._strong(out)
    return _copied(out, order) if copy else ordered(out, order)


def _given(**options: Any) -> dict[str, Any]:
    """Those of NumPy's options that are given."""
    return {name: value for name, value in options.items() if value is not None}


def full(
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "C",
    *,
    device: str | None = None,
    like: Any = None,
) -> Any:
    """NumPy's `full`, whose fill value may be traced.

    >>> import funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.grad(lambda x: fnp.full((2, 3), x).sum())(1.0)
    np.float64(6.0)
    """
    if not is_traced(fill_value):
        options = _given(device=device, like=like)
        return made(_numpy_full(shape, fill_value, dtype, order, **options))
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))
    out = broadcast_to(convert(fill_value, dtype or typeof(fill_value).dtype), shape)
    return _copied(out)


def _while_tracing(name: str, traced: Callable[..., Any]) -> Callable[..., Any]:
    """`np.full` and `np.full_like` while a function is traced: `traced` where the value is traced."""
    numpys = getattr(np, name)

    def make(first: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
        if is_traced(fill_value):
            return traced(first, fill_value, *args, **kwargs)
        array = numpys(first, fill_value, *args, **kwargs)
        return local(array) if takes_traced(sys._getframe(1), name) else array

    make.numpys = numpys  # type: ignore[attr-defined]
    return named(make, name, numpys.__doc__)


def _full_like(*args: Any, **kwargs: Any) -> Any:
    return dispatch.find_function(_numpy_full_like)(*args, **kwargs)


_numpy_full, _numpy_full_like = np.full, np.full_like
patch.register(full=_while_tracing("full", full), full_like=_while_tracing("full_like", _full_like))


def arange(
    start: Any,
    stop: Any = None,
    step: Any = 1,
    dtype: Any = None,
    *,
    device: str | None = None,
    like: Any = None,
) -> Any:
    """NumPy's `arange`. A traced start takes part; a traced stop or step needs its value for the length.

    >>> import funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.grad(lambda x: fnp.arange(x, x + 2.5).sum())(1.0)
    np.float64(3.0)
    """
    if stop is None:
        start, stop = 0, start
    if not is_traced(start, stop, step):
        return made(np.arange(start, stop, step, dtype, **_given(device=device, like=like)))
    values = [
        v._concrete("value", "fnp.arange needs its length: give it a plain stop and step")
        if type(v) is Tracer
        else v
        for v in (start, stop, step)
    ]
    steps = np.arange(len(np.arange(*values)))
    out = start + steps * step
    return convert(out, dtype) if dtype is not None else out


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: str | None = None,
) -> Any:
    """NumPy's `linspace`, whose ends may be traced.

    >>> import funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.grad(lambda x: fnp.linspace(0.0, x, 5).sum())(1.0)
    np.float64(2.5)
    """
    out = np.linspace(start, stop, num, endpoint, retstep, dtype, axis, **_given(device=device))
    return made(out) if type(out) is np.ndarray else out


def fromfunction(
    function: Callable[..., Any], shape: Any, *, dtype: Any = float, **kwargs: Any
) -> Any:
    """NumPy's `fromfunction`; the function may use traced values.

    >>> import funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.grad(lambda a: fnp.fromfunction(lambda i, j: a * (i + j), (2, 2)).sum())(1.0)
    np.float64(4.0)
    """
    return function(*np.indices(shape, dtype=dtype), **kwargs)
