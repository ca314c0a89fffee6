"""Augmented assignment to plain arrays: `acc += x` where `acc` is an ndarray and `x` is traced.

Python evaluates it as `acc = acc.__iadd__(x)`, and NumPy asks the tracer for `np.add(acc, x, out=(acc,))`.
What we return becomes `acc`: so the name can be bound to a traced array. The plain array itself cannot
take the value; hence this is right only if nothing else refers to it, which its reference count tells.
"""

from __future__ import annotations

import opcode
import sys
from typing import Any

import numpy as np

from funcgrad.core.errors import TracingError
from funcgrad.core.source import here

_BINARY_OP = opcode.opmap["BINARY_OP"]
_FIRST_IN_PLACE = 13  # NB_INPLACE_ADD, stable since Python 3.11
_PACKAGE = __file__[: -len("numpy/augmented.py")]


def rebinds(ufunc: np.ufunc, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the call of a ufunc with these arguments may return a traced array instead of filling `out`.

    So it is for `acc += x`, and for `np.add(x, y, out=np.zeros(3), where=mask)` where nobody keeps `out`.

    Raises:
        TracingError: `acc` is referred to by other names, or is a view of an array that is.
    """
    out = kwargs.get("out")
    if out is None or type(out[0]) is not np.ndarray or len(out) != 1:
        return False
    references = _references(kwargs)
    if out[0] is not inputs[0]:
        return references <= _of_a_temporary() and not _shows_another_array(out[0])
    if not _in_augmented_assignment():
        return False
    if references > _of_a_variable(ufunc) or _shows_another_array(out[0]):
        raise TracingError(
            f"in-place update of a plain array of shape {out[0].shape} with a traced value: other names, "
            f"containers or views refer to the same array, and they would not see the update{here()}\n  "
            "make the array with np.zeros_like(x) or fnp.zeros(...), which can take traced values, or "
            "write acc = acc + x"
        )
    return True


def _references(kwargs: dict[str, Any]) -> int:
    return sys.getrefcount(kwargs["out"][0])


def _shows_another_array(array: Any) -> bool:
    # A view that alone refers to its base, like np.zeros(6).reshape(2, 3), is as good as an own array.
    return isinstance(array.base, np.ndarray) and sys.getrefcount(array.base) > _of_a_base()


def _in_augmented_assignment() -> bool:
    """Whether the innermost frame that is not ours runs an operator such as `+=`."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return False
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at] == _BINARY_OP and code[at + 1] >= _FIRST_IN_PLACE


class _Probe:
    """Counts the references to `out` that NumPy's protocol itself holds, as a tracer would see them."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> int:
        return _references(kwargs)


def _of_a_variable(ufunc: np.ufunc) -> int:
    array: Any = np.zeros((1, 1))
    if ufunc is np.matmul:
        array @= _Probe()
    else:
        array += _Probe()
    # Since Python 3.14 a local variable is not counted again when it is loaded, but others are.
    return array + (sys.version_info >= (3, 14))


def _of_a_temporary() -> int:
    return np.add(_Probe(), 1, out=np.zeros(1))


def _of_a_base() -> int:
    array = np.zeros(2)[:1]
    return sys.getrefcount(array.base)
