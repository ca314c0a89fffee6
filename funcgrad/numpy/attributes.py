"""The attributes of `numpy.ndarray` on traced arrays: `T`, `real`, `flat`, `strides`, `at`, ..."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from funcgrad.core.tracing import Tracer
from funcgrad.numpy.conversion import as_array
from funcgrad.numpy.indexing import put
from funcgrad.numpy.updates import At
from funcgrad.numpy.views import is_scalar, layout_of, reshaped, transpose_view, view, whole_view
from funcgrad.ops.basic import broadcast_to, reshape
from funcgrad.ops.elementwise import complex_, imag, real


def transposed(x: Tracer) -> Tracer:
    return transpose_view(x, range(x.ndim)[::-1])


def matrix_transposed(x: Tracer) -> Tracer:
    if x.ndim < 2:
        raise ValueError("matrix transpose with ndim < 2 is undefined")
    return transpose_view(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def real_part(x: Tracer) -> Tracer:
    """The real part, a view."""
    if x.dtype.kind != "c":
        return x if is_scalar(x) else whole_view(x)
    if is_scalar(x):
        return real(x)
    return view(x, real, lambda p, v: complex_(v, imag(p)), lambda a: a.real)


def imaginary_part(x: Tracer) -> Tracer:
    """The imaginary part, a view; read-only zeros for real numbers."""
    if is_scalar(x):
        return imag(x) if x.dtype.kind == "c" else _zero(x)
    if x.dtype.kind == "c":
        return view(x, imag, lambda p, v: complex_(real(p), v), lambda a: a.imag)
    return view(x, lambda p: broadcast_to(_zero(p), p.shape), None, lambda a: a.imag)


def _zero(x: Tracer) -> Tracer:
    return x._trace.innermost().literal(x.dtype.type(0))


class FlatIterator:
    """`x.flat`: the elements in C order, to be read, written and iterated over."""

    __slots__ = ("base", "index")

    def __init__(self, base: Tracer) -> None:
        self.base = base
        self.index = 0

    def _elements(self) -> Tracer:
        """A 1-d view of the array, also where NumPy's `ravel` would copy."""
        base, shape = self.base, self.base.shape
        size = (base.size,)
        return view(
            base,
            lambda p: reshape(p, size),
            lambda p, v: reshaped(v, shape, "C"),
            lambda a: np.empty(size),
        )

    def __getitem__(self, key: Any) -> Any:
        return self._elements()[key]._copy()

    def __setitem__(self, key: Any, value: Any) -> None:
        elements, value = self._elements(), as_array(value)
        if not np.size(value):
            return  # as NumPy
        if np.ndim(value):
            shape = elements[key].shape
            value = np.resize(value, shape)
        put(elements, key, value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements())

    def __next__(self) -> Any:
        if self.index >= self.base.size:
            raise StopIteration
        self.index += 1
        return self._elements()[self.index - 1]

    def __len__(self) -> int:
        return self.base.size

    def copy(self) -> Any:
        return self._elements()._copy()


def set_flat(x: Tracer, value: Any) -> None:
    FlatIterator(x)[:] = np.ravel(as_array(value))


class Flags:
    """`x.flags`: how the array would lie in memory, and whether it may be written to."""

    def __init__(self, x: Tracer) -> None:
        flags = layout_of(x).flags
        self.c_contiguous = self.contiguous = flags.c_contiguous
        self.f_contiguous = flags.f_contiguous
        self.fnc = flags.fnc
        self.forc = flags.forc
        self.owndata = base(x) is None
        self.writeable = is_writable(x)
        self.aligned = True
        self.writebackifcopy = False

    def __getitem__(self, name: str) -> bool:
        return getattr(self, name.lower())


def base(x: Tracer) -> Tracer | None:
    """The array that this one is a view of."""
    return None if x._view is None else x._view.parent


def is_writable(x: Tracer) -> bool:
    if is_scalar(x):
        return False
    root, shown = x, x._view
    while shown is not None and shown.parent is not None:
        if shown.write is None:
            return False
        root, shown = shown.parent, shown.parent._view
    return shown is not None or root._index >= root._trace.n_inputs


_READ_ONLY = {
    "T": transposed,
    "mT": matrix_transposed,
    "at": At,
    "base": base,
    "device": lambda x: "cpu",
    "flags": Flags,
    "itemsize": lambda x: x.dtype.itemsize,
    "nbytes": lambda x: x.aval.nbytes,
    "strides": lambda x: layout_of(x).strides,
}
for _name, _getter in _READ_ONLY.items():
    setattr(Tracer, _name, property(_getter))
Tracer.real = property(real_part, lambda x, value: put(real_part(x), ..., value))  # type: ignore[attr-defined]
Tracer.imag = property(imaginary_part, lambda x, value: put(imaginary_part(x), ..., value))  # type: ignore[attr-defined]
Tracer.flat = property(FlatIterator, set_flat)  # type: ignore[attr-defined]
