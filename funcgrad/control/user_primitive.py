"""The primitive behind a function of a user: any function on arrays, whose types are learnt by calling it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.call import CallPrimitive
from funcgrad.control.callback import checked_results, flatten_shapes
from funcgrad.control.sequential import SEQUENTIAL, batch_by_loop
from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import PRIMITIVES, BatchAxis
from funcgrad.core.source import here
from funcgrad.core.tracing import AbstractValue, Tracer, typeof
from funcgrad.core.tree import tree_flatten
from funcgrad.core.types import ShapedArray
from funcgrad.ops.define import align_ranks
from funcgrad.ops.recording import broadcast_shapes
from funcgrad.transforms import batch as batching


class UserPrimitive(CallPrimitive):
    """The primitive of a user's function. It always has a tuple of results."""

    __slots__ = ("elementwise_function", "fun", "known", "shape", "singles", "vmap")

    def __init__(
        self,
        name: str,
        fun: Callable[..., Any],
        shape: Callable[..., Any] | None,
        vmap: str | Callable[..., Any],
        elementwise: bool,
        register: bool = True,
    ) -> None:
        if register:
            before = PRIMITIVES.get(name)
            if before is not None and not isinstance(before, UserPrimitive):
                raise ArgumentError(
                    f"defprimitive: a primitive is named {name!r} already{here()}\n  pass another name"
                )
            PRIMITIVES.pop(name, None)
        super().__init__(
            name,
            impl=self._impl,
            abstract=self._abstract,
            batch=self._batch,
            multiple_results=True,
            properties=frozenset({SEQUENTIAL})
            if vmap == "loop" and not elementwise
            else frozenset(),
            register=register,
        )
        self.fun = fun
        self.shape = shape
        self.vmap = vmap
        self.elementwise_function = elementwise
        self.known: dict[Any, tuple[ShapedArray, ...]] = {}
        self.singles: dict[Any, bool] = {}

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The result as the function gives it: an array or a tuple."""
        outs = self(*args, **kwargs)
        return outs[0] if self._is_single(args, kwargs) else tuple(outs)

    def _is_single(self, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        avals = tuple([typeof(a).strip_weak_type() for a in args])
        self._abstract(*avals, **kwargs)
        return self.singles[avals, tuple(kwargs.items())]

    def learn(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Find out the types of results for arguments of these types, from their values if these are known."""
        avals = tuple([typeof(a).strip_weak_type() for a in args])
        key = (avals, tuple(kwargs.items()))
        if key in self.known or self.shape is not None or self.elementwise_function:
            return
        try:
            values = [a._trace.value(a._index) if type(a) is Tracer else a for a in args]
        except AbstractValue:
            return
        self._remember(key, self.fun(*[np.array(v)[()] for v in values], **kwargs))

    def _remember(self, key: Any, out: Any) -> tuple[ShapedArray, ...]:
        single = not isinstance(out, (tuple, list))
        outs = (out,) if single else out
        self.singles[key] = single
        found = tuple([typeof(np.asarray(o)) for o in outs])
        self.known[key] = found
        return found

    def _abstract(self, *avals: ShapedArray, **kwargs: Any) -> tuple[ShapedArray, ...]:
        key = (tuple([a.strip_weak_type() for a in avals]), tuple(kwargs.items()))
        found = self.known.get(key)
        if found is not None:
            return found
        if self.shape is not None:
            structs = self.shape(*avals, **kwargs)
            types, tree = flatten_shapes(structs, self.name)
            self.singles[key] = tree.num_nodes == 1
            self.known[key] = found = tuple(types)
            return found
        if self.elementwise_function:
            shape = broadcast_shapes(self.name, [a.shape for a in avals])
            out = self.fun(*[np.ones((1,), a.dtype) for a in avals], **kwargs)
            self._remember(key, out)
            found = tuple([a.update(shape=shape) for a in self.known[key]])
            self.known[key] = found
            return found
        try:
            return self._remember(
                key, self.fun(*[np.ones(a.shape, a.dtype)[()] for a in avals], **kwargs)
            )
        except Exception as error:
            raise ArgumentError(
                f"{self.name}: the types of its result for arguments {', '.join(map(str, avals))} could not be "
                f"inferred by calling it on ones ({type(error).__name__}: {error}){here()}\n  pass shape=... to "
                "fg.defprimitive"
            ) from error

    def _impl(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        avals = self._abstract(*[typeof(a) for a in args], **kwargs)
        out = self.fun(*[np.array(a)[()] for a in args], **kwargs)
        leaves = list(out) if isinstance(out, (tuple, list)) else [out]
        return checked_results(self.name, leaves, avals)

    def _batch(
        self, axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **kwargs: Any
    ) -> Any:
        if self.elementwise_function:
            return self(*align_ranks(operands, batched), **kwargs), True
        if callable(self.vmap):
            out, out_batched = self.vmap(axis.size, list(batched), *operands, **kwargs)
            leaves = list(out) if isinstance(out, (tuple, list)) else [out]
            flags = tree_flatten(out_batched)[0]
            return leaves, flags * len(leaves) if len(flags) == 1 else flags
        if self.vmap == "loop":
            return batch_by_loop(self, axis, operands, batched, kwargs)
        length = axis if self.vmap == "broadcast_all" else BatchAxis(1)
        values = [
            x if b else batching.to_batch(x, length) for x, b in zip(operands, batched, strict=True)
        ]
        self._learn_batch(axis, operands, batched, values, kwargs)
        return self(*values, **kwargs), True

    def _learn_batch(
        self,
        axis: BatchAxis,
        operands: Sequence[Any],
        batched: Sequence[bool],
        values: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> None:
        """The types of results for a batch are those for an example, with the batch axis."""
        items = tuple(kwargs.items())
        example = tuple(
            [
                ShapedArray(typeof(x).shape[1:], typeof(x).dtype)
                if b
                else typeof(x).strip_weak_type()
                for x, b in zip(operands, batched, strict=True)
            ]
        )
        key = (tuple([typeof(v).strip_weak_type() for v in values]), items)
        if key not in self.known:
            types = self._abstract(*example, **kwargs)
            self.known[key] = tuple([ShapedArray((axis.size, *a.shape), a.dtype) for a in types])
            self.singles[key] = self.singles[example, items]
