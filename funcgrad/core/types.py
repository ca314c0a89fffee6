"""Abstract values: what is known of an array while tracing."""

from __future__ import annotations

from typing import Any

import numpy as np

# JAX's name for the tangent type of integers and booleans: arrays of it hold nothing.
float0 = np.dtype([("float0", np.void, 0)])

_SHORT = {"float": "f", "int": "i", "uint": "u", "complex": "c", "bool": "bool"}


def short_dtype(dtype: np.dtype[Any]) -> str:
    """JAX's short name of a dtype: f64, i32, u8, c128, bool."""
    if dtype == float0:
        return "float0"
    name = dtype.name
    base = name.rstrip("0123456789")
    return _SHORT[base] + name[len(base) :] if base in _SHORT else name


class ShapedArray:
    """Shape, dtype and weakness of an array.

    A weak type is that of a Python scalar: in operations with arrays it gives way to their dtype
    (NEP 50). Instances are immutable; equal ones hash equally.

    >>> ShapedArray((3,), np.dtype("float32"))
    f32[3]
    """

    __slots__ = ("_hash", "dtype", "shape", "weak_type")

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], weak_type: bool = False
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.weak_type = weak_type
        self._hash = hash((shape, dtype, weak_type))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            type(other) is ShapedArray
            and self._hash == other._hash
            and self.shape == other.shape
            and self.dtype == other.dtype
            and self.weak_type == other.weak_type
        )

    def __reduce__(self) -> Any:
        return ShapedArray, (self.shape, self.dtype, self.weak_type)

    def __repr__(self) -> str:
        return self.str_short()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def str_short(self) -> str:
        """`f64[3,4]`, as jaxprs print it."""
        return f"{short_dtype(self.dtype)}[{','.join(map(str, self.shape))}]"

    def update(
        self,
        shape: tuple[int, ...] | None = None,
        dtype: np.dtype[Any] | None = None,
        weak_type: bool | None = None,
    ) -> ShapedArray:
        """A copy with some fields changed."""
        return ShapedArray(
            self.shape if shape is None else shape,
            self.dtype if dtype is None else dtype,
            self.weak_type if weak_type is None else weak_type,
        )

    def strip_weak_type(self) -> ShapedArray:
        return ShapedArray(self.shape, self.dtype) if self.weak_type else self


# Not guarded: threads that race make equal types, which compare equal though they are not one object.
_INTERNED: dict[tuple[tuple[int, ...], np.dtype[Any]], ShapedArray] = {}
_MAX_INTERNED = 4096


def interned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> ShapedArray:
    """The type of arrays; equal ones are mostly the same object, which is quick to make and to compare."""
    key = (shape, dtype)
    aval = _INTERNED.get(key)
    if aval is None:
        if len(_INTERNED) >= _MAX_INTERNED:
            _INTERNED.clear()
        aval = _INTERNED[key] = ShapedArray(*key)
    return aval


def array_aval(array: Any) -> ShapedArray:
    """The abstract value of an array."""
    return interned(array.shape, array.dtype)


SCALAR_AVALS: dict[type, ShapedArray] = {
    # NumPy's bool has no weak form: it is the lowest type anyhow.
    bool: ShapedArray((), np.dtype(bool)),
    int: ShapedArray((), np.dtype(int), weak_type=True),
    float: ShapedArray((), np.dtype(float), weak_type=True),
    complex: ShapedArray((), np.dtype(complex), weak_type=True),
}
WEAK_TYPES: dict[np.dtype[Any], type] = {
    np.dtype(int): int,
    np.dtype(float): float,
    np.dtype(complex): complex,
}
# Kinds of dtypes that traced values may have: bool, signed, unsigned, float, complex.
NUMERIC_KINDS = frozenset("biufc")


def aval_of(value: Any) -> ShapedArray:
    """The abstract value of an array, NumPy scalar or Python scalar (not of a tracer)."""
    aval = SCALAR_AVALS.get(type(value))
    return array_aval(value) if aval is None else aval


def is_differentiable(dtype: np.dtype[Any]) -> bool:
    """Whether values of this dtype have tangents (floating and complex ones do)."""
    return dtype.kind in "fc"


def is_masked(array: Any) -> bool:
    """Whether an array is a masked one. Plain arrays never ask NumPy for `np.ma`, which takes long to import."""
    kind = type(array)
    return (
        kind is not np.ndarray
        and issubclass(kind, np.ndarray)
        and issubclass(kind, np.ma.MaskedArray)
    )
