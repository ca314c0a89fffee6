"""`check`: assertions on values that are known only when the program runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.control.call import CallPrimitive
from funcgrad.control.message import Message, make_message, shown_value
from funcgrad.core.errors import ArgumentError, CheckError
from funcgrad.core.leaves import shown
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.source import here
from funcgrad.core.tracing import current_trace, typeof
from funcgrad.core.types import aval_of


def check(condition: Any, message: str, *args: Any, **kwargs: Any) -> None:
    """Raise an error if a condition does not hold when the program runs: `assert` for traced code.

    Python's `assert` looks at a value while the function is traced, which `jit` and `vmap` do not have. `check`
    becomes part of the program, in every transform, in branches and bodies of loops too.

    Args:
        condition: a bool or boolean array, all of whose elements must be true; under `vmap` for all examples.
        message: a format string, as for `str.format`.
        args: values for `{}`.
        kwargs: values for `{name}`. The error lists those that the message leaves out as well.

    Raises:
        CheckError: the condition does not hold; it is an `AssertionError` too. It names the line of the check,
            the first failing example and element, and shows the values.
        ArgumentError: the condition is not boolean, or the message does not fit its values.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.jit
    ... def log_mean(x):
    ...     fg.check(x > 0, "log_mean takes positive numbers", x=x)
    ...     return np.mean(np.log(x))
    >>> try:
    ...     log_mean(np.array([1.0, -2.0]))
    ... except fg.errors.CheckError as error:
    ...     print(str(error).splitlines()[0])
    log_mean takes positive numbers
    """
    aval = typeof(condition) if hasattr(condition, "dtype") else None
    if aval is None and isinstance(condition, bool):
        aval = aval_of(condition)
    if aval is None or aval.dtype.kind != "b":
        got = shown(condition) if aval is None else f"a value of type {aval}"
        raise ArgumentError(
            f"check takes a boolean condition, not {got}{here()}\n  compare: fg.check(x != 0, ...)"
        )
    bound, leaves = make_message("check", message, args, kwargs, all_used=False)
    params: dict[str, Any] = {"message": bound, "place": here(), "examples": ()}
    if current_trace() is None:
        _impl(condition, *leaves, **params)
    else:
        check_p(condition, *leaves, **params)


def _impl(
    condition: Any,
    *values: Any,
    message: Message,
    place: str,
    examples: tuple[tuple[bool, ...], ...],
) -> tuple[()]:
    """`examples`: for each `vmap` around the check, the outermost first, which operands have its axis."""
    holds = np.asarray(condition)
    if holds.all():
        return ()
    n_axes = sum([flags[0] for flags in examples])
    first = tuple([int(i) for i in np.argwhere(~holds)[0]])
    example, element = first[:n_axes], first[n_axes:]
    ours = [np.asarray(v)[_place(example, examples, i)] for i, v in enumerate(values, start=1)]
    lines = [message.text(ours) + place]
    if example:
        failing = ~holds.all(axis=tuple(range(n_axes, holds.ndim)))
        lines.append(
            f"in {failing.sum()} of {failing.size} examples, the first is {_index(example)}"
        )
    if element:
        part = holds[example]
        lines.append(f"for {(~part).sum()} of {part.size} elements, the first is {_index(element)}")
    _, kwargs = message.arguments(ours)
    lines += [f"{name} = {_listed(kwargs[name])}" for name in message.unused()]
    raise CheckError("\n  ".join(lines))


def _place(
    example: tuple[int, ...], examples: tuple[tuple[bool, ...], ...], operand: int
) -> tuple[Any, ...]:
    """Where an operand has its value for an example of the condition."""
    indices = iter(example)
    place: list[Any] = []
    for flags in examples:
        index: Any = next(indices) if flags[0] else slice(None)
        if flags[operand]:
            place.append(index)
    return tuple(place)


def _index(index: tuple[int, ...]) -> str:
    return f"number {index[0]}" if len(index) == 1 else f"at {index}"


def _listed(value: Any) -> str:
    return shown_value(value) if isinstance(value, (np.ndarray, np.generic)) else repr(value)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    check_p(*primals, **params)
    return (), ()


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    *,
    examples: tuple[tuple[bool, ...], ...],
    **params: Any,
) -> Any:
    flags = tuple([bool(b) for b in batched])
    return check_p(*operands, examples=(flags, *examples), **params), ()


check_p = CallPrimitive(
    "check",
    impl=_impl,
    abstract=lambda *avals, **params: (),
    jvp=_jvp,
    batch=_batch,
    multiple_results=True,
    effects=frozenset({"check"}),
)
