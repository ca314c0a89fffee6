"""Names for parts of programs, and computing now what does not depend on traced values."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import shown
from funcgrad.core.scopes import enter_scope, leave_scope, without_trace
from funcgrad.core.source import here


class named_scope(contextlib.ContextDecorator):  # JAX's name
    """A name for what is traced within a block, or by a function: errors, jaxprs and profiles show it.

    Args:
        name: what to call it. Scopes within scopes are joined by slashes.

    Raises:
        ArgumentError: the name is no text.

    >>> import numpy as np, funcgrad as fg
    >>> def f(x):
    ...     with fg.named_scope("layer"):
    ...         return np.log(x)
    >>> try:
    ...     with fg.debug_nans():
    ...         fg.jit(f)(-1.0)
    ... except fg.errors.NonFiniteError as error:
    ...     print(str(error).splitlines()[1].split(" in ")[1])
    layer/f
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ArgumentError(f"named_scope takes a name, not {shown(name)}{here()}")
        self.name = name

    def __enter__(self) -> named_scope:
        enter_scope(self.name)
        return self

    def __exit__(self, *exc: object) -> None:
        leave_scope()


def named_call(fun: Callable[..., Any], *, name: str | None = None) -> Callable[..., Any]:
    """A function whose part of the program has a name: `named_scope` around each of its calls.

    Args:
        fun: any function.
        name: what to call it; its own name by default.

    >>> import numpy as np, funcgrad as fg
    >>> layer = fg.named_call(lambda x: np.sin(x), name="layer")
    >>> "layer/<lambda>" in fg.make_jaxpr(layer)(1.0).pretty_print(source_info=True)
    True
    """
    scope = named_scope(getattr(fun, "__name__", type(fun).__name__) if name is None else name)

    @functools.wraps(fun)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with scope:
            return fun(*args, **kwargs)

    return wrapped


@contextlib.contextmanager
def ensure_compile_time_eval() -> Iterator[None]:
    """Within the block, what does not depend on traced values is computed now, not by the program.

    NumPy's functions of plain arrays always are. Control flow, callbacks and transformations, which would become part
    of the program, are too within the block. What depends on traced values stays part of the program.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.jit
    ... def f(x):
    ...     with fg.ensure_compile_time_eval():
    ...         n = fg.lax.while_loop(lambda n: n * n < 50, lambda n: n + 1, 0)
    ...     return x[: int(n)]
    >>> f(np.arange(10.0)).shape
    (8,)
    """
    with without_trace():
        yield
