"""Recording a call of a custom function: its body and its rules, with what they close over, as one equation."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from typing import Any

from funcgrad.control.bodies import Body, avals_of
from funcgrad.control.code_names import globals_read
from funcgrad.control.custom_call import custom_jvp_call, custom_vjp_call
from funcgrad.control.custom_rules import (
    FailedRule,
    Jvp,
    JvpRule,
    LateJvp,
    LateVjp,
    Pullback,
    TracedBackward,
    TracedJvp,
    TracedVjp,
    Vjp,
    VjpRule,
)
from funcgrad.control.function_key import Identity, function_key
from funcgrad.control.jaxprs import padded
from funcgrad.control.remembered import Recorded
from funcgrad.control.rule_call import Call
from funcgrad.control.rule_tracing import JvpTrace, VjpTrace, attempt, trace_jvp, trace_vjp
from funcgrad.core.errors import TracingError
from funcgrad.core.tracing import Tracer
from funcgrad.core.types import ShapedArray, is_differentiable

# Orders of derivatives of rules that call their own function and close over arrays.
_MAX_DEPTH = 3


class _Running(threading.local):
    customs: tuple[Any, ...] = ()  # the functions whose rules are being traced


_RUNNING = _Running()


def record_custom(call: Call, body: Body, leaves: Sequence[Any]) -> Recorded:
    """The equation of a call, with its rules traced.

    Its operands are the constants of the body, those of the rules, and the arguments.
    """
    custom = call.custom
    running = _RUNNING.customs
    late, too_deep = _when_to_trace(call, running) if running else (None, None)
    _RUNNING.customs = (*running, custom)
    try:
        jvp_trace: Any = too_deep
        vjp_trace: Any = too_deep
        if custom.jvp is not None and not (late or too_deep or custom.symbolic_jvp):
            takes = [is_differentiable(a.dtype) for a in call.avals]
            jvp_trace = attempt(lambda: trace_jvp(call, takes, leaves))
        if custom.fwd is not None and not (late or too_deep or custom.symbolic_vjp):
            vjp_trace = attempt(lambda: trace_vjp(call, *_all_nonzero(call), leaves))
        captured = [] if late or too_deep else _captured(call)
    finally:
        _RUNNING.customs = running
    consts = [
        *body.consts,
        *(jvp_trace.consts if isinstance(jvp_trace, JvpTrace) else ()),
        *(vjp_trace.consts if isinstance(vjp_trace, VjpTrace) else ()),
    ]
    late_rules = _LateRules(call, late, captured, len(consts))
    consts += captured
    frame = _Frame([*avals_of(consts), *call.avals], len(consts))

    def params() -> dict[str, Any]:
        return _params(call, body, frame, jvp_trace, vjp_trace, late_rules)

    key = _traced_key(call, frame, jvp_trace, vjp_trace)
    found = params() if key is None else body.jaxpr.memo(key, params)
    primitive = custom_jvp_call if found["vjp"] is None else custom_vjp_call
    return Recorded(primitive, consts, found, body.out_tree)


def _traced_key(call: Call, frame: _Frame, jvp_trace: Any, vjp_trace: Any) -> Hashable | None:
    """What the params of a call depend on besides its body; None if rules are still to be traced, or failed."""
    custom = call.custom
    parts: list[Hashable] = []
    for rule, trace in ((custom.jvp, jvp_trace), (custom.fwd, vjp_trace)):
        if rule is None:
            parts.append(None)
        elif isinstance(trace, (JvpTrace, VjpTrace)):
            parts.append((trace[0], len(trace.consts), *trace[2:]))
        else:
            return None
    return ("custom_call", custom.name, custom.checks_closure, tuple(frame.avals), *parts)


def _params(
    call: Call,
    body: Body,
    frame: _Frame,
    jvp_trace: Any,
    vjp_trace: Any,
    late_rules: _LateRules,
) -> dict[str, Any]:
    """The params of the equation."""
    custom, n_body = call.custom, len(body.consts)
    n_jvp = len(jvp_trace.consts) if isinstance(jvp_trace, JvpTrace) else 0
    jvp: JvpRule | None = None
    vjp: VjpRule | None = None
    if custom.jvp is not None:
        if jvp_trace is None:
            jvp = late_rules.jvp(frame)
        elif isinstance(jvp_trace, JvpTrace):
            jvp = TracedJvp(frame.jvp(jvp_trace, n_body))
        else:
            jvp = FailedRule(jvp_trace)
    if custom.fwd is not None:
        if vjp_trace is None:
            vjp = late_rules.vjp(frame)
        elif isinstance(vjp_trace, VjpTrace):
            vjp = frame.vjp(vjp_trace, n_body + n_jvp)
        else:
            vjp = FailedRule(vjp_trace)
    return {
        "jaxpr": frame.place(body.jaxpr, n_body, 0),
        "jvp": jvp,
        "vjp": vjp,
        "n_consts": n_body if custom.checks_closure else 0,
        "name": custom.name,
    }


def _when_to_trace(call: Call, running: Sequence[Any]) -> tuple[Hashable | None, Exception | None]:
    """The key of the functions if the rules are traced late; or why they are not traced at all.

    A rule that calls its own function would be traced without end, and rules of rules are rarely needed:
    these are traced late, if they do not depend on the code around them.
    """
    depth = sum(c is call.custom for c in running)
    if not depth and len(running) < 2:
        return None, None
    key, closed = _functions_key(call)
    if closed:
        return key, None
    if depth < _MAX_DEPTH:
        return None, None
    return None, TracingError(
        f"a derivative of order {_MAX_DEPTH + 1} goes through {call.custom.name}, whose rule calls the function "
        "itself and closes over arrays or traced values\n  pass these as arguments of the function"
    )


def _all_nonzero(call: Call) -> tuple[list[bool], list[bool]]:
    return (
        [is_differentiable(a.dtype) for a in call.avals],
        [is_differentiable(a.dtype) for a in call.out_avals],
    )


class _Frame:
    """The operands of a call, and where in them each traced function finds its own inputs."""

    def __init__(self, avals: Sequence[ShapedArray], n_consts: int) -> None:
        self.avals = avals
        self.n_consts = n_consts

    def place(self, jaxpr: Any, n: int, first: int, extra: int = 0) -> Any:
        """A jaxpr of `n` constants (which start at operand `first`), arguments and `extra` inputs."""
        total = len(self.avals)
        avals = [*self.avals, *[v.aval for v in jaxpr.invars[len(jaxpr.invars) - extra :]]]
        if not extra:
            avals = list(self.avals)
        order = [*range(first, first + n), *range(self.n_consts, total + extra)]
        return padded(jaxpr, avals, order)

    def flags(self, arguments: Sequence[bool]) -> tuple[bool, ...]:
        return (*(False,) * self.n_consts, *arguments)

    def jvp(self, trace: JvpTrace, first: int) -> Jvp:
        takes = [is_differentiable(a.dtype) for a in self.avals[self.n_consts :]]
        return self.jvp_taking(trace, first, takes)

    def jvp_taking(self, trace: JvpTrace, first: int, takes: Sequence[bool]) -> Jvp:
        jaxpr = self.place(trace.jaxpr, len(trace.consts), first, sum(takes))
        return Jvp(jaxpr, self.flags(takes), trace.out_nonzero)

    def vjp(self, trace: VjpTrace, first: int) -> TracedVjp:
        n_cts = len(trace.bwd.invars) - trace.n_residuals
        pullback = Pullback(trace.bwd, (True,) * n_cts, self.flags(trace.arg_nonzero))
        fwd = self.place(trace.fwd, len(trace.consts), first)
        return TracedVjp(Vjp(fwd, trace.n_residuals, TracedBackward(pullback)))


def _functions_key(call: Call) -> tuple[Hashable, bool]:
    """A key of what is traced late, and whether it can be: it depends on nothing that goes away with this call."""
    keys = [function_key(f) for f in (call.custom, *call.nondiff)]
    memory = call.custom._memory
    if not keys[0][1] and (memory.lasting or len(_RUNNING.customs) > _MAX_DEPTH):
        known = memory.surroundings(call.custom)
        keys[0] = ((known, Identity(call.custom)), known is not None)
    found = tuple([key for key, _ in keys])
    return (found, globals_read(call.custom)), all(closed for _, closed in keys)


def _captured(call: Call) -> list[Tracer]:
    """The traced values that rules with symbolic zeros close over, as far as a first tracing shows.

    These rules are traced again when a derivative tells which tangents are zero, and the values may be out of
    reach by then: they become operands of the call.
    """
    custom, found = call.custom, []
    if not (custom.symbolic_jvp or custom.symbolic_vjp) or _functions_key(call)[1]:
        return []
    wanted, cts = _all_nonzero(call)
    if custom.symbolic_jvp:
        found.append(attempt(lambda: trace_jvp(call, wanted, None)))
    if custom.symbolic_vjp:
        found.append(attempt(lambda: trace_vjp(call, wanted, cts, None)))
    consts = [c for t in found if isinstance(t, (JvpTrace, VjpTrace)) for c in t.consts]
    tracers = {(c._trace, c._index): c for c in consts if type(c) is Tracer}
    return list(tracers.values())


class _LateRules:
    """Rules that are traced when a derivative needs them.

    `functions` is their key, None if it is to be found; `captured` are the operands from `first` on.
    """

    def __init__(
        self, call: Call, functions: Hashable | None, captured: Sequence[Tracer], first: int
    ) -> None:
        self.call = call
        self.functions = functions
        self.captured = captured
        self.first = first

    def key(self, frame: _Frame) -> Hashable:
        # The values that a rule closes over are those of one call: the rule is no other call's.
        functions = object() if self.captured else self.functions or _functions_key(self.call)[0]
        call = self.call
        return (functions, call.tree, call.out_tree, tuple(frame.avals), frame.n_consts)

    def jvp(self, frame: _Frame) -> JvpRule:
        call = self.call

        def make(nonzero: tuple[bool, ...]) -> Jvp:
            wanted = nonzero[frame.n_consts :]
            if not call.custom.symbolic_jvp:
                wanted = tuple([is_differentiable(a.dtype) for a in call.avals])
            trace = trace_jvp(call, wanted, None, late=True, captured=self.captured)
            return frame.jvp_taking(trace, self.first, wanted)

        return LateJvp(("jvp", self.key(frame)), make)

    def vjp(self, frame: _Frame) -> VjpRule:
        call, symbolic = self.call, self.call.custom.symbolic_vjp
        perturbed, all_cts = _all_nonzero(call)

        def make(
            nonzero: tuple[bool, ...], ct_nonzero: tuple[bool, ...] | None
        ) -> tuple[Vjp, Pullback]:
            wanted = nonzero[frame.n_consts :] if symbolic else perturbed
            given = iter(ct_nonzero or ())
            takes = all_cts
            if symbolic and ct_nonzero is not None:
                takes = [flag and next(given) for flag in all_cts]
            trace = trace_vjp(call, wanted, takes, None, late=True, captured=self.captured)
            rule = frame.vjp(trace, self.first).found
            found = rule.backward.pullback(())
            taken = tuple([t for t, flag in zip(takes, all_cts, strict=True) if flag])
            if ct_nonzero is not None:
                reference = make(nonzero, None)[0]
                if reference.n_residuals != rule.n_residuals:
                    raise TracingError(
                        f"the bwd rule of {call.custom.name} uses other values of the fwd rule when a "
                        "cotangent is zero\n  return them as residuals from the fwd rule"
                    )
            return rule, found._replace(takes=taken)

        return LateVjp(("vjp", self.key(frame)), make)
