"""A function of the user traced on its arguments: what most transformations start with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.api.call import Aux, check_callable, open_trace, split_aux
from funcgrad.core.leaves import flatten_arrays, flatten_result
from funcgrad.core.tree import (
    keystr,
)
from funcgrad.core.types import (
    is_differentiable,
)


class TracedCall:
    """A function traced on its arguments, ready for a rewrite."""

    __slots__ = (
        "aux",
        "avals",
        "consts",
        "fun",
        "in_tree",
        "jaxpr",
        "leaves",
        "n_outs",
        "out_avals",
        "out_tree",
    )

    def __init__(
        self, fun: Any, args: Any, transform: str, *, has_aux: bool = False, values: bool = True
    ) -> None:
        check_callable(fun, transform)
        leaves, avals, self.in_tree = flatten_arrays(
            args,
            transform,
            lambda path: f"argument {path[0].idx}{keystr(path[1:])}",
            abstract=not values,
        )
        self.fun, self.leaves, self.avals = fun, leaves, avals
        with open_trace(fun, avals, leaves if values else None) as trace:
            out = fun(*self.in_tree.unflatten(trace.inputs()))
            self.aux = None
            if has_aux:
                out, aux = split_aux(out, fun, transform)
                self.aux = Aux(aux)
            outs, self.out_tree = flatten_result(out, fun, transform)
            self.n_outs = len(outs)
            jaxpr, self.consts = trace.finish(
                [*outs, *(self.aux.tracers() if self.aux else ())], lift=True
            )
        self.jaxpr = jaxpr.open_consts()
        self.out_avals = jaxpr.out_avals[: self.n_outs]

    def nonzero(self) -> list[bool]:
        """Which inputs of the opened jaxpr have tangents: no constant, every differentiable argument."""
        return [False] * len(self.consts) + [is_differentiable(a.dtype) for a in self.avals]

    def fill_aux(self, values: Sequence[Any]) -> Any:
        assert self.aux is not None
        return self.aux.fill(values)

    def instantiate(self) -> list[bool]:
        """Outputs whose tangents are wanted: those of the function, not its auxiliary data."""
        return [i < self.n_outs for i in range(len(self.jaxpr.outvars))]
