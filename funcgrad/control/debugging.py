"""Looking into a program while it runs: `debug.callback` and `debug.print`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.control.call import CallPrimitive
from funcgrad.control.callback import Callback
from funcgrad.control.message import Message, make_message
from funcgrad.control.sequential import batch_by_loop
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import flatten_arrays
from funcgrad.core.source import here
from funcgrad.core.tracing import current_trace
from funcgrad.core.tree import keystr, tree_flatten


def _debug_impl(*args: Any, callback: Callback, ordered: bool) -> tuple[()]:
    callback(args)
    return ()


def _debug_jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    debug_callback_p(*primals, **params)
    return (), ()


debug_callback_p = CallPrimitive(
    "debug_callback",
    impl=_debug_impl,
    abstract=lambda *avals, **params: (),
    jvp=_debug_jvp,
    batch=lambda axis, operands, batched, **params: batch_by_loop(
        debug_callback_p, axis, operands, batched, params
    ),
    multiple_results=True,
    effects=frozenset({"debug"}),
)


def debug_callback(
    callback: Callable[..., Any], *args: Any, ordered: bool = False, **kwargs: Any
) -> None:
    """Call a Python function for its side effects (printing, logging, plotting), in any transform.

    Derivatives call it with the values, `vmap` once per example.

    Args:
        callback: takes plain arrays in the structure of the arguments; its result is ignored.
        args: arrays or pytrees.
        ordered: whether calls must keep their order. (They do.)
        kwargs: further arguments.

    >>> import funcgrad as fg
    >>> def f(x):
    ...     fg.debug.callback(print, x)
    ...     return x**2
    >>> fg.grad(f)(3.0)
    3.0
    np.float64(6.0)
    """
    if not callable(callback):
        raise ArgumentError(f"debug.callback takes a function first, not {callback!r:.60}{here()}")
    leaves, _, in_tree = flatten_arrays(
        (args, kwargs), "debug.callback", lambda path: f"argument {keystr(path[1:])}"
    )
    call_at_run_time(Callback(callback, in_tree, None), leaves, ordered)


def call_at_run_time(callback: Callback, leaves: Sequence[Any], ordered: bool = False) -> None:
    """Make a call for its side effects part of the program, or call now outside of traces."""
    if current_trace() is None:
        callback(leaves)
    else:
        debug_callback_p(*leaves, callback=callback, ordered=ordered)


class _Printer:
    """Prints a message; two of the same message are the same callback."""

    __slots__ = ("__name__", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.__name__ = f"print {message.format!r}"  # what jaxprs show

    def _function_key(self) -> Message:
        return self.message

    def __call__(self, *values: Any) -> None:
        print(self.message.text(values), flush=True)


def debug_print(fmt: str, *args: Any, ordered: bool = False, **kwargs: Any) -> None:
    """Print values when the program runs, in any transform.

    Python's `print` shows traced values as what they are while tracing, without a value. This prints when they have
    one: at each run of a jitted function, in each step of a loop, for each example under `vmap` (one line each, in
    order), in the branch that is taken, and in derivative rules of one's own in the backward pass.

    Args:
        fmt: a format string, as for `str.format`.
        args: values for `{}`: arrays, pytrees of them, or anything else.
        ordered: whether lines keep their order. (They do.)
        kwargs: values for `{name}`.

    Raises:
        ArgumentError: the format string does not fit the values, or leaves one out.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.jit
    ... def f(x):
    ...     fg.debug.print("x is {x:.2f}", x=x)
    ...     return np.sin(x)
    >>> fg.vmap(fg.grad(f))(np.array([0.0, 1.0])).round(2)
    x is 0.00
    x is 1.00
    array([1.  , 0.54])
    """
    message, leaves = make_message("debug.print", fmt, args, kwargs, all_used=True)
    call_at_run_time(
        Callback(_Printer(message), tree_flatten((tuple(leaves), {}))[1], None), leaves, ordered
    )
