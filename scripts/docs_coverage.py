"""For the documentation: what happens to each public NumPy function with traced values, from the registry."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core import dispatch
from funcgrad.numpy.refused import REFUSED

ROOT = Path(__file__).resolve().parent.parent


def rows() -> Iterator[tuple[str, str, str]]:
    """(name, kind, note) of each function, by module and letter; kind is traced, plain, refused or missing."""
    fnp.load_all()
    for module in pkgutil.walk_packages(fg.__path__, "funcgrad."):
        importlib.import_module(module.name)
    plain = {name: why for why, names in _not_dispatched().items() for name in names.split()}
    for prefix, namespace in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        for short in sorted(namespace.__all__):
            function = getattr(namespace, short)
            if callable(function) and not isinstance(function, (type, ModuleType)):
                name = prefix + short
                yield f"np.{name}", *_kind(name, function, plain)
    try:
        import scipy.special as special
    except ImportError:
        return
    for short in sorted(special.__all__):
        function = getattr(special, short)
        if isinstance(function, np.ufunc):
            traced = function in dispatch.UFUNCS
            yield f"scipy.special.{short}", "traced" if traced else "missing", ""


def _not_dispatched() -> dict[str, str]:
    """What the test of completeness excuses: the list is kept there, where it is tested."""
    tree = ast.parse((ROOT / "tests" / "test_completeness.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NOT_DISPATCHED":
            return dict(ast.literal_eval(node.value))
    raise LookupError("tests/test_completeness.py has no NOT_DISPATCHED")


def _kind(name: str, function: Any, plain: dict[str, str]) -> tuple[str, str]:
    if name in REFUSED:
        return "refused", REFUSED[name]
    if name in plain:
        return "plain", plain[name]
    if isinstance(function, np.ufunc):
        primitive = dispatch.UFUNCS.get(function)
        return ("traced", "elementwise") if primitive is not None else ("missing", "")
    if function in dispatch.FUNCTIONS:
        return "traced", ""
    short = getattr(function, "__name__", "")
    if getattr(np, short, None) is function and getattr(fnp, short, function) is not function:
        return (
            "traced",
            "as funcgrad.numpy's, and as np's within a traced function where NumPy dispatches",
        )
    return "missing", "an error that names it"
