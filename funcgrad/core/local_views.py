"""Views of a local array that became a tracer: which elements of it they show, and how writing to them goes back."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracer import View


def view_of(root: Any, array: Any, shown: Any) -> View:
    """How a view reads and writes the array that became the tracer `root`.

    Args:
        root: the tracer.
        array: the ndarray that it was.
        shown: the ndarray that the view was, of some elements of `array`.
    """
    part = _part(array, shown)
    places = _addresses(array)
    order = np.argsort(places, axis=None)
    start = array.itemsize // 2 if part == "imag" else 0
    flat = order[np.searchsorted(places.ravel()[order], _addresses(shown, array) - start)]
    shape, size, corner = array.shape, array.size, flat[(0,) * flat.ndim] if flat.size else 0
    strides = [step // array.itemsize for step in shown.strides]

    def read(parent: Any) -> Any:
        elements = parent.reshape(size)[flat]
        return getattr(elements, part) if part else elements

    def write(parent: Any, new: Any) -> Any:
        elements = parent.reshape(size)
        if part:
            whole = elements[flat.ravel()]
            setattr(whole, part, new.ravel())
            new = whole.reshape(flat.shape)
        return elements.at[flat].set(new, unique_indices=True).reshape(shape)

    def layout(like: Any) -> Any:
        if not flat.size:
            return np.empty(flat.shape, shown.dtype)
        first = like[tuple([slice(i, None) for i in np.unravel_index(corner, shape)])]
        steps = [step * like.itemsize for step in strides]
        elements = np.lib.stride_tricks.as_strided(first, flat.shape, steps)
        return getattr(elements, part) if part else elements

    return View(root, read, write if shown.flags.writeable else None, layout)


def _part(array: Any, shown: Any) -> str:
    """Which part of the complex elements of an array a view shows: "real", "imag", or "", them all."""
    if shown.dtype == array.dtype:
        return ""
    if shown.dtype == array.real.dtype and all(n % array.itemsize == 0 for n in shown.strides):
        offset = shown.ctypes.data - array.ctypes.data
        return "imag" if offset % array.itemsize else "real"
    raise UnsupportedError(
        f"a traced value was written into an array of {array.dtype} that has a view as {shown.dtype}{here()}\n  "
        "convert with .astype instead of .view"
    )


def _addresses(array: Any, origin: Any = None) -> Any:
    """Where each element lies, in bytes from the first of `origin`."""
    start = array.ctypes.data - (array if origin is None else origin).ctypes.data
    places = np.full(array.shape, start)
    for axis, (n, step) in enumerate(zip(array.shape, array.strides, strict=True)):
        steps = np.arange(n) * step
        places += steps.reshape((n,) + (1,) * (array.ndim - axis - 1))
    return places
