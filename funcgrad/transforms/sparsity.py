"""Which elements of a result depend on which elements of an input: the dataflow of a jaxpr.

Each element of an array is replaced by the set of input elements that it depends on, and the jaxpr is run on
these sets. An elementwise equation unites the sets of its operands. Any other equation is run by its own
NumPy implementation on arrays of sets in which `+` and `*` unite: that covers whatever moves, sums or
multiplies elements. What cannot be run so depends on everything that its operands depend on. The answer
holds for all values of the inputs: it may say yes where a derivative happens to be zero, never no where it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.jaxpr import Equation, Jaxpr, Literal
from funcgrad.core.types import is_differentiable


class Deps(frozenset[int]):
    """The numbers of the input elements that a value depends on; arithmetic unites them."""

    __slots__ = ()

    def _unite(self, other: Any) -> Deps:
        if type(other) is Deps:
            return self if other <= self else Deps(self | other)
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _unite
    __truediv__ = __rtruediv__ = _unite

    def __neg__(self) -> Deps:
        return self

    def conjugate(self) -> Deps:
        return self


_NOTHING = Deps()
_unite = np.frompyfunc(lambda a, b: a._unite(b), 2, 1)


def input_deps(shape: tuple[int, ...], start: int = 0) -> Any:
    """An input's elements, each depending on itself, numbered from `start`."""
    deps = np.empty(shape, object)
    for position, index in enumerate(np.ndindex(shape), start):
        deps[index] = Deps((position,))
    return deps


def output_deps(jaxpr: Jaxpr, inputs: Sequence[Any]) -> list[Any]:
    """Arrays of `Deps`, one per output.

    Args:
        jaxpr: without constants.
        inputs: for each input an array of `Deps`, or its plain value if nothing is asked of it.
    """
    env: dict[Any, Any] = dict(zip(jaxpr.invars, inputs, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if type(atom) is Literal else env[atom]

    for eqn in jaxpr.eqns:
        operands = [read(atom) for atom in eqn.invars]
        env.update(zip(eqn.outvars, _equation(eqn, operands), strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _is_deps(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _equation(eqn: Equation, operands: list[Any]) -> list[Any]:
    primitive = eqn.primitive
    if not any(_is_deps(x) for x in operands):
        with np.errstate(all="ignore"):
            out = primitive.impl(*operands, **eqn.params)
        return list(out) if primitive.multiple_results else [out]
    if "no_derivative" in primitive.properties or not any(
        is_differentiable(v.aval.dtype) for v in eqn.outvars
    ):
        return [_constant(v.aval.shape, _NOTHING) for v in eqn.outvars]
    if "call" in primitive.properties:
        return [
            _as_deps(x, v)
            for x, v in zip(output_deps(eqn.params["jaxpr"], operands), eqn.outvars, strict=True)
        ]
    if primitive.elementwise:
        shape = eqn.outvars[0].aval.shape
        sets = [np.broadcast_to(x, shape) for x in operands if _is_deps(x)]
        united = sets[0]
        for other in sets[1:]:
            united = _unite(united, other)
        return [_constant(shape, united) if not isinstance(united, np.ndarray) else united]
    return _by_running(eqn, operands)


def _by_running(eqn: Equation, operands: list[Any]) -> list[Any]:
    try:
        out = eqn.primitive.impl(*operands, **eqn.params)
        outs = list(out) if eqn.primitive.multiple_results else [out]
        results = [_as_deps(x, v) for x, v in zip(outs, eqn.outvars, strict=True)]
    except Exception:  # whatever NumPy does not do on objects
        everything = _all(operands)
        return [_constant(v.aval.shape, everything) for v in eqn.outvars]
    return results


def _as_deps(value: Any, var: Any) -> Any:
    """A result as an array of sets: elements that are no sets depend on nothing."""
    array = np.empty(var.aval.shape, object)
    array[...] = value
    if array.shape != np.shape(value):
        raise ValueError("the implementation gave another shape on sets")
    flat = array.reshape(-1)
    for i, element in enumerate(flat):
        if type(element) is not Deps:
            flat[i] = _NOTHING
    return array


def _constant(shape: tuple[int, ...], deps: Any) -> Any:
    array = np.empty(shape, object)
    for index in np.ndindex(shape):
        array[index] = deps
    return array


def _all(operands: Iterable[Any]) -> Deps:
    found: set[int] = set()
    for x in operands:
        if _is_deps(x):
            found.update(*x.reshape(-1))
    return Deps(found)
