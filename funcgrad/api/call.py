"""What every transform does: trace a function on its arguments, and run the rewritten jaxpr.

Under an outer trace the rewritten jaxpr is inlined into that trace instead of being run; that is all
that nesting is.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile.program import run
from funcgrad.compile.results import finalize
from funcgrad.core.config import config
from funcgrad.core.errors import ArgumentError, ConcretizationError, FuncgradError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import shown
from funcgrad.core.local_array import plain
from funcgrad.core.nonfinite import eval_checked
from funcgrad.core.source import describe_function, is_hidden
from funcgrad.core.tracing import Trace, Tracer
from funcgrad.core.tree import PyTreeDef, tree_flatten
from funcgrad.core.types import ShapedArray, aval_of

_ABSTRACT_TYPES: list[type] = []


class Transformed:
    """A function made from a function. It can be called, pickled, copied and used as a method.

    Subclasses give `_call`, and keep what they need in attributes.
    """

    def __init__(self, fun: Callable[..., Any], **options: Any) -> None:
        check_callable(fun, type(self).__name__.lower())
        functools.update_wrapper(self, fun, updated=())
        self.__dict__.update(options)
        self.fun = fun

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._call(args, kwargs)
        except Exception as error:
            if self._deserves_another(error):
                return self(*args, **kwargs)
            __tracebackhide__ = True  # pytest and IPython then leave this frame out, too
            raise hide_frames(error) from error.__cause__

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _deserves_another(self, error: Exception) -> bool:
        """Whether a second try may work, with what failed traced from now on."""
        own = self.fun
        if str(getattr(own, "__module__", "")).startswith("scipy."):  # grad(scipy.linalg.det)
            self.fun = importlib.import_module("funcgrad.scipy.stand_ins").counterpart(own)
        return self.fun is not own or worth_a_second_try(error)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def _function_parts(self) -> tuple[Any, ...]:
        own = [
            v for k, v in vars(self).items() if not k.startswith("__")
        ]  # without those of the wrapped function
        return (type(self), *own)

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} of {describe_function(self.fun)}>"


def hide_frames(error: Exception) -> Exception:
    """Take funcgrad's and NumPy's own frames out of a traceback."""
    cause = error.__cause__
    if isinstance(cause, FuncgradError) and str(error).startswith("setting an array element"):
        error = cause  # NumPy's words for a failed `array[i] = t` hide ours
    if not config.traceback_filtering:
        return error
    frames = []
    tb = error.__traceback__
    while tb is not None:
        if not is_hidden(tb.tb_frame.f_code.co_filename):
            frames.append(tb)
        tb = tb.tb_next
    shown = None
    for frame in reversed(frames):
        shown = types.TracebackType(shown, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return error.with_traceback(shown)


def worth_a_second_try(error: Exception) -> bool:
    """Whether what failed is traced from now on: NumPy's functions of lists of traced values, SciPy's functions."""
    hooks = ["funcgrad.scipy.stand_ins"] if "scipy" in sys.modules else []
    if isinstance(error, ConcretizationError) and error.function is not None:
        hooks.insert(0, "funcgrad.numpy.list_arguments")
    return any(importlib.import_module(hook).learn(error) for hook in hooks)


def reraise_filtered(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for functions of the api that run user code directly."""

    @functools.wraps(fun)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return fun(*args, **kwargs)
        except Exception as error:
            if worth_a_second_try(error):
                return wrapper(*args, **kwargs)
            __tracebackhide__ = True
            raise hide_frames(error) from error.__cause__

    return wrapper


def check_callable(fun: Any, transform: str) -> None:
    if not callable(fun):
        raise ArgumentError(
            f"{transform} takes a function, not {shown(fun)}\n  pass the function itself, not the result of calling it"
        )


def execute(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """Run a jaxpr without constants on arrays, or inline it into the trace that is open."""
    for arg in args:
        if type(arg) is Tracer:
            return eval_jaxpr(jaxpr, (), *args)
    if config.debug_nans or config.debug_infs:
        return finalize(jaxpr, args, eval_checked(jaxpr, args))
    return run(jaxpr, args)


def trace_leaves(tree: Any) -> tuple[list[Any], list[int], PyTreeDef]:
    """The leaves of a result, and which of them are traced."""
    leaves, treedef = tree_flatten(tree)
    leaves = [plain(leaf) for leaf in leaves]
    return leaves, [i for i, leaf in enumerate(leaves) if type(leaf) is Tracer], treedef


def open_trace(
    fun: Any,
    avals: list[ShapedArray],
    values: Sequence[Any] | None,
    why_abstract: str = "abstract",
) -> Trace:
    trace = Trace(avals, values, fun)
    trace.why_abstract = why_abstract
    return trace


def split_aux(out: Any, fun: Any, transform: str) -> tuple[Any, Any]:
    if not (isinstance(out, tuple) and len(out) == 2):
        raise ArgumentError(
            f"{transform} with has_aux=True: {describe_function(fun)} must return a pair (output, aux), "
            f"not {shown(out)}"
        )
    return out


class Aux:
    """Auxiliary data of a traced function: any pytree, in which traced leaves become arrays."""

    __slots__ = ("leaves", "traced", "treedef")

    def __init__(self, tree: Any) -> None:
        self.leaves, self.traced, self.treedef = trace_leaves(tree)

    def tracers(self) -> list[Any]:
        return [self.leaves[i] for i in self.traced]

    def fill(self, values: Sequence[Any]) -> Any:
        leaves = list(self.leaves)
        for i, value in zip(self.traced, values, strict=True):
            leaves[i] = value
        return self.treedef.unflatten(leaves)


def snapshot(value: Any) -> Any:
    """A frozen handle on a traced value: later in-place updates of the original do not reach it."""
    return (
        Tracer(value._trace, value._trace.use(value), value.aval)
        if type(value) is Tracer
        else value
    )


def result_aval(leaf: Any) -> ShapedArray:
    return leaf.aval if type(leaf) is Tracer else aval_of(leaf)
