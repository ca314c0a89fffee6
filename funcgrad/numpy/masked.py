"""Boolean masks that have no value: under `vmap` and `jit` the shape of `x[mask]` is unknown.

Much code needs no such shape: `x[mask] = 0`, `x[mask] *= 2`, `z[mask] = np.log(x[mask])`,
`x[mask].sum()`. There `x[mask]` stands for its elements in place, in an array of the shape of `x`,
and the update is `np.where(mask, values, x)`. Elements that the mask does not select are 1
meanwhile, so that functions and derivatives stay finite on them.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from funcgrad.core.errors import ConcretizationError
from funcgrad.core.source import here
from funcgrad.core.tracing import Trace, Tracer, typeof
from funcgrad.numpy.index_entries import classify
from funcgrad.numpy.places import check_mask, find_place
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.elementwise import where
from funcgrad.ops.indexing import getitem, setitem

_INSTEAD = (
    "use np.where(mask, x, other), or np.sum(x, where=mask) and the like; only updates and "
    "functions that work element by element, as x[mask] *= 2 and z[mask] = np.log(x[mask]), "
    "need no shape"
)
# How far back the computations of two masks are compared.
_DEPTH = 8
_REDUCTIONS = ("sum", "prod", "mean", "std", "var", "any", "all")
_BASIC = frozenset(("int", "slice", "new", "ellipsis", "mask"))
_ELEMENTWISE = frozenset(
    (np.where, np.clip, np.round, np.real, np.imag, np.angle, np.sinc, np.i0, np.nan_to_num)
    + (np.isclose, np.astype, np.copy, np.zeros_like, np.ones_like, np.empty_like, np.full_like)
)
_OF_DTYPES = frozenset((np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj))


class _Selection:
    """Where a mask lies in an array: which basic part of it, along which axes of that part.

    Attributes:
        basic: the index of the part, in which the axes of the mask are whole.
        mask: the mask with axes of length 1, so that it broadcasts to the part.
        axis, n_axes: the first axis of the part that the mask covers, and their number.
        block: the axis of `x[mask]` that counts the selected elements.
        ndim: the number of axes of the part.
    """

    __slots__ = ("axis", "basic", "block", "key", "mask", "n_axes", "ndim")

    def __init__(self, mask: Any, entries: list[tuple[str, Any]], shape: tuple[int, ...]) -> None:
        advanced = [n for n, (kind, _) in enumerate(entries) if kind in ("mask", "int")]
        contiguous = advanced[-1] - advanced[0] == len(advanced) - 1
        index: list[Any] = []
        axis = before = n_out = 0
        for number, (kind, k) in enumerate(entries):
            if number == advanced[0]:
                before = n_out
            if kind == "mask":
                check_mask(mask, axis, shape)
                self.axis = n_out
                self.n_axes = typeof(mask).ndim
                index += [slice(None)] * self.n_axes
                axis += self.n_axes
                n_out += self.n_axes
            elif kind == "ellipsis":
                index += [slice(None)] * k
                axis += k
                n_out += k
            else:
                index.append(k)
                axis += kind != "new"
                n_out += kind != "int"
        self.basic = find_place(tuple(index), shape).basic
        self.ndim = n_out
        self.block = before if contiguous else 0
        behind = n_out - self.axis - self.n_axes
        self.mask = reshape(mask, (1,) * self.axis + typeof(mask).shape + (1,) * behind)
        self.key = (_identity(mask), self.axis, self.n_axes, self.block)

    def part(self, x: Any) -> Any:
        return x if self.basic is None else getitem(x, index=self.basic)

    def in_place(self, value: Any) -> Any:
        """A value that broadcasts to `x[mask]` without knowing its shape, as one for the part.

        None if that is not possible: it has one element for each that is selected.
        """
        shape = typeof(value).shape
        if not shape:
            return value
        ndim = self.ndim - self.n_axes + 1
        full = (1,) * (ndim - len(shape)) + shape
        if len(full) != ndim or full[self.block] != 1:
            return None
        rest = full[: self.block] + full[self.block + 1 :]
        return reshape(value, (*rest[: self.axis], *(1,) * self.n_axes, *rest[self.axis :]))


def _identity(mask: Any) -> Any:
    """What two masks have in common that are equal for certain, as in `out[x > 0] = np.log(x[x > 0])`."""
    if type(mask) is not Tracer:
        return id(mask)
    if mask._view is not None:
        mask._refresh()
    return mask._trace, _origin(mask._trace, mask._index, _DEPTH)


def _origin(trace: Trace, index: int, depth: int) -> Any:
    """How a variable was computed, from which others: the same for the same computation done twice."""
    if index < 0:
        value = trace.literals[-1 - index]
        return type(value), repr(value)
    place = bisect.bisect_right(trace.starts, index) - 1
    if not depth or place < 0 or trace.starts[place] != index:  # an input, a captured value
        return index
    primitive, ins, items = trace.records[place]
    if primitive.effects:
        return index
    return primitive, items, tuple([_origin(trace, i, depth - 1) for i in ins])


def refuse_mask(mask: Any) -> None:
    """Raise the error for a mask whose number of selected elements is needed, but not known."""
    mask._concrete("elements selected by the mask", _INSTEAD)


def masked_read(x: Any, mask: Tracer, entries: list[tuple[str, Any]]) -> Masked:
    """`x[mask]` for a mask without a value."""
    kinds = [kind for kind, _ in entries]
    if not _BASIC.issuperset(kinds) or kinds.count("mask") != 1:
        refuse_mask(mask)
    selection = _Selection(mask, entries, x.shape)
    values = where(selection.mask, selection.part(x), x.dtype.type(1))
    return Masked(selection, mask, values)


def masked_update(x: Any, key: Any, value: Any) -> Any:
    """`x` with `x[key] = value` by way of np.where, or None if that does not apply.

    It does for one mask, with slices and ints, and a value whose shape does not depend on the mask.
    """
    if not has_mask(key):
        if type(value) is Masked:
            refuse_mask(value.mask)
        return None
    entries = classify(key, x.shape)
    kinds = [kind for kind, _ in entries]
    if not _BASIC.issuperset(kinds) or kinds.count("mask") != 1:
        return None
    mask = entries[kinds.index("mask")][1]
    selection = _Selection(mask, entries, x.shape)
    if type(value) is Masked:
        if value.selection.key != selection.key:
            raise ConcretizationError(
                "elements selected by one mask were stored where another mask selects: how many "
                f"these are is not known while tracing{here()}\n  {_INSTEAD}"
            )
        new: Any = convert(value.values, x.dtype)
    else:
        new = selection.in_place(value)
        if new is None:
            return None
    part = selection.part(x)
    updated = where(selection.mask, new, part)
    if typeof(updated).shape != typeof(part).shape:
        raise ValueError(
            f"shape mismatch: a value of shape {typeof(value).shape} could not be broadcast to the "
            f"elements of an array of shape {x.shape} that a mask of shape {typeof(mask).shape} "
            f"selects{here()}"
        )
    return updated if selection.basic is None else setitem(x, updated, index=selection.basic)


def has_mask(key: Any) -> bool:
    """Whether an index contains a boolean array."""
    return any(_is_mask(k) for k in (key if type(key) is tuple else (key,)))


def _is_mask(k: Any) -> bool:
    if type(k) is not Tracer and not (isinstance(k, np.ndarray) and k.ndim):
        return False
    return bool(k.dtype.kind == "b")


class Masked(NDArrayOperatorsMixin):
    """`x[mask]` for a mask without a value: its elements in place, in an array as large as `x`."""

    __slots__ = ("mask", "selection", "values")

    def __init__(self, selection: _Selection, mask: Tracer, values: Any) -> None:
        self.selection = selection
        self.mask = mask
        self.values = values

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def device(self) -> str:
        return "cpu"

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return self.mask.__array_namespace__(api_version=api_version)

    def astype(self, dtype: Any) -> Masked:
        return Masked(self.selection, self.mask, convert(self.values, dtype))

    def copy(self) -> Masked:
        return Masked(self.selection, self.mask, self.values)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", (None,))
        if ufunc in (np.matmul, np.vecdot) and method == "__call__" and not kwargs:
            return self._product(ufunc, inputs)
        if method == "reduce" and inputs[0] is self and ufunc.identity is not None and not kwargs:
            return self._reduced(ufunc.reduce, axis=None)
        if method != "__call__" or kwargs or len(out) != 1 or ufunc.signature is not None:
            refuse_mask(self.mask)
        values = ufunc(*[self._in_place(x) for x in inputs])
        if type(out[0]) is Masked:
            out[0].values = convert(values, out[0].dtype)
            return out[0]
        return Masked(self.selection, self.mask, values)

    def _in_place(self, x: Any) -> Any:
        """An operand of a function that works element by element, in an array as large as that of `self`."""
        if type(x) is Masked:
            if x.selection.key != self.selection.key:
                refuse_mask(self.mask)
            return x.values
        in_place = self.selection.in_place(x)
        if in_place is None:
            refuse_mask(self.mask)
        return in_place

    def _is_vector(self) -> bool:
        """Whether the mask covers all axes, so that what it selects has one."""
        return bool(typeof(self.values).ndim == self.selection.n_axes)

    def _reduced(self, function: Callable[..., Any], **kwargs: Any) -> Any:
        """The result of a reduction of a vector that takes `where`."""
        if not self._is_vector():
            refuse_mask(self.mask)
        return function(self.values, where=self.selection.mask, **kwargs)

    def _product(self, function: Any, factors: Sequence[Any]) -> Any:
        """The inner product of two vectors of elements that one mask selects."""
        if len(factors) != 2 or not all(type(x) is Masked for x in factors):
            refuse_mask(self.mask)
        first, second = (self._in_place(x) for x in factors)
        if function in (np.vecdot, np.vdot):
            first = np.conj(first)
        return self._reduced(lambda values, where: np.sum(first * second, where=where))

    @property
    def size(self) -> Any:
        """The number of elements, which is traced too."""
        return np.sum(np.broadcast_to(self.selection.mask, typeof(self.values).shape))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _PRODUCTS and not kwargs:
            return self._product(func, args)
        if func in _OF_VECTORS and len(args) == 1 and not kwargs:
            return _OF_VECTORS[func](self)
        if func in _WITH_INITIAL and len(args) == 1 and kwargs.keys() == {"initial"}:
            return self._reduced(func, **kwargs)
        if func in _OF_DTYPES:
            return func(*[x.values if type(x) is Masked else x for x in args], **kwargs)
        if func in _ELEMENTWISE and not kwargs.keys() & {"shape", "out", "where"}:
            operands = [self._in_place(x) if _is_array(x) else x for x in args]
            given = {k: self._in_place(x) if _is_array(x) else x for k, x in kwargs.items()}
            return Masked(self.selection, self.mask, func(*operands, **given))
        if func in _MASKED_FUNCTIONS and len(args) == 1 and not kwargs and args[0] is self:
            return func(self.values, where=self.selection.mask)
        refuse_mask(self.mask)
        return None

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        refuse_mask(self.mask)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse_mask(self.mask)
        return None

    def __bool__(self) -> bool:
        refuse_mask(self.mask)
        return False

    def __len__(self) -> int:
        refuse_mask(self.mask)
        return 0

    def __getitem__(self, key: Any) -> Any:
        refuse_mask(self.mask)

    def __iter__(self) -> Any:
        refuse_mask(self.mask)

    def __repr__(self) -> str:
        return f"<elements of {self.values!r} selected by {self.mask!r}>"


def _norm(values: Any, where: Any) -> Any:
    return np.linalg.norm(np.ravel(np.where(where, values, values.dtype.type(0))))


def _is_array(x: Any) -> bool:
    return isinstance(x, (Masked, Tracer, np.ndarray))


def _reduction(name: str) -> Callable[[Masked], Any]:
    return lambda self: getattr(np, name)(self.values, where=self.selection.mask)


for _name in _REDUCTIONS:
    setattr(Masked, _name, _reduction(_name))
_MASKED_FUNCTIONS = frozenset(
    [getattr(np, name) for name in _REDUCTIONS] + [np.nansum, np.nanprod, np.nanmean]
)
_PRODUCTS = frozenset((np.dot, np.vdot, np.inner))
# Of nothing they are errors, which a traced function cannot raise.
_WITH_INITIAL = frozenset((np.max, np.min, np.amax, np.amin))
_OF_VECTORS: dict[Any, Callable[[Masked], Any]] = {
    np.size: lambda self: self.size,
    np.count_nonzero: lambda self: np.sum(np.not_equal(self.values, 0), where=self.selection.mask),
    np.average: lambda self: np.mean(self.values, where=self.selection.mask),
    np.linalg.norm: lambda self: self._reduced(_norm),
}
