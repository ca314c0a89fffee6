"""`profile` and `export_source`: look into a compiled function, or take it elsewhere."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from funcgrad.api.call import check_callable, reraise_filtered
from funcgrad.api.jit import Jit
from funcgrad.compile.export import module_source
from funcgrad.compile.profile import Profile, profile_jaxpr
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import describe_function
from funcgrad.core.tree import tree_flatten


@reraise_filtered
def profile(fun: Callable[..., Any], *args: Any, repeat: int = 5, **kwargs: Any) -> Profile:
    """Time a function equation by equation, as it runs when compiled.

    Args:
        fun: a function of arrays, for example `fg.grad(loss)` or `fg.jit(step)`.
        *args: its arguments.
        repeat: how often each equation runs; the least time counts.
        **kwargs: its keyword arguments.

    Returns:
        A `Profile`: print it for a table by line and by equation; `save_trace(path)` writes a Chrome trace.

    >>> import numpy as np, funcgrad as fg
    >>> result = fg.profile(fg.grad(lambda x: np.sum(np.sin(x) * x)), np.ones(1000))
    >>> result.seconds > 0
    True
    """
    if repeat < 1:
        raise ArgumentError(f"profile: repeat must be at least 1, not {repeat}")
    lowered = _jitted(fun, "profile").lower(*args, **kwargs)
    given = (args, kwargs) if lowered.keywords else args
    leaves = tree_flatten(given)[0]
    return profile_jaxpr(
        lowered.jaxpr, [*lowered.consts, *leaves], name=lowered.name, repeat=repeat
    )


@reraise_filtered
def export_source(fun: Callable[..., Any], *example_args: Any) -> str:
    """The source of a module that computes a function with NumPy alone.

    Write it to a file: the function in it has the name of `fun` and takes arguments of the example's
    structure, shapes and dtypes. It is compiled as `jit` does, but runs in one thread. What a call of NumPy does not
    say is written out as a function next to it; special functions are imported from SciPy.

    Args:
        fun: a function of arrays, for example `fg.grad(loss)`.
        *example_args: arguments of the shapes and dtypes that it is exported for.

    Raises:
        UnsupportedError: an operation runs Python code that was not traced (a callback, a primitive of yours), or a
            captured array is too large for text.

    >>> import numpy as np, funcgrad as fg
    >>> def loss(x):
    ...     return np.sum(x * x)
    >>> source = fg.export_source(fg.grad(loss), np.ones(3))
    >>> module = {}
    >>> exec(source, module)
    >>> module["loss"](np.arange(3.0))
    array([0., 2., 4.])
    """
    lowered = _jitted(fun, "export_source").lower(*example_args)
    try:
        names = [
            p.name
            for p in inspect.signature(fun).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        names = []
    names = names[: len(example_args)]
    names += [f"arg_{i}" for i in range(len(names), len(example_args))]
    return module_source(
        lowered, names, example_args, importlib.import_module("funcgrad").__version__
    )


def _jitted(fun: Callable[..., Any], what: str) -> Jit:
    check_callable(fun, what)
    if isinstance(fun, Jit):
        if fun._static_positions or fun._static_names:
            raise ArgumentError(
                f"{what}: {describe_function(fun.fun)} has static arguments"
                "\n  bind them first, with functools.partial or a lambda"
            )
        return fun
    return Jit(
        fun, static_argnums=None, static_argnames=None, donate_argnums=None, donate_argnames=None
    )
