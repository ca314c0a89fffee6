"""What a workload is: one function for all peers, and the expert's gradient by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Workload(NamedTuple):
    """One computation, given once for every library.

    Attributes:
        name: short, for tables and the command line.
        title: what it is.
        args: makes the arguments, NumPy arrays or floats.
        fun: `fun(np)` gives the function for a library's namespace (`numpy`, `autograd.numpy`, `jax.numpy`).
        transform: "grad", "grad_all" (of all arguments), "hessian", "jacobian", "per_example" (gradients of each
            row) or "minimize" (by `scipy.optimize`, with values and gradients).
        hand: the same result in NumPy by hand, as an expert writes it.
        torch: `torch(torch, F)` gives the function for PyTorch; left out if it is that of `fun`.
        small: dominated by the overhead of calls.
        skip: peers that cannot run it.
    """

    name: str
    title: str
    args: Callable[[np.random.Generator], tuple[Any, ...]]
    fun: Callable[[Any], Callable[..., Any]]
    hand: Callable[..., Any] | None = None
    transform: str = "grad"
    torch: Callable[[Any], Callable[..., Any]] | None = None
    small: bool = False
    skip: tuple[str, ...] = ()
