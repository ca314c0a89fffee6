"""Cases: masks, functional updates, functions that write into arrays, and their primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.numpy.updates import at
from funcgrad.ops import dynamic, gather, indexing, scatter
from tests.cases.case import Case
from tests.cases.indexing import MASK, I, J


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

CASES = [*MASKED, *AT, *WRITES, *PRIMITIVES]
