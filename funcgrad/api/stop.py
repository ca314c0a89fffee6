"""`stop_gradient`."""

from __future__ import annotations

from typing import Any

from funcgrad.core.tracing import Tracer
from funcgrad.core.tree import tree_map
from funcgrad.ops.stop import stop_gradient_p


def stop_gradient(x: Any) -> Any:
    """The identity, through which no derivative flows, in either mode and at every order.

    What PyTorch calls `detach` (on a value) and `no_grad` (on a piece of code: stop what it returns).

    Args:
        x: an array or a pytree; leaves that are no arrays are returned as they are.

    >>> import funcgrad as fg
    >>> fg.grad(lambda x: x * fg.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return tree_map(lambda leaf: stop_gradient_p(leaf) if type(leaf) is Tracer else leaf, x)
