"""The syntax trees of functions, prepared for standing in another module."""

from __future__ import annotations

import ast
import copy
import dis
import functools
import importlib
import inspect
import pickle
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Function = ast.FunctionDef | ast.Lambda


def definition(function: types.FunctionType) -> Any:
    """A copy of what defines a function: without decorators, annotations, and all but a line of documentation.

    Raises:
        OSError: its source is not there.
    """
    path = inspect.getsourcefile(function) or ""
    return pickle.loads(_bare(function.__code__, path))


@functools.lru_cache(maxsize=1024)
def _bare(code: types.CodeType, path: str) -> bytes:
    is_lambda = code.co_name == "<lambda>"
    for node in _definitions(path).get(code.co_firstlineno, ()):
        if isinstance(node, ast.Lambda) == is_lambda and (not is_lambda or _stands_at(node, code)):
            bare = _Bare().visit(copy.deepcopy(node))
            bare.decorator_list = []
            return pickle.dumps(bare)
    raise OSError(f"{code.co_qualname} is not where it was")


def class_definition(cls: type) -> ast.ClassDef:
    """A copy of what defines a class, with its methods."""
    for nodes in _definitions(inspect.getsourcefile(cls) or "").values():
        for node in nodes:
            if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
                bare: ast.ClassDef = _Bare().visit(copy.deepcopy(node))
                return bare
    raise OSError(f"{cls.__qualname__} is not where it was")


def methods(cls: type) -> list[types.FunctionType]:
    """The functions that a class defines."""
    plain = [getattr(m, "fget", None) or getattr(m, "__func__", m) for m in vars(cls).values()]
    path = inspect.getsourcefile(cls)
    functions = [m for m in plain if isinstance(m, types.FunctionType)]
    return [m for m in functions if m.__code__.co_filename == path]


def original_bases(cls: type) -> tuple[Any, ...]:
    """The bases that the definition of a class names."""
    named = getattr(cls, "__orig_bases__", cls.__bases__)
    return tuple(base for base in named if base is not object)


@functools.lru_cache(maxsize=64)
def _definitions(path: str) -> dict[int, list[Any]]:
    """The functions and classes of a file, by the lines where they start."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    found: dict[int, list[Any]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            decorators = getattr(node, "decorator_list", [])
            found.setdefault(min([node.lineno, *[d.lineno for d in decorators]]), []).append(node)
    return found


def _stands_at(node: Any, code: types.CodeType) -> bool:
    """Whether a lambda is the one with this code: there may be several in a line."""
    body = node.body
    lines = [
        (line, column)
        for line, _, column, _ in code.co_positions()
        if line is not None and column is not None and (line, column) != (code.co_firstlineno, 0)
    ]
    start, stop = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    return all(start <= place <= stop for place in lines)


class _Bare(ast.NodeTransformer):
    """Without what only readers of the original, and type checkers, need."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        documentation = ast.get_docstring(node)
        if documentation is not None:
            node.body[0] = ast.Expr(ast.Constant(documentation.partition("\n")[0]))
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        body: list[ast.stmt] = []
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign):  # a field, which needs some annotation
                statement.annotation = ast.Name("object", ast.Load())
                body.append(statement)
            elif not isinstance(statement, ast.Expr):
                body.append(self.visit(statement))
        node.body = body or [ast.Pass()]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.Assign([node.target], self.visit(node.value))


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def local_names(code: types.CodeType) -> set[str]:
    """The variables of a function and of those inside of it."""
    return {name for part in codes(code) for name in (*part.co_varnames, *part.co_cellvars)}


def outer_names(function: types.FunctionType, node: Any) -> dict[str, Any]:
    """What a function refers to and does not define, builtins left out, by name.

    Imports of its own package, which stand in its body, are taken out of `node`.
    """
    home = function.__module__.partition(".")[0]
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found = {name: cell.cell_contents for name, cell in cells}
    named, imports = _named(function.__code__)
    found |= {name: function.__globals__[name] for name in named if name in function.__globals__}
    if not imports:
        return found
    own = _Imports(home)
    own.visit(node)
    return found | own.found


@functools.lru_cache(maxsize=1024)
def _named(code: types.CodeType) -> tuple[tuple[str, ...], bool]:
    """The names that a function looks up outside of itself, and whether it imports something."""
    parts = [i for part in codes(code) for i in dis.get_instructions(part)]
    named = [i.argval for i in parts if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    return tuple(dict.fromkeys(named)), any(i.opname == "IMPORT_NAME" for i in parts)


class _Imports(ast.NodeTransformer):
    """Takes out the imports of a package and remembers what they gave."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.found: dict[str, Any] = {}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        if node.module is None or node.module.partition(".")[0] != self.package:
            return node
        for alias in node.names:
            module = importlib.import_module(node.module)
            self.found[alias.asname or alias.name] = getattr(module, alias.name)
        return None


class Attributes(ast.NodeTransformer):
    """`module.name` becomes what stands for it."""

    def __init__(self, modules: Mapping[str, Any], expression: Callable[[Any, str], str]) -> None:
        self.modules = modules
        self.expression = expression

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id in self.modules:
            return parsed(
                self.expression(getattr(self.modules[node.value.id], node.attr), node.attr)
            )
        return node


class Renamed(ast.NodeTransformer):
    """Names become expressions."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return parsed(self.names[node.id]) if node.id in self.names else node


def parsed(text: str) -> Any:
    """The tree of an expression."""
    return ast.parse(text, mode="eval").body


def positional(node: Function) -> list[str]:
    """The names of the parameters that may be given by position."""
    return [a.arg for a in (*node.args.posonlyargs, *node.args.args)]


def as_def(node: Any, name: str) -> ast.AST:
    """A definition under a name."""
    if isinstance(node, ast.FunctionDef):
        node.name = name
        return node
    body: list[ast.stmt] = [ast.Return(node.body)]
    return ast.FunctionDef(name, node.args, body, [])
