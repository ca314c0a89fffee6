"""Cases: sorting, searching, sets, and functions that call a function of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.numpy import jax_arguments
from funcgrad.numpy import sized as sizes
from funcgrad.numpy.functional import vectorize
from funcgrad.ops import sorting
from tests.cases.case import Case


def separate(*shape: int) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Elements that differ by much more than a finite difference."""
    return lambda rng: (
        rng.permutation(np.linspace(-2.0, 2.0, int(np.prod(shape)))).reshape(shape),
    )


SORTING = [
    *[
        Case(np.sort, args=separate(3, 4), params=p, dtypes=("float32",))
        for p in ({}, {"axis": 0}, {"axis": None}, {"stable": True})
    ],
    Case(np.sort, params={"kind": "stable"}, jax=None),
    Case(np.sort, shapes=((5,),), dtypes=("int8", "bool", "complex64"), grad=False),
    Case(lambda x: np.sort(x), shapes=((5,),), complex=True, name="sort complex"),
    Case(lambda x: np.sort(np.round(x)) + np.sum(x), name="sort ties"),
    *[
        Case(np.argsort, params=p, dtypes=("int8", "float32"), grad=False)
        for p in ({"stable": True}, {"axis": 0, "kind": "stable"}, {"axis": None})
    ],
    Case(np.sort_complex, args=separate(4), dtypes=("float32",)),
    *[
        Case(
            lambda x, p=p: np.partition(x, **p)[..., p["kth"]],
            args=separate(3, 5),
            jax=None,
            name=f"partition {p}",
        )
        for p in ({"kth": 2}, {"kth": -1}, {"kth": 1, "axis": -1})
    ],
    Case(
        lambda x: np.sort(np.partition(x, (1, 3), axis=0)[2:], 0),
        args=separate(5, 2),
        name="partition at two",
        jax=None,
    ),
    Case(
        lambda x: np.argpartition(x, 2, axis=1)[:, 2],
        args=separate(3, 5),
        grad=False,
        name="argpartition",
    ),
    Case(lambda x: x[np.argpartition(x, 1)[1]], args=separate(5), name="x[argpartition]"),
    Case(lambda x: np.lexsort((x[0], np.round(x[1]))), grad=False, name="lexsort"),
    Case(lambda x: np.lexsort(x, axis=0), shapes=((2, 3, 4),), grad=False, name="lexsort rows"),
    *[
        Case(
            np.searchsorted,
            args=lambda rng: (np.sort(rng.normal(size=5)), rng.normal(size=(2, 3))),
            params={"side": side},
            grad=False,
        )
        for side in ("left", "right")
    ],
    Case(
        lambda a, v: np.searchsorted(a, v, sorter=np.argsort(a)),
        shapes=((5,), ()),
        grad=False,
        name="searchsorted sorter",
        jax=None,
    ),
    Case(lambda v: np.searchsorted(np.arange(3.0), v), grad=False, name="searchsorted plain"),
    *[
        Case(
            lambda x, b=b, r=r: np.digitize(x, b, right=r),
            grad=False,
            name=f"digitize {b} {r}",
            jax=None,
        )
        for b in (np.array([-1.0, 0.0, 1.0]), np.array([1.0, 0.0, -1.0]))
        for r in (False, True)
    ],
    Case(
        lambda x, b: np.digitize(x, np.sort(b)),
        shapes=((3,), (4,)),
        grad=False,
        name="digitize traced",
    ),
    Case(
        lambda x, b: np.digitize(x, np.sort(b)[::-1]),
        shapes=((3,), (4,)),
        grad=False,
        name="digitize falling",
    ),
    Case(
        lambda x: sorting.argsort(x, dimension=0, kind="stable"),
        grad=False,
        name="argsort_p",
        jax=None,
    ),
]
SETS = [
    Case(
        lambda x: np.unique(np.array([0, 2, 1, 0, 2])[..., None] + 0 * x),
        shapes=((1,),),
        name="unique plain",
        vmap=False,
        jax=None,
        grad=False,
    ),
    Case(np.unique, args=separate(3, 4), vmap=False, jax=None),
    Case(np.unique, args=separate(3, 4), vmap=False, jax=None, params={"axis": 1}),
    Case(
        lambda x: np.unique(x, True, True, True),
        args=separate(3, 4),
        vmap=False,
        jax=None,
        name="unique with indices",
    ),
    *[
        Case(f, args=separate(3, 4), vmap=False, jax=None)
        for f in (np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values)
    ],
    Case(
        np.unique,
        args=lambda rng: (rng.integers(0, 3, 8),),
        grad=False,
        vmap=False,
        jax=None,
        params={"return_counts": True, "return_inverse": True, "return_index": True},
    ),
    Case(np.union1d, shapes=((3,), (2, 2)), vmap=False, jax=None),
    Case(
        np.union1d,
        args=lambda rng: (rng.integers(0, 5, 7), rng.integers(0, 5, 4)),
        grad=False,
        vmap=False,
        jax=None,
    ),
    *[
        Case(
            f,
            args=lambda rng: (rng.integers(0, 5, 7), rng.integers(2, 9, 4)),
            grad=False,
            vmap=False,
            jax=None,
        )
        for f in (np.intersect1d, np.setdiff1d, np.setxor1d)
    ],
    Case(
        np.intersect1d,
        args=lambda rng: (rng.integers(0, 5, 7), rng.integers(2, 9, 4)),
        grad=False,
        vmap=False,
        jax=None,
        params={"return_indices": True},
    ),
    Case(
        lambda x, y: np.setdiff1d(x, y), shapes=((4,), (3,)), vmap=False, jax=None, name="setdiff1d"
    ),
    Case(
        lambda x, y: np.setxor1d(x, y), shapes=((4,), (3,)), vmap=False, jax=None, name="setxor1d"
    ),
    Case(
        lambda x: np.intersect1d(x, x[::2]),
        args=separate(4),
        vmap=False,
        jax=None,
        name="intersect1d",
    ),
    *[
        Case(
            np.isin,
            args=lambda rng: (rng.integers(0, 5, (2, 3)), rng.integers(0, 5, 4)),
            params=p,
            grad=False,
        )
        for p in ({}, {"invert": True})
    ],
]
SIZED_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("unique", {}),
    ("unique", {"fill_value": 9, "return_index": True, "return_counts": True}),
    ("unique", {"return_inverse": True}),
    ("unique_all", {}),
    ("unique_counts", {}),
    ("unique_inverse", {}),
    ("unique_values", {}),
    ("flatnonzero", {}),
    ("nonzero", {"fill_value": -1}),
    ("argwhere", {}),
    ("where", {}),
]
SIZED_PAIRS = ("union1d", "intersect1d", "setdiff1d", "setxor1d")


def sized(name: str, params: dict[str, Any]) -> Callable[..., Any]:
    return lambda *xs: getattr(sizes, name)(*xs, **params)


def sized_jax(name: str, params: dict[str, Any]) -> Callable[..., Any]:
    return lambda *xs: getattr(__import__("jax").numpy, name)(*xs, **params)


SIZED = [
    Case(
        sized(name, params | {"size": size}),
        args=lambda rng: (rng.integers(0, 3, 6),),
        grad=False,
        name=f"{name} of size {size} {params}",
        jax=None,
    )
    for name, params in SIZED_CALLS
    for size in (2, 8)
]
SIZED += [
    Case(
        sized(name, {"size": size, "fill_value": 7}),
        args=lambda rng: (rng.integers(0, 5, 6), rng.integers(1, 7, 4)),
        grad=False,
        name=f"{name} of size {size}",
        jax=None,
    )
    for name in SIZED_PAIRS
    for size in (2, 8)
]
# Their derivatives, on numbers without ties.
SIZED += [
    Case(
        sized(name, params),
        args=separate(*shape),
        name=f"{name} {params}",
        jax=sized_jax(name, params),
    )
    for name, params, shape in (
        ("unique", {"size": 4}, (6,)),
        ("unique", {"size": 8, "fill_value": 2.0}, (2, 3)),
    )
]
SIZED += [
    Case(lambda x: sizes.extract(x > 0.0, x, size=5), name="extract of a size", jax=None),
    Case(
        lambda x: sizes.compress(x[:, 0] > 0.0, x, axis=0, size=2),
        name="compress of a size",
        jax=None,
    ),
    Case(
        lambda x: sizes.repeat(x, np.argmax(x, 1), axis=0, total_repeat_length=4),
        name="repeat of a length",
        jax=None,
    ),
    Case(
        lambda x: jax_arguments.take(np.array([5.0, 6.0, 7.0]), np.argmax(x, 1) % 3) * x[:, 0],
        name="take from a plain array",
        jax=None,
    ),
    Case(lambda x: x[sizes.where(x > 0.0, size=3)], name="x[where of a size]", jax=None),
    Case(lambda x: sizes.where(x > 0.0, x, 0.0), name="where of three", jax=None),
]
CALLS = [
    Case(
        lambda x: np.apply_along_axis(lambda r: r * r[0], 0, x), name="apply_along_axis", jax=None
    ),
    Case(lambda x: np.apply_along_axis(np.sum, 1, x), name="apply_along_axis sum"),
    Case(
        lambda x: np.apply_along_axis(np.diag, 1, x),
        shapes=((2, 3, 2),),
        jax=None,
        name="apply_along_axis diag",
    ),
    Case(
        lambda x: np.apply_over_axes(np.sum, x, [0, 2]), shapes=((2, 3, 4),), name="apply_over_axes"
    ),
    Case(
        lambda x, y: vectorize(lambda a, b: a * b if a > 0.0 else a - b)(x, y),
        shapes=((2, 3), (3,)),
        name="vectorize",
        jax=None,
        vmap=False,
    ),
    Case(
        lambda x, y: vectorize(lambda a, b: (a * np.sum(b), b), signature="(),(n)->(),(n)")(x, y),
        shapes=((2,), (3,)),
        name="vectorize signature",
        jax=None,
    ),
    Case(
        lambda x: vectorize(lambda a, k: a**k, excluded={"k"})(x, k=2),
        name="vectorize excluded",
        jax=None,
    ),
]
CASES = [*SORTING, *SETS, *SIZED, *CALLS]
