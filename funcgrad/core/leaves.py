"""The leaves of arguments and results: which of them are arrays, and what to say of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.donation import GIVEN, refuse_given
from funcgrad.core.errors import ArgumentError
from funcgrad.core.local_array import LocalArray, plain
from funcgrad.core.source import describe_function
from funcgrad.core.tracing import Tracer, leaked
from funcgrad.core.tree import PyTreeDef, keystr, tree_flatten, tree_flatten_with_path
from funcgrad.core.types import NUMERIC_KINDS, SCALAR_AVALS, ShapedArray, array_aval, is_masked


def shown(value: Any) -> str:
    """A value in an error message: its type, and what it is if that is short."""
    text = repr(value)
    return f"{type(value).__name__} {text}" if len(text) < 60 else f"a {type(value).__name__}"


def _registration(leaf: Any) -> str:
    """How to make an object with attributes a pytree."""
    kind = type(leaf)
    if hasattr(kind, "__dataclass_fields__"):
        return f"let its fields be leaves, fg.tree_util.register_dataclass({kind.__name__}); or "
    if hasattr(leaf, "__dict__") and not callable(leaf):
        return f"say what its leaves are, fg.tree_util.register_pytree_node({kind.__name__}, flatten, unflatten); or "
    return ""


def leaf_aval(leaf: Any) -> ShapedArray | None:
    """The abstract value of a leaf of an argument; None if it is no array."""
    if type(leaf) is Tracer:
        if not leaf._trace.reachable():
            raise leaked(leaf._trace)
        if leaf._view is not None:
            leaf._refresh()
        return leaf.aval
    aval = SCALAR_AVALS.get(type(leaf))
    if aval is not None:
        return aval
    if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in NUMERIC_KINDS:
        if GIVEN:
            refuse_given(leaf)
        return None if is_masked(leaf) else array_aval(leaf)
    return None


def flatten_arrays(
    tree: Any,
    transform: str,
    what: Callable[[tuple[Any, ...]], str] | str,
    *,
    abstract: bool = False,
) -> tuple[list[Any], list[ShapedArray], PyTreeDef]:
    """Leaves, their avals and the tree of an argument whose leaves must be arrays or numbers.

    `abstract`: shape-and-dtype stand-ins (ShapeDtypeStruct) are leaves too.
    """
    leaves, treedef = tree_flatten(tree)
    avals = []
    for i, leaf in enumerate(leaves):
        if type(leaf) is LocalArray:
            leaves[i] = leaf = plain(leaf)
        aval = leaf_aval(leaf)
        if aval is None and abstract and _is_stand_in(leaf):
            aval = ShapedArray(
                tuple(leaf.shape), np.dtype(leaf.dtype), getattr(leaf, "weak_type", False)
            )
        if aval is None:
            converted = array_like(leaf)
            if converted is None:
                path = tree_flatten_with_path(tree)[0][i][0]
                name = what if isinstance(what, str) else what(path)
                suffix = keystr(path) if isinstance(what, str) else ""
                raise ArgumentError(
                    f"{transform}: {name}{suffix} is {shown(leaf)}, "
                    f"not an array or a number\n  {_registration(leaf)}close over it (functools.partial), mark it "
                    "static, or convert it with np.asarray"
                )
            leaves[i] = leaf = converted
            aval = leaf_aval(leaf)
            assert aval is not None
        avals.append(aval)
    return leaves, avals, treedef


def _is_stand_in(leaf: Any) -> bool:
    """Whether a leaf stands for an array by its shape and dtype alone."""
    return (
        hasattr(leaf, "shape")
        and hasattr(leaf, "dtype")
        and not isinstance(leaf, (np.ndarray, np.generic))
    )


def array_like(leaf: Any) -> Any:
    """Array-likes of other libraries (pandas, JAX, PyTorch) become arrays; all else is None."""
    if isinstance(leaf, (np.ndarray, str, bytes)) or not hasattr(leaf, "__array__"):
        return None
    array = np.asarray(leaf)
    return array if array.dtype.kind in NUMERIC_KINDS else None


def as_output(leaf: Any, fun: Any, path: str, transform: str) -> Any:
    """A leaf of a function's result as something that a trace can return."""
    if type(leaf) is Tracer or leaf_aval(leaf) is not None:
        return leaf
    converted = array_like(leaf)
    if converted is not None:
        return converted
    if isinstance(leaf, np.ndarray) and leaf.dtype == object:
        return dispatch.as_array(leaf)
    raise ArgumentError(
        f"{transform}: {describe_function(fun)} returned {shown(leaf)} at result{path}, "
        f"not an array or a number\n  {_registration(leaf)}return it as auxiliary data (has_aux=True), or leave it out"
    )


def flatten_result(tree: Any, fun: Any, transform: str) -> tuple[list[Any], PyTreeDef]:
    """The leaves of a function's result, each an array, a number or traced."""
    leaves, treedef = tree_flatten(tree)
    for i, leaf in enumerate(leaves):
        if type(leaf) is not Tracer and leaf_aval(leaf) is None:
            path = keystr(tree_flatten_with_path(tree)[0][i][0])
            leaves[i] = as_output(leaf, fun, path, transform)
    return leaves, treedef
