"""Functions with derivative rules of their own: what `custom_jvp` and `custom_vjp` have in common."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.bodies import trace_body
from funcgrad.control.custom_bind import record_custom
from funcgrad.control.parameters import Parameters
from funcgrad.control.remembered import Memory
from funcgrad.control.rule_call import Call
from funcgrad.core.errors import ArgumentError, MissingRuleError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.leaves import flatten_arrays
from funcgrad.core.source import describe_function, here
from funcgrad.core.trace import values_asked
from funcgrad.core.tracing import Tracer, current_trace
from funcgrad.core.tree import keystr, tree_leaves, tree_map
from funcgrad.core.types import float0


class CustomFunction:
    """A function with derivative rules of its own, forward (`defjvp`), reverse (`defvjp`) or both.

    Outside of derivatives it is the function that it was made from.
    """

    transform = "custom_jvp"

    def __init__(
        self,
        fun: Callable[..., Any],
        nondiff_argnums: int | Sequence[int] = (),
        nondiff_argnames: str | Sequence[str] = (),
    ) -> None:
        if not callable(fun):
            raise ArgumentError(f"{self.transform} takes a function, not {fun!r:.80}")
        functools.update_wrapper(self, fun, updated=())
        self.fun = fun
        self.name = describe_function(fun)
        self._parameters = Parameters(fun, self.transform)
        self.nondiff_argnums = self._parameters.positions(nondiff_argnums, nondiff_argnames)
        self.jvp: Callable[..., Any] | None = None
        self.fwd: Callable[..., Any] | None = None
        self.bwd: Callable[..., Any] | None = None
        self.checks_closure = True  # whether the function may not close over what is differentiated
        self.symbolic_jvp = False
        self.symbolic_vjp = False
        self._memory = Memory()

    def __repr__(self) -> str:
        return f"<{self.transform} of {describe_function(self.fun)}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def _function_parts(self) -> tuple[Any, ...]:
        """What makes two of them the same; see `function_key`."""
        symbolic = (self.symbolic_jvp, self.symbolic_vjp)
        return (self.fun, self.nondiff_argnums, self.jvp, self.fwd, self.bwd, *symbolic)

    def defjvp(self, jvp: Callable[..., Any], symbolic_zeros: bool = False) -> Callable[..., Any]:
        """Give the forward rule: `jvp(primals, tangents) -> (output, output tangent)`.

        Args:
            jvp: takes two tuples with an entry per argument; non-differentiable arguments come before
                them. The tangents have the structures, shapes and dtypes of the arguments (dtype `float0` for
                integers and booleans). It returns the output and its tangent, of the same structure.
            symbolic_zeros: whether tangents that are known to be zero are `SymbolicZero` objects.

        Returns:
            `jvp`, so that this can be used as a decorator.

        >>> import numpy as np, funcgrad as fg
        >>> @fg.custom_jvp
        ... def log1pexp(x):
        ...     return np.log(1.0 + np.exp(x))
        >>> @log1pexp.defjvp
        ... def log1pexp_jvp(primals, tangents):
        ...     (x,), (t,) = primals, tangents
        ...     return log1pexp(x), (1.0 - 1.0 / (1.0 + np.exp(x))) * t
        >>> fg.grad(log1pexp)(100.0)
        np.float64(1.0)
        """
        self.jvp = jvp
        self.symbolic_jvp = symbolic_zeros
        self._memory = Memory()
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Give the forward rule as one function per argument: `jvp_i(tangent_i, output, *arguments)`.

        The contributions are added; None stands for an argument on which the derivative does not depend.

        >>> import funcgrad as fg
        >>> @fg.custom_jvp
        ... def scale(x, y):
        ...     return x * y
        >>> scale.defjvps(lambda t, ans, x, y: t * y, lambda t, ans, x, y: x * t)
        >>> fg.grad(scale, argnums=(0, 1))(2.0, 3.0)
        (np.float64(3.0), np.float64(2.0))
        """
        if self.nondiff_argnums:
            raise ArgumentError("defjvps does not take functions with nondiff_argnums; use defjvp")
        self.defjvp(_SumOfRules(self, jvps))

    def defvjp(
        self,
        fwd: Callable[..., Any],
        bwd: Callable[..., Any],
        symbolic_zeros: bool = False,
        optimize_remat: bool = False,
    ) -> None:
        """Give the reverse rule, in two parts.

        Args:
            fwd: takes the arguments of the function, and returns `(output, residuals)`.
            bwd: takes the non-differentiable arguments, the residuals and the output's cotangent, and returns a tuple
                with a cotangent for each differentiable argument. None stands for a zero.
            symbolic_zeros: whether `fwd` takes `CustomVJPPrimal` objects, which tell whether an argument is
                differentiated, and `bwd` takes `SymbolicZero` objects for cotangents that are known to be zero.
            optimize_remat: accepted for JAX's sake; without effect.

        >>> import numpy as np, funcgrad as fg
        >>> @fg.custom_vjp
        ... def clip_gradient(x):
        ...     return x
        >>> clip_gradient.defvjp(lambda x: (x, None), lambda _, ct: (np.clip(ct, -1.0, 1.0),))
        >>> fg.grad(lambda x: 10.0 * clip_gradient(x))(0.0)
        np.float64(1.0)
        """
        self.fwd = fwd
        self.bwd = bwd
        self.symbolic_vjp = symbolic_zeros
        self._memory = Memory()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        positional = self._parameters.resolve(args, kwargs)
        if self.jvp is None and self.fwd is None:
            raise MissingRuleError(
                f"{describe_function(self.fun)} is a {self.transform} function without a rule{here()}\n  "
                "give it one with defjvp or defvjp"
            )
        if current_trace() is None:
            return self.fun(*positional)
        nondiff = [positional[i] for i in self.nondiff_argnums]
        given = tuple([a for i, a in enumerate(positional) if i not in self.nondiff_argnums])
        leaves, avals, tree = flatten_arrays(
            given, self.transform, lambda path: self._argument(path, len(positional))
        )
        call = Call(self, tuple(nondiff), tree, tuple(avals))
        traced = any(type(x) is Tracer for x in leaves)
        key = self._memory.key(call) if traced else None
        calls = self._memory.calls
        recorded = calls.get(key) if key is not None else None
        if recorded is None:
            asked = values_asked()
            body = trace_body(
                call.run, tree, avals, what=self.transform, values=leaves, why_abstract="rule"
            )
            if not traced and not any(type(x) is Tracer for x in body.consts):
                return body.out_tree.unflatten(eval_jaxpr(body.jaxpr, (), *body.consts, *leaves))
            call = call._replace(out_tree=body.out_tree, out_avals=body.out_avals)
            recorded = record_custom(call, body, leaves)
            if key is not None and asked == values_asked():
                self._memory.keep(key, recorded, calls)
        return recorded.bind(leaves)

    def _argument(self, path: Any, n: int) -> str:
        positions = [i for i in range(n) if i not in self.nondiff_argnums]
        return (
            f"argument {positions[path[0].idx]}{keystr(path[1:])} of {describe_function(self.fun)}"
        )


class custom_jvp(CustomFunction):  # JAX's name
    """A function with a derivative rule of its own, in forward mode; reverse mode follows from it.

    Args:
        fun: the function.
        nondiff_argnums: positions of arguments that are not differentiated and may be any Python objects.
        nondiff_argnames: names of such arguments.

    Give it the rule with `defjvp` or `defjvps`. It may have a reverse rule too (`defvjp`), which reverse mode then
    uses. Rules may close over arrays and traced values.

    Raises:
        ArgumentError: the function has no rule, or the rule returns another structure, shape or dtype than it.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.custom_jvp
    ... def safe_sqrt(x):
    ...     return np.sqrt(x)
    >>> safe_sqrt.defjvps(lambda t, ans, x: t * np.where(x > 0.0, 0.5 / ans, 0.0))
    >>> fg.grad(safe_sqrt)(0.0)
    np.float64(0.0)
    """


class custom_vjp(CustomFunction):  # JAX's name
    """A function with a derivative rule of its own, in reverse mode.

    Args:
        fun: the function.
        nondiff_argnums: positions of arguments that are not differentiated and may be any Python objects.
        nondiff_argnames: names of such arguments.

    Give it the rule with `defvjp`; it may have a forward rule too (`defjvp`), without which forward mode is an error.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.custom_vjp
    ... def straight_through_round(x):
    ...     return np.round(x)
    >>> straight_through_round.defvjp(lambda x: (np.round(x), None), lambda _, ct: (ct,))
    >>> fg.grad(straight_through_round)(0.3)
    np.float64(1.0)
    """

    transform = "custom_vjp"


class _SumOfRules:
    """The forward rule of `defjvps`: the sum of one rule per argument."""

    def __init__(self, custom: CustomFunction, rules: Sequence[Callable[..., Any] | None]) -> None:
        self.custom = custom
        self.rules = tuple(rules)

    def _function_parts(self) -> tuple[Any, ...]:
        return (self.custom, self.rules)

    def __call__(self, primals: Any, tangents: Any) -> Any:
        ans = self.custom(*primals)
        if len(self.rules) != len(primals):
            raise ArgumentError(
                f"defjvps of {describe_function(self.custom.fun)} was given {len(self.rules)} rules for "
                f"{len(primals)} arguments\n  give one per argument, None for a zero"
            )
        total = None
        for rule, tangent in zip(self.rules, tangents, strict=True):
            if rule is not None and not _is_float0(tangent):
                term = rule(tangent, ans, *primals)
                total = term if total is None else tree_map(operator.add, total, term)
        return ans, tree_map(np.zeros_like, ans) if total is None else total


def _is_float0(tangent: Any) -> bool:
    leaves = tree_leaves(tangent)
    return bool(leaves) and all(getattr(leaf, "dtype", None) == float0 for leaf in leaves)
