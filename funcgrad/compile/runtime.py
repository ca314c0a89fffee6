"""What compiled programs call besides NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.donation import GIVEN, give

try:
    # `np.errstate` builds this object at every use; setting a ready one takes a tenth of the time.
    _errors = np._core.umath._extobj_contextvar
    with np.errstate(all="ignore"):
        _ignored = _errors.get()
except AttributeError:  # another NumPy: the public way

    def ignore_errors() -> Any:
        return np.seterr(all="ignore")

    def restore_errors(token: Any) -> None:
        np.seterr(**token)

else:

    def ignore_errors() -> Any:
        """Let floating-point errors give infinities and NaNs in silence; the token undoes it."""
        return _errors.set(_ignored)

    restore_errors = _errors.reset


def own(array: Any, *others: Any) -> Any:
    """An array that the caller may keep and write to: a copy if it is a view, read-only, or one of `others`."""
    if array.base is not None or not array.flags.writeable:
        return array.copy()
    for other in others:
        if other is array:
            return array.copy()
    return array


def claim(array: Any, *others: Any) -> Any:
    """The memory of a donated argument, to be written over: a copy if it is not the caller's alone to give."""
    base = array.base
    whole = base is None or (id(base) in GIVEN and base.nbytes == array.nbytes)
    if (
        whole
        and array.flags.writeable
        and array.flags.c_contiguous
        and not any(np.may_share_memory(array, other) for other in others)
    ):
        give(array)
        return array.view()  # the result must not be the array that is gone
    return array.copy()


def in_planes(array: Any) -> Any:
    """The same array with its last axis, a short one, first in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 0)), 0, -1)
