"""Static and donated arguments of `jit`: which they are, and taking them apart from the others."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import describe_function
from funcgrad.core.tree import tree_flatten


def merge_static(rest: Sequence[Any], static: Sequence[tuple[int, Any]]) -> list[Any]:
    """Positional arguments with the static ones back in their places."""
    merged = list(rest)
    for position, value in sorted(static, key=lambda item: item[0]):
        merged.insert(position, value)
    return merged


def refuse_donated_static(
    fun: Any,
    argnums: Any,
    argnames: Any,
    static_positions: Sequence[int],
    static_names: Sequence[str],
) -> None:
    """A static argument has no memory to give."""
    for option, given, static in (
        ("donate_argnums", argnums, static_positions),
        ("donate_argnames", argnames, static_names),
    ):
        if given is None:
            continue
        for value in (given,) if isinstance(given, (int, str)) else given:
            if value in static:
                raise ArgumentError(
                    f"jit: {option} has {value!r}, which is a static argument of {describe_function(fun)}"
                )


def resolve_static(
    fun: Any, argnums: Any, argnames: Any
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Positions and names of static arguments; each is inferred from the other, as JAX does."""
    positions = (
        () if argnums is None else (argnums,) if isinstance(argnums, int) else tuple(argnums)
    )
    names = (
        () if argnames is None else (argnames,) if isinstance(argnames, str) else tuple(argnames)
    )
    if not (positions or names):
        return (), ()
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        return positions, names
    positional = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    known = {p.name for p in parameters}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    for name in names:
        if name not in known and not takes_any:
            raise ArgumentError(
                f"jit: static_argnames has {name!r}, but {describe_function(fun)} has no such argument"
            )
    takes_many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    for position in positions:
        if not takes_many and not -len(positional) <= position < len(positional):
            raise ArgumentError(
                f"jit: static_argnums has {position}, but {describe_function(fun)} has "
                f"{len(positional)} positional arguments"
            )
    if names and not positions:
        positions = tuple([i for i, n in enumerate(positional) if n in names])
    elif positions and not names:
        names = tuple([positional[p] for p in positions if -len(positional) <= p < len(positional)])
    return positions, names


def split_static(
    fun: Any,
    static_positions: Sequence[int],
    static_names: Sequence[str],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, Any]:
    """The arguments that are traced, and what is static: positions, names and types with the values."""
    positions = [p % len(args) for p in static_positions if -len(args) <= p < len(args)]
    static_args = tuple([(p, args[p]) for p in positions])
    static_kwargs = tuple([(n, kwargs[n]) for n in static_names if n in kwargs])
    for where, value in (*static_args, *static_kwargs):
        try:
            hash(value)
        except TypeError:
            raise ArgumentError(
                f"jit: static argument {where} of {describe_function(fun)} is not hashable: "
                f"a {type(value).__name__}\n  pass a tuple, a string, a number or a frozen object, "
                "or do not mark it static"
            ) from None
    rest = tuple([a for p, a in enumerate(args) if p not in positions])
    named = {n: v for n, v in kwargs.items() if n not in static_names}
    # The types of static values count too: 1, 1.0 and True are different arguments.
    types = tuple([type(v) for _, v in (*static_args, *static_kwargs)])
    return (rest, named), (static_args, static_kwargs, types)


def donated_leaves(fun: Any, argnums: Any, argnames: Any, dynamic: Any, static: Any) -> list[int]:
    """Which of the leaves of the traced arguments are donated."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums or ())
    names = (argnames,) if isinstance(argnames, str) else tuple(argnames or ())
    rest, named = (dynamic, {}) if static is None else dynamic
    # Positions count all positional arguments, the static ones among them.
    gone = [] if static is None else [p for p, _ in static[0]]
    n = len(rest) + len(gone)
    positions = [p for p in range(n) if p not in gone]
    parameters = list(inspect.signature(fun).parameters) if names else []
    wanted = {p % n for p in numbers if -n <= p < n}
    wanted |= {i for i, name in enumerate(parameters) if name in names}
    # Keyword arguments are flattened behind the positional ones, in the order of their names.
    given = list(zip(positions, rest, strict=True))
    flags: list[bool] = []
    for position, arg in given:
        flags += [position in wanted] * len(tree_flatten(arg)[0])
    for name in sorted(named):
        flags += [name in names] * len(tree_flatten(named[name])[0])
    return [i for i, flag in enumerate(flags) if flag]
