"""`np.einsum`: from subscripts to diagonals, sums, and contractions of pairs.

An axis has a label: a letter (or a number, in the form with lists), or `("...", k)` for the k-th axis
of an ellipsis, counted from its end, so that equal labels are axes that broadcast together.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import deliver, operand
from funcgrad.numpy.views import strided_view
from funcgrad.ops.basic import broadcast_in_dim, convert, reshape, sum_axes, transpose
from funcgrad.ops.contraction import contract

Labels = list[Any]
Term = tuple[Any, Labels]
_DOTS = "..."


@implements(np.einsum)
def einsum(
    *operands: Any,
    out: Any = None,
    optimize: Any = False,
    dtype: Any = None,
    order: str = "K",
    casting: Any = "safe",
) -> Any:
    """As NumPy's. Three operands or more are always contracted in a cheap order."""
    subscripts, arrays = _read(operands)
    dtypes = {typeof(x).dtype for x in arrays}
    common = np.result_type(*dtypes) if dtype is None else np.dtype(dtype)
    for given in dtypes:
        if given != common and not np.can_cast(given, common, casting):
            raise ArgumentError(
                f"np.einsum: an operand of dtype {given} cannot be cast to {common} by the rule "
                f"{casting!r}{here()}"
            )
    labels, wanted, sizes = _understood(subscripts, tuple([typeof(x).shape for x in arrays]))

    def value(*arrays: Any) -> Any:
        terms = [
            _drop_ones(convert(x, common), names, sizes)
            for x, names in zip(arrays, labels, strict=True)
        ]
        for pair in _path(optimize, labels, wanted, sizes):
            chosen = [terms.pop(i) for i in sorted(pair, reverse=True)][::-1]
            kept = {*wanted, *[name for _, names in terms for name in names]}
            for i in range(1, len(chosen)):
                later = {name for _, names in chosen[i + 1 :] for name in names}
                first = wanted if not terms and i == len(chosen) - 1 else None
                chosen[i] = _multiply(chosen[i - 1], chosen[i], kept | later, first)
            terms.append(_reduce(chosen[-1], kept))
        (term,) = terms
        return _arrange(_reduce(term, set(wanted)), wanted, sizes)

    x = arrays[0]
    sums_nothing = len(arrays) == 1 and set(labels[0]) == set(wanted)
    if sums_nothing and isinstance(x, Tracer) and out is None and common == x.dtype:
        # As NumPy's, a view: `np.einsum("ii->i", z)[:] = 1.0` writes to the diagonal.
        i = 1 if isinstance(operands[0], str) else 0
        layout = lambda a: np.einsum(*operands[:i], a, *operands[i + 1 :])
        return strided_view(x, value, layout)
    return deliver(value(*arrays), out, "np.einsum")


@implements(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    stand_ins: list[Any] = [
        x
        if isinstance(x, str) or _is_sublist(x)
        else np.broadcast_to(np.zeros((), typeof(operand(x)).dtype), typeof(operand(x)).shape)
        for x in operands
    ]
    options: Any = {"optimize": optimize, "einsum_call": einsum_call}
    return np.einsum_path(*stand_ins, **options)


def _is_sublist(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and all(
        i is Ellipsis or isinstance(i, (int, np.integer)) for i in x
    )


# Reading the arguments


def _read(operands: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The subscripts, as text or as (those of the operands, those of the result), and the operands."""
    if not operands or (len(operands) == 1 and not isinstance(operands[0], str)):
        raise ArgumentError(
            f"np.einsum: no subscripts{here()}\n  give them first, np.einsum('ij,j->i', a, x)"
        )
    if isinstance(operands[0], str):
        return operands[0], [operand(x) for x in operands[1:]]
    pairs = len(operands) // 2
    subscripts = tuple([_numbers(sublist) for sublist in operands[1 : 2 * pairs : 2]])
    result = _numbers(operands[-1]) if len(operands) % 2 else None
    return (subscripts, result), [operand(x) for x in operands[: 2 * pairs : 2]]


@lru_cache(maxsize=1024)
def _understood(
    subscripts: Any, shapes: tuple[tuple[int, ...], ...]
) -> tuple[list[Labels], Labels, dict[Any, int]]:
    """The labels of the operands and of the result, and the lengths of their axes."""
    if isinstance(subscripts, str):
        before, arrow, after = subscripts.replace(" ", "").partition("->")
        parts = [_letters(part) for part in before.split(",")]
        result = _letters(after) if arrow else None
    else:
        parts, result = subscripts
    if len(parts) != len(shapes):
        raise ArgumentError(
            f"np.einsum: the subscripts are for {len(parts)} operands, but {len(shapes)} are "
            f"given{here()}"
        )
    labels = [_expand(s, shape, i) for i, (s, shape) in enumerate(zip(parts, shapes, strict=True))]
    wanted = _result_labels(parts, labels, result)
    return labels, wanted, _sizes(labels, shapes)


def _letters(text: str) -> Labels:
    head, dots, tail = text.partition(_DOTS)
    for letter in head + tail:
        if not (letter.isascii() and letter.isalpha()):
            raise ArgumentError(
                f"np.einsum: invalid subscript {letter!r} in {text!r}{here()}\n  "
                "subscripts are letters and at most one ellipsis (...) per operand"
            )
    return [*head, *[_DOTS] * bool(dots), *tail]


def _numbers(sublist: Any) -> tuple[Any, ...]:
    return tuple([_DOTS if i is Ellipsis else operator.index(i) for i in sublist])


def _expand(subscript: Sequence[Any], shape: tuple[int, ...], position: int) -> Labels:
    """One label per axis: the ellipsis becomes the labels of its axes."""
    extra = len(shape) - (len(subscript) - (_DOTS in subscript))
    if extra < 0 or (extra and _DOTS not in subscript):
        raise ArgumentError(
            f"np.einsum: operand {position} has shape {shape}, but its subscripts name "
            f"{len(subscript) - (_DOTS in subscript)} axes{here()}"
        )
    return [
        label
        for name in subscript
        for label in ([(_DOTS, k) for k in range(-extra, 0)] if name == _DOTS else [name])
    ]


def _result_labels(subscripts: list[Labels], labels: list[Labels], result: Labels | None) -> Labels:
    every = [name for names in labels for name in names]
    dots = sorted({name for name in every if isinstance(name, tuple)})
    if result is None:
        # NumPy's rule: the axes of ellipses, then the labels that occur once, in order.
        named = [name for names in subscripts for name in names if name != _DOTS]
        return [*dots, *sorted(name for name in set(named) if named.count(name) == 1)]
    if dots and _DOTS not in result:
        raise ArgumentError(
            f"np.einsum: the operands have axes in an ellipsis, so the result needs one{here()}"
        )
    wanted = [label for name in result for label in (dots if name == _DOTS else [name])]
    for name in wanted:
        if wanted.count(name) > 1:
            raise ArgumentError(f"np.einsum: the result has subscript {name!r} twice{here()}")
        if name not in every:
            raise ArgumentError(
                f"np.einsum: the result has subscript {name!r}, which no operand has{here()}"
            )
    return wanted


def _sizes(labels: list[Labels], shapes: Sequence[tuple[int, ...]]) -> dict[Any, int]:
    """The length of the axes of each label; axes of length 1 broadcast."""
    sizes: dict[Any, int] = {}
    for names, shape in zip(labels, shapes, strict=True):
        own: dict[Any, int] = {}
        for name, n in zip(names, shape, strict=True):
            if own.setdefault(name, n) != n:
                raise ArgumentError(
                    f"np.einsum: subscript {name!r} stands for axes of lengths {own[name]} and {n} "
                    f"of an operand of shape {shape}{here()}"
                )
            before = sizes.get(name, 1)
            if before != 1 and n not in (1, before):
                raise ArgumentError(
                    f"np.einsum: subscript {name!r} stands for axes of lengths {before} and {n}; "
                    f"the operands have shapes {', '.join(map(str, shapes))}{here()}"
                )
            sizes[name] = n if before == 1 else before
    return sizes


# Computing


def _drop_ones(x: Any, names: Labels, sizes: dict[Any, int]) -> Term:
    """Leave axes of length 1 out that other operands stretch; take the diagonal of repeated labels."""
    shape = typeof(x).shape
    kept = [d for d, name in enumerate(names) if shape[d] == sizes[name]]
    x, names = reshape(x, tuple([shape[d] for d in kept])), [names[d] for d in kept]
    for name in set(names):
        while names.count(name) > 1:
            i = names.index(name)
            j = names.index(name, i + 1)
            x = np.diagonal(x, axis1=i, axis2=j)
            names = [*names[:i], *names[i + 1 : j], *names[j + 1 :], name]
    return x, names


def _reduce(term: Term, kept: set[Any]) -> Term:
    """Sum over the labels that nobody needs any more."""
    x, names = term
    summed = [d for d, name in enumerate(names) if name not in kept]
    return sum_axes(x, summed), [name for name in names if name in kept]


def _multiply(left: Term, right: Term, kept: set[Any], wanted: Labels | None) -> Term:
    """The product of two terms, summed over the labels that nobody else needs."""
    x, x_names = _reduce(left, kept | set(right[1]))
    y, y_names = _reduce(right, kept | set(left[1]))
    names = [name for name in (wanted or ()) if name in x_names or name in y_names]
    names += [name for name in x_names if name in kept and name not in names]
    names += [name for name in y_names if name in kept and name not in names]
    return contract(x, x_names, y, y_names, names), names


def _arrange(term: Term, wanted: Labels, sizes: dict[Any, int]) -> Any:
    x, names = term
    present = [name for name in wanted if name in names]
    x = transpose(x, [names.index(name) for name in present])
    if present != wanted:
        dims = tuple([wanted.index(name) for name in present])
        shape = tuple([sizes[name] for name in wanted])
        x = broadcast_in_dim(x, shape=shape, broadcast_dimensions=dims)
    return x


def _path(
    optimize: Any, labels: list[Labels], wanted: Labels, sizes: dict[Any, int]
) -> Sequence[tuple[int, ...]]:
    """Which operands are contracted after each other; a result becomes the last operand."""
    if isinstance(optimize, (list, tuple)) and optimize and optimize[0] == "einsum_path":
        return [tuple(pair) for pair in optimize[1:]]
    if len(labels) < 3:
        return [tuple(range(len(labels)))]
    method = optimize if isinstance(optimize, (str, tuple)) else "greedy"
    numbers = {name: k for k, name in enumerate(sizes)}
    return _found_path(
        tuple([tuple([numbers[name] for name in names]) for names in labels]),
        tuple([numbers[name] for name in wanted]),
        tuple(sizes.values()),
        method,
    )


@lru_cache(maxsize=512)
def _found_path(
    labels: tuple[tuple[int, ...], ...],
    wanted: tuple[int, ...],
    sizes: tuple[int, ...],
    method: Any,
) -> tuple[tuple[int, ...], ...]:
    arguments: list[Any] = []
    for names in labels:
        shape = tuple([sizes[name] for name in names])
        arguments += [np.broadcast_to(np.zeros(()), shape), list(names)]
    path, _ = np.einsum_path(*arguments, list(wanted), optimize=method)
    return tuple(path[1:])
