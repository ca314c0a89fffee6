"""`jit`: trace once per signature, keep the program."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from funcgrad.api.call import (
    Transformed,
    execute,
    hide_frames,
    open_trace,
    worth_a_second_try,
)
from funcgrad.api.static_arguments import (
    donated_leaves,
    merge_static,
    refuse_donated_static,
    resolve_static,
    split_static,
)
from funcgrad.compile.program import compile_jaxpr
from funcgrad.compile.results import Program
from funcgrad.control.call import jit_p
from funcgrad.core.config import config
from funcgrad.core.donation import GIVEN, refuse_given
from funcgrad.core.errors import ArgumentError
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_arrays, flatten_result, leaf_aval
from funcgrad.core.local_array import LocalArray, plain
from funcgrad.core.source import describe_function
from funcgrad.core.tracing import Tracer, current_trace
from funcgrad.core.tree import PyTreeDef, keystr, tree_flatten

if TYPE_CHECKING:
    from funcgrad.compile.stages import Lowered, Traced

_MAX_PROGRAMS = 512
_NUMBERS = frozenset({bool, int, float, complex, np.float64})


def jit(
    fun: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
    keep_unused: bool = False,
    inline: bool = False,
) -> Any:
    """Compile a function: it is traced once per structure, shapes, dtypes and static arguments.

    An optimisation, never a requirement. Values of its array arguments are not known while it is traced, so Python
    control flow may not depend on them.

    Args:
        fun: a function of arrays (or pytrees of arrays). Left out, `jit(...)` is a decorator.
        static_argnums: positions of arguments that are Python values, hashable; the function is traced anew for each.
        static_argnames: names of such arguments.
        donate_argnums: positions of arguments whose memory the program may write over: `x = step(x)` is right; to
            use the old `x` again, under another name, is an error (which NumPy's own functions cannot notice).
        donate_argnames: names of such arguments.
        keep_unused: accepted for JAX's sake; unused inputs are always kept.
        inline: accepted for JAX's sake; calls are always inlined when compiled.

    Returns:
        A function with the arguments and results of `fun`.

    >>> import numpy as np, funcgrad as fg
    >>> f = fg.jit(lambda x: np.sum(np.sin(x) ** 2 + np.cos(x) ** 2))
    >>> float(f(np.arange(3.0)))
    3.0
    """
    options = {
        "static_argnums": static_argnums,
        "static_argnames": static_argnames,
        "donate_argnums": donate_argnums,
        "donate_argnames": donate_argnames,
    }
    if fun is None:
        return lambda fun: Jit(fun, **options)
    return Jit(fun, **options)


class _Entry:
    """A traced signature: its jaxpr with constants as inputs, their values, the program, the result's tree."""

    __slots__ = ("consts", "jaxpr", "out_tree", "program")

    def __init__(
        self, jaxpr: Jaxpr, consts: list[Any], out_tree: PyTreeDef, program: Program | None
    ) -> None:
        self.jaxpr = jaxpr
        self.consts = consts
        self.out_tree = out_tree
        self.program = program


def _quick_key(args: tuple[Any, ...]) -> Any:
    keys = [(arg.shape, arg.dtype) if type(arg) is ndarray else type(arg) for arg in args]
    return keys[0] if len(keys) == 1 else tuple(keys)


class Jit(Transformed):
    """A compiled function.

    >>> import numpy as np, funcgrad as fg
    >>> isinstance(fg.jit(np.sin), fg.stages.Wrapped)
    True
    """

    static_argnums: Any
    static_argnames: Any
    donate_argnums: Any
    donate_argnames: Any

    def __init__(self, fun: Callable[..., Any], **options: Any) -> None:
        super().__init__(fun, **options)
        self._static_positions, self._static_names = resolve_static(
            fun, self.static_argnums, self.static_argnames
        )
        refuse_donated_static(
            fun,
            self.donate_argnums,
            self.donate_argnames,
            self._static_positions,
            self._static_names,
        )
        self._entries: dict[Any, _Entry] = {}
        self._short: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # The floor of a call: arguments that are arrays and numbers need no flattening. What is quickly seen of
        # them (`_quick_key`, spelled out) finds the program.
        if not kwargs:
            if len(args) == 1:
                (arg,) = args
                key = (arg.shape, arg.dtype) if type(arg) is ndarray else type(arg)
            else:
                key = _quick_key(args)
            found = self._short.get(key)
            if found is not None and not (
                config.debug_nans or config.debug_infs or config.disable_jit
            ):
                program, out_tree = found
                try:
                    if GIVEN:
                        for arg in args:
                            refuse_given(arg)
                    results = program(*args)
                except Exception as error:
                    __tracebackhide__ = True
                    raise hide_frames(error) from error.__cause__
                return results[0] if out_tree is None else out_tree.unflatten(results)
        try:  # not by the base class, whose frame would show in tracebacks
            return self._call(args, kwargs)
        except Exception as error:
            if self._deserves_another(error):
                return self(*args, **kwargs)
            __tracebackhide__ = True
            raise hide_frames(error) from error.__cause__

    def _shorten(self, args: tuple[Any, ...], entry: _Entry) -> None:
        """Remember a program under what is quickly seen of arguments that are arrays and numbers."""
        if not all(type(arg) is ndarray or type(arg) in _NUMBERS for arg in args):
            return
        assert entry.program is not None
        single = entry.out_tree == tree_flatten(0)[1]
        program = functools.partial(entry.program, *entry.consts) if entry.consts else entry.program
        self._short[_quick_key(args)] = program, None if single else entry.out_tree

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_entries"], state["_short"], state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._entries = {}
        self._short = {}
        self._lock = threading.Lock()

    def __deepcopy__(self, memo: dict[int, Any]) -> Jit:
        copy = object.__new__(Jit)
        copy.__setstate__(self.__getstate__())
        return copy

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if config.disable_jit:
            return self.fun(*args, **kwargs)
        dynamic, static = self._split(args, kwargs)
        leaves, treedef = tree_flatten(dynamic)
        signature: list[Any] = [treedef, static]
        for i, leaf in enumerate(leaves):
            if type(leaf) is LocalArray:
                leaves[i] = leaf = plain(leaf)
            if type(leaf) is np.ndarray:
                if GIVEN:
                    refuse_given(leaf)
                signature.append(leaf.shape)
                signature.append(leaf.dtype)
            elif type(leaf) is Tracer or isinstance(leaf, np.generic):
                signature.append(leaf_aval(leaf))
            else:
                signature.append(type(leaf))
        key = tuple(signature)
        entry = self._entries.get(key)
        if entry is None:
            entry, leaves = self._trace(key, dynamic, static, args, kwargs)
        if current_trace() is not None and any(type(x) is Tracer for x in (*leaves, *entry.consts)):
            results = jit_p(
                *entry.consts, *leaves, jaxpr=entry.jaxpr, name=getattr(self.fun, "__name__", "fun")
            )
        elif entry.program is not None and not (config.debug_nans or config.debug_infs):
            results = entry.program(*entry.consts, *leaves)
        else:
            results = execute(entry.jaxpr, [*entry.consts, *leaves])
        return entry.out_tree.unflatten(results)

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """The arguments that are traced, and the static ones (None if there can be none)."""
        if kwargs or self._static_positions or self._static_names:
            return split_static(self.fun, self._static_positions, self._static_names, args, kwargs)
        return args, None

    def _donated(self, dynamic: Any, static: Any) -> list[int]:
        argnums, argnames = self.donate_argnums, self.donate_argnames
        if argnums is None and argnames is None:
            return []
        return donated_leaves(self.fun, argnums, argnames, dynamic, static)

    def _trace(
        self, key: Any, dynamic: Any, static: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[_Entry, list[Any]]:
        entry, leaves = trace_entry(self.fun, dynamic, static, "jit")
        cacheable = not any(type(c) is Tracer for c in entry.consts)
        if cacheable:
            entry.consts = [c.copy() if isinstance(c, np.ndarray) else c for c in entry.consts]
            donated = [
                entry.jaxpr.invars[len(entry.consts) + i] for i in self._donated(dynamic, static)
            ]
            entry.program = compile_jaxpr(entry.jaxpr, frozenset(donated))
            with self._lock:
                if len(self._entries) >= _MAX_PROGRAMS:
                    del self._entries[next(iter(self._entries))]
                    self._short.clear()
                self._entries[key] = entry
                if static is None:
                    self._shorten(args, entry)
        return entry, leaves

    def trace(self, *args: Any, **kwargs: Any) -> Traced:
        """Trace the function for arguments of these shapes and dtypes, the stage before `lower`.

        >>> import numpy as np, funcgrad as fg
        >>> fg.jit(lambda x: x * 2.0).trace(np.ones(3)).jaxpr
        { lambda ; a:f64[3]. let b:f64[3] = mul a 2.0:f64[] in (b,) }
        """
        lowered = self.lower(*args, **kwargs)
        return importlib.import_module("funcgrad.compile.stages").Traced(lowered)

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """Trace the function for arguments of these shapes and dtypes (or `ShapeDtypeStruct`s).

        >>> import numpy as np, funcgrad as fg
        >>> compiled = fg.jit(lambda x: x * 2.0).lower(np.ones(3)).compile()
        >>> compiled(np.arange(3.0))
        array([0., 2., 4.])
        """
        try:
            return self._lower(args, kwargs)
        except Exception as error:
            if worth_a_second_try(error):
                return self.lower(*args, **kwargs)
            __tracebackhide__ = True
            raise hide_frames(error) from error.__cause__

    def _lower(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Lowered:
        dynamic, static = self._split(args, kwargs)
        entry, _ = trace_entry(self.fun, dynamic, static, "jit")
        if any(type(c) is Tracer for c in entry.consts):
            raise ArgumentError(
                f"lower: {describe_function(self.fun)} uses values that are being traced"
                "\n  lower it outside of other transformations, or pass the values as arguments"
            )
        # The stages are for people who look at programs: not imported to run one.
        return importlib.import_module("funcgrad.compile.stages").Lowered(
            entry.jaxpr,
            [c.copy() if isinstance(c, np.ndarray) else c for c in entry.consts],
            tree_flatten(dynamic)[1],
            entry.out_tree,
            name=getattr(self.fun, "__name__", "program"),
            keywords=static is not None,
            donated=self._donated(dynamic, static),
        )

    def clear_cache(self) -> None:
        """Forget the programs of this function."""
        with self._lock:
            self._entries.clear()
            self._short.clear()


def trace_entry(fun: Any, dynamic: Any, static: Any, transform: str) -> tuple[_Entry, list[Any]]:
    """Trace a function for a signature, without values."""

    def what(path: Any) -> str:
        if static is None:
            return f"argument {path[0].idx}{keystr(path[1:])}"
        inner = path[1:]
        return f"argument {keystr(inner)}"

    leaves, avals, treedef = flatten_arrays(dynamic, transform, what, abstract=True)
    with open_trace(fun, avals, None, why_abstract="jit") as trace:
        traced = treedef.unflatten(trace.inputs())
        if static is None:
            out = fun(*traced)
        else:
            rest, named = traced
            out = fun(*merge_static(rest, static[0]), **named, **dict(static[1]))
        outs, out_tree = flatten_result(out, fun, transform)
        jaxpr, consts = trace.finish(outs)
    return _Entry(jaxpr.open_consts(), consts, out_tree, None), leaves
