"""Policies for `checkpoint`: which values are kept for the backward pass. The names are JAX's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcgrad.core.primitive import Primitive
from funcgrad.core.tracing import Tracer
from funcgrad.core.tree import tree_map
from funcgrad.core.types import ShapedArray

Decide = Callable[..., bool]


def _name_jvp(primals: Any, tangents: Any, name: str) -> tuple[Any, Any]:
    return name_p(*primals, name=name), tangents[0]


# A value under a name that policies can refer to.
name_p = Primitive(
    "name",
    impl=lambda x, name: x,
    abstract=lambda x, name: ShapedArray(x.shape, x.dtype, x.weak_type),
    jvp=_name_jvp,
    batch=lambda axis, operands, batched, name: (name_p(*operands, name=name), True),
    view=True,
)


def checkpoint_name(x: Any, name: str) -> Any:
    """Give a value a name by which the policy of a `checkpoint` around it can keep it.

    Args:
        x: an array or a pytree.
        name: the name.

    Returns:
        `x`.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: np.sin(fg.checkpoint_name(np.sin(x), "inner"))
    >>> policy = fg.checkpoint_policies.save_only_these_names("inner")
    >>> fg.grad(fg.checkpoint(f, policy=policy))(0.0)
    np.float64(1.0)
    """
    return tree_map(lambda leaf: name_p(leaf, name=name) if type(leaf) is Tracer else leaf, x)


def everything_saveable(prim: Any, *avals: Any, **params: Any) -> bool:
    """Keep all values: as without `checkpoint`.

    >>> everything_saveable(None)
    True
    """
    return True


def nothing_saveable(prim: Any, *avals: Any, **params: Any) -> bool:
    """Keep no values: compute all of them again, as without a policy.

    >>> nothing_saveable(None)
    False
    """
    return False


def dots_saveable(prim: Any, *avals: Any, **params: Any) -> bool:
    """Keep the results of products of matrices, which are expensive to compute again.

    >>> import funcgrad as fg, numpy as np
    >>> f = fg.checkpoint(
    ...     lambda x: np.sum(np.sin(x @ x)), policy=fg.checkpoint_policies.dots_saveable
    ... )
    >>> fg.grad(f)(np.eye(1)).round(3)
    array([[1.081]])
    """
    return prim.name == "dot_general"


checkpoint_dots = dots_saveable


def dots_with_no_batch_dims_saveable(prim: Any, *avals: Any, **params: Any) -> bool:
    """Keep the results of products of matrices that have no batch axes.

    >>> dots_with_no_batch_dims_saveable(name_p)
    False
    """
    return prim.name == "dot_general" and not params["dimension_numbers"][1][0]


checkpoint_dots_with_no_batch_dims = dots_with_no_batch_dims_saveable


def save_only_these_names(*names: str) -> Decide:
    """Keep the values that `checkpoint_name` gave one of these names.

    >>> save_only_these_names("a")(name_p, name="a")
    True
    """

    def policy(prim: Any, *avals: Any, **params: Any) -> bool:
        return prim is name_p and params["name"] in names

    return policy


def save_any_names_but_these(*names: str) -> Decide:
    """Keep the values that have a name, unless it is one of these.

    >>> save_any_names_but_these("a")(name_p, name="a")
    False
    """

    def policy(prim: Any, *avals: Any, **params: Any) -> bool:
        return prim is name_p and params["name"] not in names

    return policy


def save_anything_except_these_names(*names: str) -> Decide:
    """Keep all values but those that have one of these names.

    >>> save_anything_except_these_names("a")(name_p, name="a")
    False
    """

    def policy(prim: Any, *avals: Any, **params: Any) -> bool:
        return not (prim is name_p and params["name"] in names)

    return policy


def save_from_both_policies(first: Decide, second: Decide) -> Decide:
    """Keep what one of two policies keeps.

    >>> save_from_both_policies(nothing_saveable, everything_saveable)(name_p, name="a")
    True
    """

    def policy(prim: Any, *avals: Any, **params: Any) -> bool:
        return first(prim, *avals, **params) or second(prim, *avals, **params)

    return policy


def save_smaller_than(nbytes: int) -> Decide:
    """Keep values of operations on operands that take fewer bytes than this, and compute the large ones again.

    >>> import numpy as np
    >>> save_smaller_than(100)(name_p, ShapedArray((3,), np.dtype(float)), name="a")
    True
    """

    def policy(prim: Any, *avals: Any, **params: Any) -> bool:
        return sum(a.nbytes for a in avals) < nbytes

    return policy
