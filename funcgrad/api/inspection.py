"""`make_jaxpr`, `eval_shape`: what a function computes, without computing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.call import Transformed, open_trace, result_aval
from funcgrad.api.static_arguments import merge_static
from funcgrad.core.jaxpr import ClosedJaxpr
from funcgrad.core.leaves import flatten_arrays, flatten_result, leaf_aval
from funcgrad.core.tree import keystr
from funcgrad.core.types import ShapedArray


class ShapeDtypeStruct:
    """A shape and a dtype that stand for an array where only these are needed.

    >>> ShapeDtypeStruct((3,), np.float64)
    ShapeDtypeStruct(shape=(3,), dtype=float64)
    """

    __slots__ = ("dtype", "shape", "weak_type")

    def __init__(self, shape: Sequence[int], dtype: Any, *, weak_type: bool = False) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.weak_type = weak_type

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return ShapedArray(self.shape, self.dtype).size

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a ShapeDtypeStruct of no dimensions")
        return self.shape[0]

    def update(
        self,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        weak_type: bool | None = None,
    ) -> ShapeDtypeStruct:
        """A copy with some fields changed.

        >>> ShapeDtypeStruct((3,), np.float64).update(shape=(2, 3))
        ShapeDtypeStruct(shape=(2, 3), dtype=float64)
        """
        return ShapeDtypeStruct(
            self.shape if shape is None else shape,
            self.dtype if dtype is None else dtype,
            weak_type=self.weak_type if weak_type is None else weak_type,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShapeDtypeStruct) and (self.shape, self.dtype, self.weak_type) == (
            other.shape,
            other.dtype,
            other.weak_type,
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.weak_type))

    def __repr__(self) -> str:
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype.name}{weak})"


def make_jaxpr(
    fun: Callable[..., Any], static_argnums: int | Sequence[int] = (), return_shape: bool = False
) -> Callable[..., Any]:
    """A function that returns the jaxpr of `fun` for given arguments.

    Args:
        fun: a function of arrays or pytrees.
        static_argnums: positions of arguments that are Python values.
        return_shape: whether to return the result's shapes and dtypes too.

    Returns:
        A function with the arguments of `fun` (arrays, or `ShapeDtypeStruct`s) that gives a `ClosedJaxpr`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.make_jaxpr(lambda x: np.sin(x) * 2.0)(np.ones(3))
    { lambda ; a:f64[3]. let b:f64[3] = sin a; c:f64[3] = mul b 2.0:f64[] in (c,) }
    """
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    return MakeJaxpr(fun, static_argnums=static, return_shape=return_shape)


class MakeJaxpr(Transformed):
    """A function that returns jaxprs."""

    static_argnums: tuple[int, ...]
    return_shape: bool

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        positions = {p % len(args) for p in self.static_argnums}
        static = [(p, args[p]) for p in sorted(positions)]
        dynamic = (tuple([a for p, a in enumerate(args) if p not in positions]), kwargs)
        leaves, avals, treedef = flatten_arrays(
            dynamic, "make_jaxpr", lambda path: f"argument {keystr(path[1:])}", abstract=True
        )
        with open_trace(self.fun, avals, leaves) as trace:
            for i, leaf in enumerate(leaves):
                if leaf_aval(leaf) is None:  # a stand-in: it has a type but no value
                    trace.forget(i)
            rest, named = treedef.unflatten(trace.inputs())
            out = self.fun(*merge_static(rest, static), **named)
            outs, out_tree = flatten_result(out, self.fun, "make_jaxpr")
            shapes = [_struct(result_aval(o)) for o in outs]
            jaxpr, consts = trace.finish(outs)
        closed = ClosedJaxpr(jaxpr, consts)
        return (closed, out_tree.unflatten(shapes)) if self.return_shape else closed


def eval_shape(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Shapes and dtypes of a function's result, without computing it.

    Args:
        fun: a function of arrays or pytrees.
        args: arrays or `ShapeDtypeStruct`s.
        kwargs: likewise.

    Returns:
        The result's structure, with `ShapeDtypeStruct`s for leaves.

    >>> import numpy as np, funcgrad as fg
    >>> fg.eval_shape(
    ...     np.dot, fg.ShapeDtypeStruct((3, 4), float), fg.ShapeDtypeStruct((4, 5), float)
    ... )
    ShapeDtypeStruct(shape=(3, 5), dtype=float64)
    """
    return make_jaxpr(fun, return_shape=True)(*args, **kwargs)[1]


def _struct(aval: ShapedArray) -> ShapeDtypeStruct:
    return ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)
