"""Ahead-of-time compilation: `jit(f).trace(x).lower().compile()`, with the text of every stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.compile.analysis import MemoryAnalysis, cost_analysis, memory_analysis
from funcgrad.compile.compiler import optimized, program_source
from funcgrad.compile.program import compile_jaxpr
from funcgrad.compile.results import Program
from funcgrad.core.errors import ArgumentError
from funcgrad.core.jaxpr import ClosedJaxpr, Jaxpr, Var
from funcgrad.core.tree import PyTreeDef, tree_flatten
from funcgrad.core.types import ShapedArray, aval_of

STAGES = ("jaxpr", "optimized", "numpy")


class _Signature:
    """What each stage knows of the arguments and the result: pytrees of `ShapedArray`."""

    in_tree: PyTreeDef
    out_tree: PyTreeDef
    in_avals: tuple[ShapedArray, ...]
    out_avals: tuple[ShapedArray, ...]

    @property
    def args_info(self) -> Any:
        """The types of the arguments, in their structure."""
        return self.in_tree.unflatten(self.in_avals)

    @property
    def out_info(self) -> Any:
        """The types of the results, in their structure."""
        return self.out_tree.unflatten(self.out_avals)


class Traced(_Signature):
    """A function traced for one signature, before it is lowered.

    >>> import numpy as np, funcgrad as fg
    >>> traced = fg.jit(lambda x: {"twice": x * 2.0}).trace(np.ones(3))
    >>> traced.out_info
    {'twice': f64[3]}
    >>> traced.lower().compile()(np.arange(3.0))
    {'twice': array([0., 2., 4.])}
    """

    def __init__(self, lowered: Lowered) -> None:
        self._lowered = lowered
        self.fun_name = lowered.name
        self.in_tree, self.out_tree = lowered.in_tree, lowered.out_tree
        self.in_avals, self.out_avals = lowered.in_avals, lowered.out_avals

    @property
    def jaxpr(self) -> ClosedJaxpr:
        """The program, with the constants that the function captured."""
        jaxpr, consts = self._lowered.jaxpr, self._lowered.consts
        n = len(consts)
        closed = jaxpr.replace(constvars=jaxpr.invars[:n], invars=jaxpr.invars[n:])
        return ClosedJaxpr(closed, consts)

    def lower(self) -> Lowered:
        """The next stage."""
        return self._lowered

    def __repr__(self) -> str:
        return f"<Traced {self.fun_name}>"


class Lowered(_Signature):
    """A function lowered for one signature.

    Attributes:
        jaxpr: the program, whose first inputs are the constants that the function captured.
        consts: their values.
        in_tree: the structure of the arguments: `(args, kwargs)` if there are keyword arguments.
        out_tree: the structure of the result.
        in_avals: the types of the flat arguments.
        out_avals: the types of the flat results.
        donated: which of the flat arguments may be written over.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jit(lambda x: x * 2.0).lower(np.ones(3)).as_text("optimized")
    '{ lambda ; a:f64[3]. let b:f64[3] = mul a 2.0:f64[] in (b,) }'
    """

    def __init__(
        self,
        jaxpr: Jaxpr,
        consts: Sequence[Any],
        in_tree: PyTreeDef,
        out_tree: PyTreeDef,
        *,
        name: str = "program",
        keywords: bool = False,
        donated: Sequence[int] = (),
    ) -> None:
        self.jaxpr = jaxpr
        self.consts = list(consts)
        self.in_tree = in_tree
        self.out_tree = out_tree
        self.in_avals = jaxpr.in_avals[len(self.consts) :]
        self.out_avals = jaxpr.out_avals
        self.name = name
        self.keywords = keywords
        self.donated = tuple(donated)

    @property
    def donated_vars(self) -> frozenset[Var]:
        return frozenset(self.jaxpr.invars[len(self.consts) + i] for i in self.donated)

    def compile(self) -> Compiled:
        """The compiled program."""
        return Compiled(self)

    def as_text(self, stage: str = "jaxpr") -> str:
        """The program as text.

        Args:
            stage: "jaxpr" as traced, "optimized" after the passes, "numpy" for the source that runs.
        """
        if stage not in STAGES:
            raise ArgumentError(f"as_text: stage must be one of {STAGES}, not {stage!r}")
        if stage == "jaxpr":
            return self.jaxpr.pretty_print()
        if stage == "optimized":
            return optimized(self.jaxpr).pretty_print()
        return program_source(self.jaxpr, self.donated_vars).text()

    def cost_analysis(self) -> dict[str, float]:
        """Operations and bytes of the program as traced."""
        return cost_analysis(self.jaxpr)

    def __repr__(self) -> str:
        return f"<Lowered {self.name}>"


class Compiled(_Signature):
    """A program for one signature, called with the arguments of the function that it came from.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jit(lambda x: x * 2.0).lower(np.ones(3)).compile()(np.arange(3.0))
    array([0., 2., 4.])
    """

    def __init__(self, lowered: Lowered) -> None:
        self._lowered = lowered
        self._program: Program = compile_jaxpr(lowered.jaxpr, lowered.donated_vars)
        self.in_tree, self.out_tree = lowered.in_tree, lowered.out_tree
        self.in_avals, self.out_avals = lowered.in_avals, lowered.out_avals

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program.

        Raises:
            ArgumentError: the structure, a shape or a dtype differs from what was compiled.
        """
        given = (args, kwargs) if self._lowered.keywords else args
        leaves, tree = tree_flatten(given)
        if tree != self.in_tree or (kwargs and not self._lowered.keywords):
            raise ArgumentError(
                f"{self._lowered.name} was compiled for arguments of structure {self.in_tree}, not {tree}"
                "\n  lower and compile it for these arguments, or call the jitted function"
            )
        for i, (leaf, aval) in enumerate(zip(leaves, self.in_avals, strict=True)):
            if not _fits(leaf, aval):
                found = aval_of(leaf) if hasattr(leaf, "dtype") else type(leaf).__name__
                raise ArgumentError(
                    f"{self._lowered.name} was compiled for {aval} as flat argument {i}, not {found}"
                    "\n  lower and compile it for these arguments, or call the jitted function"
                )
        return self.out_tree.unflatten(self._program(*self._lowered.consts, *leaves))

    def as_text(self, stage: str = "numpy") -> str:
        """The program as text: "numpy" source, "optimized" jaxpr, or "jaxpr" as traced."""
        return self._lowered.as_text(stage)

    def cost_analysis(self) -> dict[str, float]:
        """Operations and bytes of the program that runs."""
        return cost_analysis(optimized(self._lowered.jaxpr))

    def memory_analysis(self) -> MemoryAnalysis:
        """The memory that the program needs, by its buffer plan."""
        text = self._lowered.as_text("numpy")
        donated = self._lowered.donated_vars
        return memory_analysis(optimized(self._lowered.jaxpr), donated, len(text))

    def __reduce__(self) -> Any:
        return Compiled, (self._lowered,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        return self  # immutable

    def __repr__(self) -> str:
        return f"<Compiled {self._lowered.name}>"


def _fits(leaf: Any, aval: ShapedArray) -> bool:
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.shape == aval.shape and leaf.dtype == aval.dtype
    return not aval.shape and np.result_type(type(leaf)) == aval.dtype
