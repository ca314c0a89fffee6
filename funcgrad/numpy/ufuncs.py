"""Calls of ufuncs on tracers with keyword arguments: `out=`, `where=`, `dtype=`, `casting=`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import TracingError
from funcgrad.core.local_array import LocalArray
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import WEAK_TYPES
from funcgrad.numpy import augmented, ufunc_methods
from funcgrad.numpy.arguments import number_or_operand, operand
from funcgrad.ops.basic import convert, convert_element_type
from funcgrad.ops.operators import fit
from funcgrad.ops.selection import where as select


def call_ufunc(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What NumPy's protocol asks of a tracer, in full."""
    if method != "__call__":
        return _strong(getattr(ufunc_methods, method)(ufunc, *inputs, **kwargs), inputs)
    rebinds = augmented.rebinds(ufunc, inputs, kwargs)
    return call(ufunc, *inputs, **kwargs, rebinds=rebinds)


def implementation_of(ufunc: np.ufunc) -> Callable[..., Any]:
    """The traced implementation of a ufunc; those of SciPy are imported when one is first asked for."""
    found = dispatch.UFUNCS.get(ufunc)
    if found is None and "scipy.special" in sys.modules:
        importlib.import_module("funcgrad.ops.special")
        found = dispatch.UFUNCS.get(ufunc)
    if found is None:
        raise dispatch.unsupported(ufunc)
    return found


def call(
    ufunc: np.ufunc,
    *inputs: Any,
    out: Any = None,
    where: Any = True,
    dtype: Any = None,
    signature: Any = None,
    sig: Any = None,
    casting: Any = "same_kind",
    order: str = "K",
    subok: bool = True,
    rebinds: bool = False,
    **others: Any,
) -> Any:
    """`ufunc(*inputs, ...)`.

    Args:
        out: the arrays that get the results. A traced one is updated; a plain one only if `rebinds`.
        where: the elements that are computed; the others keep the value of `out` (0 without `out`), and no
            derivative flows through them.
        rebinds: whether the caller binds the result to the name of the plain array `out`, as `acc += x` does.
    """
    implementation = implementation_of(ufunc)
    signature = signature if sig is None else sig
    if dtype is not None or signature is not None or casting in ("no", "equiv", "safe"):
        inputs = _cast_inputs(ufunc, inputs, dtype, signature, casting)
    if where is not True:
        # A computation that NumPy would not do must not spoil derivatives with its NaN.
        where = operand(where)
        inputs = tuple(
            [select(where, x, typeof(x).dtype.type(1)) for x in map(number_or_operand, inputs)]
        )
    found = _strong(implementation(*inputs, **others), inputs)
    results = found if isinstance(found, tuple) else (found,)
    outs = out if isinstance(out, tuple) else (out,) * len(results)
    delivered = tuple(
        [
            _deliver(ufunc, result, target, where, casting, rebinds)
            for result, target in zip(results, outs, strict=True)
        ]
    )
    return delivered if isinstance(found, tuple) else delivered[0]


def _strong(result: Any, inputs: tuple[Any, ...]) -> Any:
    """NumPy's functions return NumPy scalars, whose type is not weak."""
    if type(result) is Tracer:
        return result._strong(*inputs)
    if type(result) is tuple:
        return tuple([_strong(r, inputs) for r in result])
    return result


def _cast_inputs(
    ufunc: np.ufunc, inputs: tuple[Any, ...], dtype: Any, signature: Any, casting: Any
) -> tuple[Any, ...]:
    """The inputs in the dtypes of the loop that `dtype` or `signature` selects."""
    inputs = tuple([number_or_operand(x) for x in inputs])
    if signature is None:
        results = None if dtype is None else np.dtype(dtype)
        signature = (None,) * ufunc.nin + (results,) * ufunc.nout
    elif isinstance(signature, tuple):
        signature = tuple([None if d is None else np.dtype(d) for d in signature])
        if len(signature) == 1:
            signature = (None,) * ufunc.nin + signature
    asked = [
        WEAK_TYPES[aval.dtype] if aval.weak_type else aval.dtype for aval in map(typeof, inputs)
    ]
    loop = ufunc.resolve_dtypes(
        (*asked, *(None,) * ufunc.nout), signature=signature, casting=casting
    )
    return tuple([convert(x, d) for x, d in zip(inputs, loop[: ufunc.nin], strict=True)])


def _deliver(
    ufunc: np.ufunc, result: Any, out: Any, where: Any, casting: Any, rebinds: bool
) -> Any:
    if out is None:
        if where is not True:
            result = select(where, result, typeof(result).dtype.type(0))
        return result
    name = f"np.{ufunc.__name__}"
    if type(out) is LocalArray:
        out._become_tracer()
    if type(out) is Tracer:
        kept = out if where is not True else None
        out._assign(_written(result, out, kept, where, casting, name))
        return out
    if rebinds:
        return _written(result, out, out, where, casting, name)
    raise TracingError(
        f"{name}: the plain array given as out= cannot hold a traced {typeof(result)}{here()}\n  "
        "drop out= and use the result, or make the array with np.zeros_like(x) or fnp.zeros(...)"
    )


def _written(result: Any, out: Any, kept: Any, where: Any, casting: Any, name: str) -> Any:
    """What `out` holds afterwards."""
    aval = typeof(out).strip_weak_type()
    result = fit(result, aval, name, casting)
    if where is not True:
        result = fit(select(where, result, kept), aval, name, casting)
    if type(result) is not Tracer:
        trace = out._trace.innermost()
        params = {"new_dtype": aval.dtype, "weak_type": False}
        result = trace.bind(convert_element_type, (result,), params)
    return result


dispatch._UFUNC_METHODS[:] = [call_ufunc]
# What `array.clip(low, high)` of a plain array calls with traced limits.
dispatch.UFUNCS[np._core.umath.clip] = lambda x, low, high: np.minimum(np.maximum(x, low), high)
