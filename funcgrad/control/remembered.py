"""Calls of custom functions that were traced before.

The equation of a call is remembered on the custom function, by the types of the arguments, for as long as nothing has
changed that its body and rules depend on (see `surroundings`), if these asked for no values when they were traced.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.control.custom_rules import TracedJvp, TracedVjp
from funcgrad.control.rule_call import Call
from funcgrad.control.surroundings import Surroundings, surroundings
from funcgrad.core.cache import generation
from funcgrad.core.primitive import Primitive
from funcgrad.core.scopes import in_scope
from funcgrad.core.trace import outermost_traces
from funcgrad.core.tracing import Tracer
from funcgrad.core.tree import PyTreeDef

_KEPT_CALLS = 64
_MAX_CHANGES = 4  # a function whose surroundings change more often is traced at each call
_MANY_CALLS = (
    8  # what is called as often in one trace is remembered there, even if it is gone with it
)
_MAX_BYTES = 1 << 12


class Recorded(NamedTuple):
    """The equation of a call: `primitive[params] consts arguments`, and the structure of its result."""

    primitive: Primitive
    consts: Sequence[Any]
    params: dict[str, Any]
    out_tree: PyTreeDef

    def bind(self, leaves: Sequence[Any]) -> Any:
        return self.out_tree.unflatten(self.primitive(*self.consts, *leaves, **self.params))

    def stands_for_others(self) -> bool:
        """Whether it is the same for every call with arguments of these types, if the surroundings are."""
        jaxprs = [self.params["jaxpr"]]
        for rule in (self.params["jvp"], self.params["vjp"]):
            if rule is None:
                continue
            if not isinstance(rule, (TracedJvp, TracedVjp)):  # still to be traced, or failed
                return False
            jaxprs += rule.jaxprs()
        return not any(j.effects for j in jaxprs) and not any(
            type(c) is Tracer or getattr(c, "nbytes", 0) > _MAX_BYTES for c in self.consts
        )


class Memory:
    """What a custom function remembers of its calls.

    Attributes:
        calls: the equations by what their calls are remembered by.
        known: what the function and its rules depend on; None if that is open, or not worth the search yet.
        lasting: whether the function was called in several traces, hence is not defined anew in each.
    """

    __slots__ = ("calls", "changes", "first", "generation", "known", "lasting", "n_calls")

    def __init__(self) -> None:
        self.lasting = False
        self.first = 0
        self.n_calls = 0
        self.forget()

    def forget(self) -> None:
        self.known: Surroundings | None = None
        self.calls: dict[Hashable, Recorded] = {}
        self.changes = 0
        self.generation = generation()

    def __reduce__(self) -> Any:
        return Memory, ()

    def count_call(self) -> None:
        self.n_calls += 1
        if not self.first:
            self.first = outermost_traces()
        elif self.first != outermost_traces():
            self.lasting = True

    def surroundings(self, custom: Any) -> Surroundings | None:
        """What the function and its rules depend on now; None if it is open."""
        if self.changes > _MAX_CHANGES:
            return None
        if self.generation != generation():
            self.forget()
        if self.known is None or not self.known.unchanged():
            self.calls = {}
            self.known = surroundings(custom)
            self.changes += 1
            if self.known is None:
                self.changes = _MAX_CHANGES + 1
        return self.known

    def key(self, call: Call) -> tuple[Any, ...] | None:
        """What a call is remembered by; None if it is to be traced in any case."""
        self.count_call()
        if not (self.lasting or self.n_calls > _MANY_CALLS) or in_scope():
            return None
        if self.surroundings(call.custom) is None:
            return None
        if not call.nondiff:
            return (call.tree, call.avals)
        nondiff = [_constant_key(value) for value in call.nondiff]
        return None if None in nondiff else (*nondiff, call.tree, call.avals)

    def keep(
        self, key: tuple[Any, ...], recorded: Recorded, calls: dict[Hashable, Recorded]
    ) -> None:
        """Remember the call, if it can stand for others; `calls` are those from before it was traced."""
        if calls is not self.calls:  # what it depends on was found changed since
            return
        if self.known is None or not self.known.unchanged():  # tracing itself may have side effects
            return
        if not (_is_builtin(key[-2]) and recorded.stands_for_others()):
            return
        if len(self.calls) >= _KEPT_CALLS:
            self.calls = {}
        self.calls[key] = recorded


def _is_builtin(tree: PyTreeDef) -> bool:
    """Whether a tree is made of Python's containers: methods of a user's class may do more than compute."""
    return (tree.kind is None or tree.kind.type in (tuple, list, dict, type(None))) and all(
        _is_builtin(part) for part in tree.parts
    )


def _constant_key(value: Any) -> Hashable | None:
    """A key of a non-differentiable argument that is a constant; None for any other."""
    kind = type(value)
    if kind in (int, bool, str, bytes, type(None)) or issubclass(kind, (type, np.dtype, np.ufunc)):
        return (kind, value)
    if kind is float:
        return (kind, value.hex())  # tells -0.0 from 0.0
    if kind is tuple:
        parts = [_constant_key(part) for part in value]
        return None if None in parts else (kind, *parts)
    return None
