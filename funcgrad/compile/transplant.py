"""Functions of funcgrad as source text, with all that they refer to: what exported modules bring along.

A primitive's `impl` is NumPy code. Its definition is read from the file that it stands in; the names in it that are
global or closed over are looked up, and what they stand for is written out before it in turn: other functions,
constants, the programs inside of loops. What belongs to NumPy, SciPy or Python is imported.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import itertools
import sys
import textwrap
import types
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from funcgrad.compile.compiler import optimized
from funcgrad.compile.constants import array_text, literal_text
from funcgrad.compile.definitions import (
    Attributes,
    Renamed,
    as_def,
    class_definition,
    definition,
    local_names,
    methods,
    original_bases,
    outer_names,
    parsed,
    positional,
)
from funcgrad.compile.emit import Emitter
from funcgrad.compile.exported_loops import WRITERS
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.jaxpr import Equation, Jaxpr
from funcgrad.core.primitive import Primitive
from funcgrad.core.source import locate

_HOME = __name__.partition(".")[0]
_ALIASES = {"numpy": "import numpy as np"}
_LIBRARIES = frozenset({"numpy", "scipy", *sys.stdlib_module_names})
# A constant with a longer text gets a name.
_LONGEST_INLINE = 60


class Untransplantable(Exception):
    """A value that has no source which could stand in a module without funcgrad."""


class Transplant:
    """The definitions that a module needs, collected while its source is written.

    Attributes:
        imports: statements.
    """

    emitter: Emitter

    def __init__(self, stand_ins: Mapping[Any, str]) -> None:
        """
        Args:
            stand_ins: the source of what replaces functions that belong to funcgrad's way of running.
        """
        self.stand_ins = stand_ins
        self.imports: dict[str, None] = {}
        self._names: dict[int, str] = {}
        self._kept: list[Any] = []  # so that their ids stay theirs
        self._taken: set[str] = set()

    def begin(self, emitter: Emitter) -> None:
        """Definitions go to the functions of this program, each behind what it refers to."""
        self.emitter = emitter
        self.definitions = emitter.source.functions

    def call(self, emitter: Emitter, eqn: Equation, operands: Sequence[str]) -> str:
        """An expression for an equation in a program that `emitter` writes.

        Raises:
            UnsupportedError: it runs what has no source, for example a function of the user.
        """
        impl, params = eqn.primitive.impl, eqn.params
        write = WRITERS.get(eqn.primitive.name)
        if write is not None:
            return f"{write(emitter, eqn)}({', '.join(operands)})"
        try:
            inlined = self._inlined(impl, operands, params)
            if inlined is not None:
                return inlined
            named = [f"{key}={self.expression(value, key)}" for key, value in params.items()]
            function = self.expression(impl, eqn.primitive.name)
        except (Untransplantable, OSError) as error:
            where = f"\n  at {locate(eqn.source)}" if eqn.source else ""
            raise UnsupportedError(
                f"{eqn.primitive.name} has no source of NumPy calls: {error}{where}\n  keep this part outside of the "
                "exported function, or pickle the compiled function instead"
            ) from None
        return f"{function}({', '.join([*operands, *named])})"

    # Values

    def expression(self, value: Any, hint: str = "value") -> str:
        """What stands for a value in the module; `hint` may become its name."""
        if id(value) in self._names:
            return self._names[id(value)]
        text = literal_text(value)
        if text is not None:
            return text
        if isinstance(value, np.ndarray):
            text = array_text(value)
            if text is None:
                raise Untransplantable(f"its {hint} is an array of shape {value.shape}, too large")
            return self._define(value, hint, text)
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if isinstance(value, Jaxpr):
            return self._name(value, self.emitter.part(optimized(value)))
        if isinstance(value, Primitive):
            return self.expression(value.ufunc or value.impl, value.name)
        if type(value) in (tuple, list, set, frozenset, dict):
            text = self._container(value, hint)
            return text if len(text) < _LONGEST_INLINE else self._define(value, hint, text)
        if isinstance(value, functools.partial):
            parts = [self.expression(part, hint) for part in (value.func, *value.args)]
            parts += [f"{k}={self.expression(v, k)}" for k, v in value.keywords.items()]
            return f"{self._module(functools)}.partial({', '.join(parts)})"
        return self._code(value, hint)

    def _code(self, value: Any, hint: str) -> str:
        """A function or a class."""
        owner = getattr(value, "__self__", None)
        if isinstance(owner, np.ufunc):
            return f"{self.expression(owner)}.{value.__name__}"
        if isinstance(value, np.ufunc) or _library(value):
            return self._imported(value)
        if isinstance(value, type) and issubclass(value, Exception):
            return next(base.__name__ for base in value.__mro__ if base.__module__ == "builtins")
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            fields = [self.expression(field, hint) for field in value]
            return f"{self.expression(type(value))}({', '.join(fields)})"
        cached = getattr(value, "__wrapped__", None)
        if cached is not None and hasattr(value, "cache_parameters"):
            text = f"{self._module(functools)}.lru_cache({value.cache_parameters()['maxsize']})"
            return self._define(value, cached.__name__, f"{text}({self.expression(cached)})")
        if not isinstance(value, types.FunctionType):
            raise Untransplantable(
                f"it runs Python code that was not traced (its {hint}, a {type(value).__name__})"
            )
        if not value.__module__.startswith(f"{_HOME}."):
            raise Untransplantable(f"{value.__qualname__} is a function of {value.__module__}")
        own_name = value.__name__.removesuffix("_impl").strip("_")
        generic = own_name in ("", "impl", "run", "computed", "<lambda>")
        name = self._name(value, self._unused(hint if generic else own_name))
        if value in self.stand_ins:
            text = textwrap.dedent(self.stand_ins[value])
        else:
            text = ast.unparse(ast.fix_missing_locations(as_def(self._resolved(value), name)))
        self.definitions.append(text + "\n")
        return name

    def _class(self, value: type) -> str:
        name = self._name(value, self._unused(value.__name__))
        node = class_definition(value)
        node.name = name
        node.bases = [parsed(self.expression(base)) for base in original_bases(value)]
        for method in methods(value):
            node = self._with_names(method, node)
        self.definitions.append(ast.unparse(ast.fix_missing_locations(node)) + "\n")
        return name

    def _define(self, value: Any, hint: str, text: str) -> str:
        name = self._name(value, self._unused(hint))
        self.definitions.append(f"{name} = {text}\n")
        return name

    def _name(self, value: Any, name: str) -> str:
        self._kept.append(value)
        self._names[id(value)] = name
        return name

    def _unused(self, hint: str) -> str:
        """A name that starts with an underscore, as no variable of a program does."""
        base = "_" + hint.strip("_")
        numbered = (f"{base}_{i}" for i in itertools.count(2))
        name = next(n for n in itertools.chain([base], numbered) if n not in self._taken)
        self._taken.add(name)
        return name

    def _container(self, value: Any, hint: str) -> str:
        if isinstance(value, dict):
            pairs = [f"{self.expression(k)}: {self.expression(v, hint)}" for k, v in value.items()]
            return f"{{{', '.join(pairs)}}}"
        items = [self.expression(item, hint) for item in value]
        if isinstance(value, tuple):
            return f"({', '.join(items)}{',' * (len(items) == 1)})"
        if isinstance(value, list):
            return f"[{', '.join(items)}]"
        return f"{type(value).__name__}([{', '.join(items)}])"

    def _module(self, module: types.ModuleType) -> str:
        package, _, name = module.__name__.rpartition(".")
        if package == "numpy":
            return f"{self._module(np)}.{name}"
        statement = f"from {package} import {name}" if package else f"import {name}"
        self.imports[_ALIASES.get(module.__name__, statement)] = None
        return "np" if module is np else name

    def _imported(self, value: Any) -> str:
        """An attribute of a module of NumPy, SciPy or Python."""
        name = value.__name__
        if getattr(builtins, name, None) is value:
            return str(name)
        modules = ["numpy", getattr(value, "__module__", None)]
        if isinstance(value, np.ufunc):
            modules += ["scipy.special", "scipy.special._ufuncs"]
        for module in modules:
            if module is not None and getattr(importlib.import_module(module), name, None) is value:
                return f"{self._module(sys.modules[module])}.{name}"
        raise Untransplantable(f"{name} is found in no module")

    # Functions

    def _inlined(self, impl: Any, operands: Sequence[str], params: Mapping[str, Any]) -> str | None:
        """The body of a lambda with its arguments put in; None if it is no expression of names alone."""
        if getattr(impl, "__name__", "") != "<lambda>" or _library(impl):
            return None
        node = self._resolved(impl)
        scopes = (ast.Lambda, ast.comprehension, ast.Starred)
        if any(isinstance(part, scopes) for part in ast.walk(node.body)):
            return None
        if node.args.vararg or node.args.kwarg or node.args.defaults or node.args.kw_defaults:
            return None
        given = dict(zip(positional(node), operands, strict=False))
        given |= {key: self.expression(value, key) for key, value in params.items()}
        return ast.unparse(Renamed(given).visit(node.body))

    def _resolved(self, function: types.FunctionType) -> Any:
        """The definition of a function in which the names that are not its own are those of the module."""
        node = self._with_names(function, definition(function))
        defaults = [self.expression(v, function.__name__) for v in function.__defaults__ or ()]
        node.args.defaults = [parsed(text) for text in defaults]
        keywords = function.__kwdefaults__ or {}
        node.args.kw_defaults = [
            parsed(self.expression(keywords[a.arg], a.arg)) if a.arg in keywords else None
            for a in node.args.kwonlyargs
        ]
        return node

    def _with_names(self, function: types.FunctionType, node: Any) -> Any:
        """A definition in which the outer names of a function in it are those of the module."""
        names: dict[str, str] = {}
        modules: dict[str, Any] = {}
        for name, value in outer_names(function, node).items():
            if isinstance(value, types.ModuleType) and not _library(value):
                modules[name] = value
            else:
                names[name] = self.expression(value, name)
        if modules:
            node = Attributes(modules, self.expression).visit(node)
        changed = {name: text for name, text in names.items() if name != text}
        clashes = local_names(function.__code__) & changed.keys()
        if clashes:
            raise Untransplantable(f"{function.__qualname__} has two meanings of {clashes.pop()}")
        return Renamed(changed).visit(node) if changed else node


def _library(value: Any) -> bool:
    """Whether something belongs to NumPy, SciPy or Python."""
    module = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
    return str(module).partition(".")[0] in _LIBRARIES
