"""Cases: reading by index, functional updates, taking, and functions that write into arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.numpy.updates import at
from funcgrad.ops import dynamic, gather, indexing, scatter
from tests.cases.case import Case

I = np.array([[0, 2], [1, -1]])  # noqa: E741
J = np.array([3, 0])
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
ROWS = np.array([True, False, True])
DTYPES = ("float64", "int8", "complex64")

READS: dict[str, Any] = {
    "int": 1,
    "negative": -1,
    "two ints": (1, -2),
    "slice": slice(1, 3),
    "backwards": (slice(None, None, -1), slice(3, 0, -2)),
    "empty slice": slice(2, 1),
    "ellipsis": (..., 0),
    "newaxis": (None, slice(None), None, 1),
    "everything": ...,
    "rows": np.array([2]),
    "rows twice": np.array([0, 2, 0]),
    "matrix of rows": I,
    "columns": (slice(None), I),
    "pairs": (np.array([0, 2]), J),
    "open mesh": np.ix_([0, 2], [1, 3, 3]),
    "array and slice": (J[1:], slice(1, 3)),
    "array and int": (np.array([0, 2]), 1),
    "list": [0, 2],
    "mask": MASK,
    "rows by mask": ROWS,
    "mask and int": (ROWS, 1),
    "columns by mask": (slice(1, None), np.array([True, False, True, True])),
    "empty array": np.array([], int),
}
READS_3D: dict[str, Any] = {
    "separated": (np.array([0, 1]), slice(None), np.array([[1], [3]])),
    "separated by int": (0, slice(None), np.array([1, 3])),
    "adjacent": (slice(None), np.array([0, 2]), np.array([[1], [3]])),
    "int beside": (slice(None), 1, np.array([1, 3])),
    "newaxis between": (np.array([0, 1]), None, np.array([1, 2])),
    "ellipsis between": (np.array([0, 1]), ..., np.array([1, 2])),
    "mask of two axes": np.array([[True, False, True], [False, True, True]]),
    "mask beside an array": (ROWS[:2], slice(None), np.array([3, 1])),
    "scalar bool": (True, slice(None), 1),
}


def read(key: Any) -> Callable[..., Any]:
    return lambda x: x[key]


def stored(key: Any) -> Callable[..., Any]:
    def store(x: Any, v: Any) -> Any:
        z = x * 1
        z[key] = v
        return z

    return store


def jax_stored(key: Any) -> Callable[..., Any]:
    return lambda x, v: x.at[key].set(v)


def shape_of(key: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return np.zeros(shape)[key].shape


READING = [
    *[
        Case(read(key), name=f"x[{name}]", dtypes=DTYPES, complex=True, jax=lambda x, k=key: x[k])
        if name != "list"
        else Case(read(key), name=f"x[{name}]", jax=None)
        for name, key in READS.items()
    ],
    *[
        Case(read(key), shapes=((2, 3, 4),), name=f"x[{name}]", jax=lambda x, k=key: x[k])
        for name, key in READS_3D.items()
    ],
    Case(lambda x: x[np.argmax(x[:, 0])], name="x[argmax]"),
    Case(lambda x: x[1, np.argmin(x[0])], name="x[1, argmin]"),
    Case(lambda x: x[np.argsort(x[:, 0])], name="x[argsort]"),
    Case(lambda x: x[np.argsort(x[:, 0]), np.argmax(x[0])], name="x[argsort, argmax]"),
    Case(lambda x: x[:, np.argsort(x[0]), None], name="x[:, argsort, None]"),
    Case(
        lambda x, i: x[i], args=lambda rng: (rng.normal(size=(3, 4)), np.array([2, 0])), name="x[i]"
    ),
    Case(lambda x: x[x > 0.0], name="x[x > 0]", vmap=False, jax=None),
    Case(lambda x: x[x[:, 0] > -9.0, 1:], name="x[rows > 0, 1:]", vmap=False, jax=None),
    Case(lambda x: sum((row[0] * row[1] for row in x), np.float64(0.0)), name="for row in x"),
    Case(lambda x: np.stack([a * b for a, b, _ in x.T[:, :3]]), name="unpacking"),
    Case(lambda x: np.stack([t * t for t in x.flat]), name="flat", jax=None),
    Case(lambda x: x.flat[1:7:2] * x.flat[2], name="flat[]", jax=None),
    Case(lambda x: x.item(1, 2) * x, name="item", jax=None),
]
STORING = [
    *[
        Case(
            stored(key),
            shapes=((3, 4), shape),
            name=f"x[{name}] = v of {shape}",
            jax=jax_stored(key) if name not in ("list", "rows twice", "open mesh") else None,
            dtypes=DTYPES,
        )
        for name, key in READS.items()
        for shape in {(), shape_of(key, (3, 4))}
    ],
    *[
        Case(
            stored(key),
            shapes=((2, 3, 4), shape),
            name=f"x[{name}] = v of {shape}",
            jax=jax_stored(key),
        )
        for name, key in READS_3D.items()
        for shape in {(), shape_of(key, (2, 3, 4)), shape_of(key, (2, 3, 4))[-1:]}
    ],
    Case(stored(1), shapes=((3, 4), (1, 4)), name="x[1] = v with an axis too many", jax=None),
    Case(stored(np.array([0, 2, 0])), shapes=((3, 4), (4,)), name="last write wins", jax=None),
    Case(stored((I, slice(0, 2))), shapes=((3, 4), (2, 2, 2)), name="repeated places", jax=None),
]


def masked(f: Callable[[Any, Any, Any], None]) -> Callable[..., Any]:
    def update(x: Any, y: Any) -> Any:
        z = x * 1.0
        f(z, x > 0.0, y)
        return z

    return update


def _scale(z: Any, m: Any, y: Any) -> None:
    z[m] *= 2.0


def _scalar(z: Any, m: Any, y: Any) -> None:
    z[m] = y[0, 0]


def _function(z: Any, m: Any, y: Any) -> None:
    z[m] = np.log(z[m]) * y[m] + z[m] ** 2
    z[~m] -= 1.0


def _rows(z: Any, m: Any, y: Any) -> None:
    z[m[:, 0]] = y[0]
    z[1:, m[0]] = y[1:, :1]
    z[0, m[1]] += 3.0


def _reduced(z: Any, m: Any, y: Any) -> None:
    z[0] = z[m].sum() + y[m].mean() + np.sum(y[m] * z[m])


MASKED = [
    Case(masked(f), shapes=((3, 4), (3, 4)), name=f"masked {f.__name__[1:]}", jax=None)
    for f in (_scale, _scalar, _function, _rows, _reduced)
]
MASKED.append(
    Case(
        masked(lambda z, m, y: z.__setitem__(m, y[m])),
        shapes=((3, 4), (3, 4)),
        name="masked copy",
        jax=None,
    )
)


def functional(how: str, key: Any) -> Callable[..., Any]:
    return lambda x, v: getattr(at(x)[key], how)(v)


def functional_jax(how: str, key: Any) -> Callable[..., Any]:
    return lambda x, v: getattr(x.at[key], how)(v)


REPEATED = np.array([0, 2, 0])
AT = [
    Case(
        functional(how, key),
        shapes=((3, 4), v),
        name=f"at[{name}].{how} {v}",
        low=(-2.0, 0.5) if how in ("divide", "multiply") else (0.5, 0.5) if how == "power" else -2,
        jax=None
        if name in ("rows twice", "columns") and how in ("multiply", "divide", "power")
        else functional_jax(how, key),
    )
    for how in ("set", "add", "subtract", "multiply", "divide", "power", "min", "max")
    for name, key, v in (
        ("slice", slice(1, 3), (4,)),
        ("int", (1, 2), ()),
        ("rows twice", REPEATED, (3, 4)),
        ("columns", (slice(None), J), ()),
    )
    if not (how == "set" and name == "rows twice")
]
AT += [
    Case(
        lambda x, v, mode=mode: at(x)[np.array([0, 7, -1, -5])].add(v, mode=mode),
        shapes=((3, 4), (4, 4)),
        name=f"at mode {mode}",
        jax=(lambda x, v, mode=mode: x.at[np.array([0, 7, -1, -5])].add(v, mode=mode))
        if mode != "wrap"
        else None,
    )
    for mode in ("clip", "drop", "wrap")
]
AT += [
    Case(
        lambda x, mode=mode: at(x)[np.array([0, 7, -1, -5]), 1].get(mode=mode, fill_value=7.0),
        name=f"at get {mode}",
        jax=(lambda x, mode=mode: x.at[np.array([0, 7, -1, -5]), 1].get(mode=mode, fill_value=7.0))
        if mode != "wrap"
        else None,
    )
    for mode in ("clip", "fill", "wrap")
]
AT += [
    Case(
        lambda x: at(x)[1:].apply(np.sin),
        name="at apply",
        jax=None,  # has no derivative there
    ),
    Case(lambda x, v: at(x)[x > 0.0].add(v), shapes=((3, 4), ()), name="at mask", jax=None),
    Case(lambda x: at(np.zeros(4))[1:].set(x[0, 1:]), name="at of a plain array", jax=None),
    # Several factors at one place, with none, one and two zeros among them.
    Case(
        lambda x, v: at(x)[np.array([0, 0, 1, 1, 2, 2, 2])].multiply(
            v * np.array([1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]) + 0.0 * v
        ),
        shapes=((4,), (7,)),
        name="at multiply with zeros",
        jax=None,
    ),
    Case(
        lambda x: at(x)[np.array([0, 0, 2])].max(x[np.array([0, 1, 3])]),
        shapes=((4,),),
        name="at max of equal elements",
        jax=None,
        order=1,
        grad=True,
    ),
]


def wrote(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that writes into a copy of its first argument."""

    def run(x: Any, *rest: Any) -> Any:
        z = x * 1.0
        f(z, *rest)
        return z

    return run


WRITING = {
    "copyto": lambda z, v: np.copyto(z, v[:, :1]),
    "copyto where": lambda z, v: np.copyto(z, v, where=v > 0.0),
    "put": lambda z, v: np.put(z, [0, 5, -1], v[0]),
    "put cycled": lambda z, v: np.put(z, [0, 5, -1, 14], v[0, :2], mode="wrap"),
    "putmask": lambda z, v: np.putmask(z, z > 0.0, v[0, :3]),
    "place": lambda z, v: np.place(z, MASK, v[0, :3]),
    "place one": lambda z, v: np.place(z, v > 0.0, v[0, 0]),
    "put_along_axis": lambda z, v: np.put_along_axis(z, I[:1].repeat(3, 0), v[:, :2], 1),
    "put_along_axis flat": lambda z, v: np.put_along_axis(z, J, v[0, :2], None),
    "fill_diagonal": lambda z, v: np.fill_diagonal(z, v[0, 0]),
    "fill_diagonal wrapped": lambda z, v: np.fill_diagonal(z.T, v[0, :2], wrap=True),
    "fill": lambda z, v: z[1].fill(v[0, 0]),
    "sort": lambda z, v: z.sort(0),
    "partition": lambda z, v: z[0].partition(2) or z.partition(1, 0),
    "flat": lambda z, v: z.flat.__setitem__(slice(1, 9), v[0, :3]),
    "all of flat": lambda z, v: setattr(z, "flat", v[0]),
    "add.at": lambda z, v: np.add.at(z, (REPEATED, 1), v[:, 0]),
    "real": lambda z, v: setattr(z, "real", v),
}
WRITES = [
    Case(wrote(f), shapes=((3, 4), (3, 4)), name=f"write {name}", jax=None)
    for name, f in WRITING.items()
    if name != "place"
]
WRITES += [
    Case(wrote(WRITING["place"]), shapes=((3, 4), (3, 4)), name="write place", jax=None),
    Case(
        lambda x, v: _parts(x * 1, v),
        shapes=((3,), (3,)),
        complex=True,
        dtypes=("complex64",),
        name="write real and imag",
        jax=None,
    ),
]


def _parts(z: Any, v: Any) -> Any:
    if z.dtype.kind == "c":
        z.real *= 2
        z.imag[1:] = v.real[1:]
    return z


TAKING = [
    *[
        Case(np.take, params={"indices": i} | p)
        for i, p in (
            (I, {"axis": 0}),
            (I, {"axis": 1}),
            (J, {}),
            (-1, {"axis": 0}),
            (np.array([5, -7]), {"axis": 0, "mode": "wrap"}),
            (np.array([5, -7]), {"axis": 0, "mode": "clip"}),
        )
    ],
    Case(lambda x: np.take(x, np.argmax(x, axis=1)), name="take traced"),
    *[
        Case(
            np.take_along_axis,
            args=lambda rng, i=i: (rng.normal(size=(3, 4)), i),
            params={"axis": a},
        )
        for i, a in (
            (np.array([[0, 3], [1, 1], [-1, 0]]), 1),
            (np.array([[2, 0, 1, 1]]), 0),
            (np.array([[1]]), 0),
            (np.array([1, 7, 3]), None),
        )
    ],
    Case(lambda x: np.take_along_axis(x, np.argsort(x, 0), 0), name="take_along_axis argsort"),
    *[
        Case(
            lambda x, m=m, k=k: np.choose(np.array(k), [x, x[0] * 2, 3.0], mode=m),
            name=f"choose {m}",
            jax=None if m == "raise" else "auto",
        )
        for m, k in (("raise", [0, 1, 2, 0]), ("wrap", [0, 5, 2, -1]), ("clip", [0, 5, 2, -1]))
    ],
    *[
        Case(
            np.compress,
            args=lambda rng: (np.array([True, False, True]), rng.normal(size=(3, 4))),
            params={"axis": a},
            vmap=False,
            jax=None,
        )
        for a in (0, None)
    ],
    Case(lambda x: np.compress(ROWS, x, axis=0), name="compress", jax=None),
    Case(lambda x: np.extract(MASK, x), name="extract", jax=None),
    Case(lambda x: np.extract(x > 0.0, x), name="extract traced", jax=None, vmap=False),
    *[
        Case(f, args=lambda rng: (rng.integers(-1, 2, (3, 4)) * 1.0,), grad=False, vmap=False)
        for f in (np.nonzero, np.argwhere, np.flatnonzero)
    ],
    Case(lambda x: np.where(x > 0.0), name="where", grad=False, vmap=False),
    Case(lambda x: x[np.nonzero(x > 0.0)], name="x[nonzero]", vmap=False, jax=None),
    Case(lambda x: np.unravel_index(np.argmax(x), (3, 4)), name="unravel_index", grad=False),
    Case(
        np.unravel_index,
        args=lambda rng: (np.array([3, 11, 0]),),
        grad=False,
        params={"shape": (3, 4), "order": "F"},
        jax=None,
    ),
    Case(
        lambda x: np.ravel_multi_index(
            (np.argmax(x, 0), np.array([0, 1, 2, 5])), (3, 4), mode=("raise", "wrap")
        ),
        name="ravel_multi_index",
        grad=False,
        jax=None,
    ),
    Case(
        lambda x: np.ravel_multi_index(
            (np.argmax(x, 0), np.array([0, 1, 2, 3])), (3, 4), order="F"
        ),
        name="ravel_multi_index F",
        grad=False,
        jax=None,
    ),
    Case(lambda x: x[np.ix_(np.array([0, 2]), np.argsort(x[0]))], name="ix_ traced"),
    Case(lambda x: x[np.ix_(x[:, 0] > -9.0, [1, 2])], name="ix_ mask", vmap=False, jax=None),
]
PRIMITIVES = [
    Case(
        lambda x: indexing.embed(
            x,
            shape=(4, 6),
            index=indexing.Index((indexing.Slice(3, 0, -1), indexing.Slice(1, 5, 1))),
        ),
        name="embed",
        jax=None,
    ),
    Case(
        lambda x, v: indexing.additem(x, v, index=indexing.Index((1, indexing.Slice(0, 4, 1)))),
        args=lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4)),
        name="additem",
        jax=None,
    ),
    Case(
        lambda x: gather.gather(x, np.array([0, 2]), axes=(0,), position=1), name="gather", jax=None
    ),
    *[
        Case(
            lambda x, v, p=p: p(x, v, np.array([0, 2, 0]), axes=(0,), position=1),
            shapes=((3, 4), (4, 3)),
            name=p.name,
            jax=None,
        )
        for p in (gather.scatter_add, scatter.scatter_mul, scatter.scatter_min, scatter.scatter_max)
    ],
    Case(
        lambda x, v: scatter.scatter(
            x, v, np.array([0, 2, 0]), axes=(0,), position=1, unique=False
        ),
        shapes=((3, 4), (4, 3)),
        name="scatter",
        jax=None,
    ),
    Case(
        lambda x: dynamic.dynamic_slice(x, np.argmax(x[:, 0]), np.argmax(x[0]), slice_sizes=(2, 3)),
        name="dynamic_slice",
        jax=None,
    ),
    Case(
        lambda x, v: dynamic.dynamic_update_slice(x, v, np.argmax(x[:, 0]), np.argmax(v[0])),
        shapes=((3, 4), (2, 3)),
        name="dynamic_update_slice",
        jax=None,
    ),
    Case(
        lambda x, v: dynamic.dynamic_update_slice(x, v, np.intp(1), np.intp(-3)),
        shapes=((3, 4), (2, 3)),
        name="dynamic_update_slice at plain starts",
        jax=None,
    ),
]

CASES = [*READING, *STORING, *MASKED, *AT, *WRITES, *TAKING, *PRIMITIVES]
