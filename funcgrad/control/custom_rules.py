"""Derivative rules of users, as jaxprs.

A rule is traced where the function is called, so that what it closes over becomes operands of the call and
Python code in it may ask for values. Where that cannot be (a rule that calls its own function, one that wants
to know which tangents are zero), it is traced when a derivative needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.tracing import build_jaxpr
from funcgrad.ops.basic import sum_axes
from funcgrad.transforms import batch as batching


class Jvp(NamedTuple):
    """`jaxpr`: operands, the tangents that it takes -> outputs, their nonzero tangents."""

    jaxpr: Jaxpr
    takes: tuple[bool, ...]
    out_nonzero: tuple[bool, ...]


class Vjp(NamedTuple):
    """`fwd`: operands -> outputs, residuals."""

    fwd: Jaxpr
    n_residuals: int
    backward: Backward


class Pullback(NamedTuple):
    """`jaxpr`: residuals, the cotangents that it takes -> cotangents of the operands that have one."""

    jaxpr: Jaxpr
    takes: tuple[bool, ...]
    nonzero: tuple[bool, ...]


class Rule:
    """Base of rules: params of equations, hence compared by key."""

    __slots__ = ("_hash", "key")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self._hash = hash(key)  # once: calls of the function look for their program by it

    def __eq__(self, other: object) -> bool:
        return other is self or (type(other) is type(self) and other.key == self.key)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return "..."


class JvpRule(Rule):
    """`jvp(nonzero)`, where `nonzero` says of each operand whether it has a tangent."""

    __slots__ = ()

    def jvp(self, nonzero: tuple[bool, ...]) -> Jvp:
        raise NotImplementedError


class VjpRule(Rule):
    """`vjp(nonzero)`, where `nonzero` says of each operand whether its cotangent is wanted."""

    __slots__ = ()

    def vjp(self, nonzero: tuple[bool, ...]) -> Vjp:
        raise NotImplementedError


class Backward(Rule):
    """`pullback(nonzero)`, where `nonzero` says of each differentiable output whether it has a cotangent."""

    __slots__ = ()

    def pullback(self, nonzero: tuple[bool, ...]) -> Pullback:
        raise NotImplementedError


class TracedJvp(JvpRule):
    __slots__ = ("found",)

    def __init__(self, found: Jvp) -> None:
        super().__init__(found)
        self.found = found

    def jvp(self, nonzero: tuple[bool, ...]) -> Jvp:
        return self.found

    def jaxprs(self) -> list[Jaxpr]:
        return [self.found.jaxpr]


class TracedVjp(VjpRule):
    __slots__ = ("found",)

    def __init__(self, found: Vjp) -> None:
        super().__init__(found)
        self.found = found

    def vjp(self, nonzero: tuple[bool, ...]) -> Vjp:
        return self.found

    def jaxprs(self) -> list[Jaxpr]:
        return [self.found.fwd, self.found.backward.pullback(()).jaxpr]


class TracedBackward(Backward):
    __slots__ = ("found",)

    def __init__(self, found: Pullback) -> None:
        super().__init__(found)
        self.found = found

    def pullback(self, nonzero: tuple[bool, ...]) -> Pullback:
        return self.found


class FailedRule(JvpRule, VjpRule):
    """A rule that raised when it was traced: an error only for those who differentiate."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        super().__init__(("failed", type(error), str(error)))
        self.error = error.with_traceback(None)

    def jvp(self, nonzero: tuple[bool, ...]) -> Jvp:
        raise self.error.with_traceback(None)

    def vjp(self, nonzero: tuple[bool, ...]) -> Vjp:
        raise self.error.with_traceback(None)


class LateJvp(JvpRule):
    """A rule that is traced when it is needed, by `make(nonzero)`."""

    __slots__ = ("_made", "make")

    def __init__(self, key: Hashable, make: Callable[[tuple[bool, ...]], Jvp]) -> None:
        super().__init__(key)
        self.make = make
        self._made: dict[Any, Jvp] = {}

    def jvp(self, nonzero: tuple[bool, ...]) -> Jvp:
        if nonzero not in self._made:
            self._made[nonzero] = self.make(nonzero)
        return self._made[nonzero]


class LateVjp(VjpRule):
    """As `LateJvp`, by `make(nonzero)`, and its pullback by `make_pullback(nonzero, ct_nonzero)`."""

    __slots__ = ("_made", "make")

    def __init__(self, key: Hashable, make: Callable[..., tuple[Vjp, Pullback]]) -> None:
        super().__init__(key)
        self.make = make
        self._made: dict[Any, Any] = {}

    def vjp(self, nonzero: tuple[bool, ...]) -> Vjp:
        if nonzero not in self._made:
            fwd, n_residuals, _ = self.make(nonzero, None)[0]
            self._made[nonzero] = Vjp(fwd, n_residuals, LateBackward(self, nonzero))
        return self._made[nonzero]

    def pullback(self, nonzero: tuple[bool, ...], ct_nonzero: tuple[bool, ...]) -> Pullback:
        key = (nonzero, ct_nonzero)
        if key not in self._made:
            self._made[key] = self.make(nonzero, ct_nonzero)[1]
        return self._made[key]


class LateBackward(Backward):
    __slots__ = ("nonzero", "rule")

    def __init__(self, rule: LateVjp, nonzero: tuple[bool, ...]) -> None:
        super().__init__((rule, nonzero))
        self.rule = rule
        self.nonzero = nonzero

    def pullback(self, nonzero: tuple[bool, ...]) -> Pullback:
        return self.rule.pullback(self.nonzero, nonzero)


class BatchedJvp(JvpRule):
    """The rule on a batch: every output, and its tangent, has the batch axis."""

    __slots__ = ("axis", "base", "batched")

    def __init__(self, base: JvpRule, axis: BatchAxis, batched: tuple[bool, ...]) -> None:
        super().__init__((base, axis, batched))
        self.base = base
        self.axis = axis
        self.batched = batched

    def jvp(self, nonzero: tuple[bool, ...]) -> Jvp:
        found = self.base.jvp(nonzero)
        flags = [*self.batched, *[b for b, t in zip(self.batched, found.takes, strict=True) if t]]
        jaxpr, _ = batching.batch(found.jaxpr, self.axis, flags, out_batched=True)
        return found._replace(jaxpr=jaxpr)


class BatchedVjp(VjpRule):
    """The rule on a batch: every output has the batch axis."""

    __slots__ = ("axis", "base", "batched")

    def __init__(self, base: VjpRule, axis: BatchAxis, batched: tuple[bool, ...]) -> None:
        super().__init__((base, axis, batched))
        self.base = base
        self.axis = axis
        self.batched = batched

    def vjp(self, nonzero: tuple[bool, ...]) -> Vjp:
        fwd, n, backward = self.base.vjp(nonzero)
        forced = [i < len(fwd.outvars) - n for i in range(len(fwd.outvars))]
        jaxpr, flags = batching.batch(fwd, self.axis, self.batched, out_batched=forced)
        residuals = tuple(flags[len(flags) - n :])
        return Vjp(jaxpr, n, BatchedBackward(backward, self.axis, residuals, self.batched))


class BatchedBackward(Backward):
    """The pullback on a batch: an operand that all examples share gets the sum of their cotangents."""

    __slots__ = ("axis", "base", "batched", "residuals")

    def __init__(
        self,
        base: Backward,
        axis: BatchAxis,
        residuals: tuple[bool, ...],
        batched: tuple[bool, ...],
    ) -> None:
        super().__init__((base, axis, residuals, batched))
        self.base = base
        self.axis = axis
        self.residuals = residuals
        self.batched = batched

    def pullback(self, nonzero: tuple[bool, ...]) -> Pullback:
        found = self.base.pullback(nonzero)
        shared = [not b for b, nz in zip(self.batched, found.nonzero, strict=True) if nz]
        flags = [*self.residuals, *[True] * sum(found.takes)]
        jaxpr, _ = batching.batch(found.jaxpr, self.axis, flags, out_batched=True)
        if any(shared):
            jaxpr = jaxpr.memo(("shared", tuple(shared)), lambda: _summed(jaxpr, shared))
        return found._replace(jaxpr=jaxpr)


def _summed(jaxpr: Jaxpr, shared: Sequence[bool]) -> Jaxpr:
    def fun(*args: Any) -> list[Any]:
        outs = eval_jaxpr(jaxpr, (), *args)
        return [sum_axes(x, (0,)) if s else x for x, s in zip(outs, shared, strict=True)]

    return build_jaxpr(fun, jaxpr.in_avals, name="vmap of a custom rule")
