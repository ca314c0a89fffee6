"""`vmap`: from a function of examples to a function of batches."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.call import Transformed, execute, open_trace
from funcgrad.control.collectives import named_axis
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import flatten_arrays, flatten_result
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.source import describe_function
from funcgrad.core.tree import flatten_axes, keystr, tree_flatten, tree_flatten_with_path
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import move_axis
from funcgrad.transforms import batch as batching


def _loop(*call: Any) -> Any:
    """Loops are imported when a primitive without a batching rule is met."""
    return importlib.import_module("funcgrad.control.sequential").batch_without_rule(*call)


batching.WITHOUT_RULE.append(_loop)


def vmap(
    fun: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_name: Hashable | None = None,
    axis_size: int | None = None,
    spmd_axis_name: Any = None,
) -> Callable[..., Any]:
    """A function that runs `fun` on every example of a batch at once, with whole-array operations.

    Args:
        fun: a function of examples (arrays or pytrees).
        in_axes: the batch axis of each positional argument: an int (negative counts from the end), None for an argument
            that is the same for all examples, or a tuple with an entry (itself a pytree prefix) per argument.
            Keyword arguments are batched along axis 0.
        out_axes: where the batch axis stands in the results; a prefix of the result's structure. None for a result that
            does not depend on the example.
        axis_name: a name for the axis, for `lax.psum` and friends.
        axis_size: the length of the axis; needed if no argument is batched.
        spmd_axis_name: accepted for JAX's sake, which divides work among devices by it; without effect.

    Raises:
        ArgumentError: lengths of batch axes differ, or an axis is out of range.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x, y: np.dot(x, y), in_axes=(0, None))(np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if not (in_axes is None or isinstance(in_axes, (tuple, int, np.integer))):
        raise ArgumentError(
            f"vmap: in_axes is an int, None, or a tuple with an entry per argument, not {in_axes!r:.80}"
        )
    return Vmap(fun, in_axes=in_axes, out_axes=out_axes, axis_name=axis_name, axis_size=axis_size)


class Vmap(Transformed):
    """A batched function."""

    in_axes: Any
    out_axes: Any
    axis_name: Any
    axis_size: Any

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        fun = self.fun
        leaves, avals, treedef = flatten_arrays((args, kwargs), "vmap", _name)
        axes = self._axes(args, kwargs, leaves, avals)
        size = self._size(args, kwargs, avals, axes)
        flags = [a is not None for a in axes]
        example_avals = [
            aval if axis is None else ShapedArray(_drop(aval.shape, axis), aval.dtype)
            for aval, axis in zip(avals, axes, strict=True)
        ]
        moved = [
            leaf if axis is None else move_axis(leaf, axis, 0)
            for leaf, axis in zip(leaves, axes, strict=True)
        ]
        with (
            named_axis(self.axis_name, size),
            open_trace(fun, example_avals, leaves, why_abstract="vmap") as trace,
        ):
            for i, flag in enumerate(flags):
                if flag:
                    trace.forget(i)
            inputs = treedef.unflatten(trace.inputs())
            out = fun(*inputs[0], **inputs[1])
            outs, out_tree = flatten_result(out, fun, "vmap")
            jaxpr, consts = trace.finish(outs, lift=True)
        out_axes = self._out_axes(out_tree)
        batched, out_batched = batching.batch(
            jaxpr.open_consts(),
            BatchAxis(size, self.axis_name),
            [False] * len(consts) + flags,
            out_batched=[a is not None for a in out_axes],
        )
        for i, (axis, is_batched) in enumerate(zip(out_axes, out_batched, strict=True)):
            if axis is None and is_batched:
                path = keystr(tree_flatten_with_path(out)[0][i][0])
                raise ArgumentError(
                    f"vmap: out_axes is None for result{path} of {describe_function(fun)}, but it depends on "
                    "the example\n  give it a batch axis, or reduce over the examples outside of vmap"
                )
        results = execute(batched, [*consts, *moved])
        return out_tree.unflatten(
            [
                r if axis is None else move_axis(r, 0, _normalize(axis, r.ndim, "out_axes", fun))
                for r, axis in zip(results, out_axes, strict=True)
            ]
        )

    def _axes(
        self, args: Any, kwargs: Any, leaves: list[Any], avals: list[ShapedArray]
    ) -> list[int | None]:
        in_axes = self.in_axes
        if isinstance(in_axes, tuple) and len(in_axes) != len(args):
            raise ArgumentError(
                f"vmap: in_axes has {len(in_axes)} entries, but {describe_function(self.fun)} was called with "
                f"{len(args)} positional arguments\n  give one entry per argument"
            )
        if type(in_axes) is int:
            axes: list[Any] = [in_axes] * (len(leaves))
            n_args = len(tree_flatten(args)[0])
            axes[n_args:] = [0] * (len(leaves) - n_args)
        else:
            _, args_tree = tree_flatten(args)
            axes = list(flatten_axes("vmap in_axes", args_tree, in_axes))
            axes += [0] * (len(leaves) - len(axes))
        for i, (axis, aval) in enumerate(zip(axes, avals, strict=True)):
            if axis is None:
                continue
            if not isinstance(axis, int) or isinstance(axis, bool):
                raise ArgumentError(f"vmap: in_axes takes ints and None, not {axis!r}")
            if not -aval.ndim <= axis < aval.ndim:
                where = _name(tree_flatten_with_path((args, kwargs))[0][i][0])
                raise ArgumentError(
                    f"vmap: in_axes asks for axis {axis} of {where}, which has type {aval} "
                    f"and {aval.ndim} ax{'i' if aval.ndim == 1 else 'e'}s"
                    "\n  pass None for an argument that has no batch axis"
                )
            axes[i] = axis % aval.ndim
        return axes

    def _size(
        self, args: Any, kwargs: Any, avals: list[ShapedArray], axes: list[int | None]
    ) -> int:
        size = self.axis_size
        for aval, axis in zip(avals, axes, strict=True):
            if axis is None:
                continue
            length = aval.shape[axis]
            if size is None:
                size = length
            elif size != length:
                raise self._size_error(args, kwargs, avals, axes)
        if size is None:
            raise ArgumentError(
                f"vmap: no argument of {describe_function(self.fun)} has a batch axis (in_axes is None for all)"
                "\n  give in_axes an int for at least one argument, or pass axis_size"
            )
        return size

    def _size_error(
        self, args: Any, kwargs: Any, avals: list[ShapedArray], axes: list[int | None]
    ) -> ArgumentError:
        paths = [_name(path) for path, _ in tree_flatten_with_path((args, kwargs))[0]]
        lines = [
            f"  {path}: {aval}, axis {axis} has length {aval.shape[axis]}"
            for path, aval, axis in zip(paths, avals, axes, strict=True)
            if axis is not None
        ]
        if self.axis_size is not None:
            lines.append(f"  axis_size: {self.axis_size}")
        return ArgumentError(
            f"vmap: the batch axes of {describe_function(self.fun)}'s arguments have different lengths\n"
            + "\n".join(lines)
        )

    def _out_axes(self, out_tree: Any) -> Sequence[int | None]:
        if type(self.out_axes) is int:
            return [self.out_axes] * out_tree.num_leaves
        return flatten_axes("vmap out_axes", out_tree, self.out_axes)


def _name(path: Any) -> str:
    """`argument 0['w']` from a path into `(args, kwargs)`."""
    inner = path[1:]
    if path[0].idx == 0:
        return f"argument {inner[0].idx}{keystr(inner[1:])}"
    return f"argument {inner[0].key}{keystr(inner[1:])}"


def _drop(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _normalize(axis: int, ndim: int, what: str, fun: Any) -> int:
    if not -ndim <= axis < ndim:
        raise ArgumentError(
            f"vmap: {what} asks for axis {axis}, but the batched result of {describe_function(fun)} has {ndim} axes"
        )
    return axis % ndim
