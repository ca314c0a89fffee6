"""A compiled program as a module of its own, which needs NumPy and nothing else."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.compile.compiler import optimized
from funcgrad.compile.constants import array_text, dtype_name
from funcgrad.compile.emit import emit
from funcgrad.compile.stages import Lowered
from funcgrad.compile.transplant import Transplant
from funcgrad.control.run import program
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.source import here
from funcgrad.core.tracer import is_traced
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import keystr, tree_flatten_with_path

_STAND_INS = {
    eval_jaxpr: """\
def _eval_jaxpr(part, consts, *args):
    return part(*args)
""",
    program: """\
def _program(part):
    return part
""",
    typeof: """\
def _typeof(x):
    return np.asarray(x)
""",
    is_traced: """\
def _is_traced(*values):
    return False
""",
    here: """\
def _here():
    return ""
""",
}
_HELPERS = {
    "empty": """\
def empty(shape, dtype):
    return np.empty(shape, dtype)
""",
    "own": """\
def own(array, *others):
    \"\"\"An array that the caller may keep and write to.\"\"\"
    shared = array.base is not None or not array.flags.writeable
    return array.copy() if shared or any(other is array for other in others) else array
""",
    "product": """\
def product(x, y):
    return np.matmul(x, y)
""",
    "in_planes": """\
def in_planes(array):
    \"\"\"The same array with its last axis, a short one, first in memory.\"\"\"
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 0)), 0, -1)
""",
    "for_blocks": """\
def for_blocks(kernel, bounds, slots, args, cost):
    \"\"\"Call `kernel` for every block of rows, with scratch arrays that stay in the cache.\"\"\"
    scratch, size = (), -1
    for k, i, j in bounds:
        if j - i != size:
            size = j - i
            scratch = tuple(
                np.moveaxis(np.empty((shape[-1], size, *shape[:-1]), dtype), 0, -1)
                if planar
                else np.empty((size, *shape), dtype)
                for shape, dtype, planar in slots
            )
        kernel(k, i, j, scratch, *args)
""",
}


def module_source(lowered: Lowered, parameters: Sequence[str], args: Any, version: str) -> str:
    """The text of a module with one function, named as the one that was lowered.

    Args:
        lowered: the traced function.
        parameters: names of its positional arguments.
        args: those arguments, from which the structure is taken.
        version: of funcgrad, for the header.

    Raises:
        UnsupportedError: an operation has no NumPy source, or a captured array is large.
    """
    name = lowered.name
    transplant = Transplant(_STAND_INS)
    try:
        source = emit(optimized(lowered.jaxpr), python=False, transplant=transplant)
    except UnsupportedError as error:
        raise UnsupportedError(f"export_source of {name}: {error}") from None
    body = source.text(runtime=False)
    taken = {*re.findall(r"^(?:def |class )?(\w+)", body, re.MULTILINE), *_HELPERS, "np", "math"}
    taken |= {b for b in vars(builtins) if re.search(rf"(?<![\w.]){b}\(", body)}
    if not name.isidentifier() or keyword.iskeyword(name) or name in taken:
        name = "function"
    parameters = [f"{p}_" if p in taken else p for p in parameters]
    used = [helper for helper in _HELPERS if re.search(rf"(?<![\w.]){helper}\(", body)]
    if "for_blocks" in used and "empty" not in used:
        used.insert(0, "empty")
    needs = "NumPy and SciPy" if any("scipy" in line for line in transplant.imports) else "NumPy"
    lines = [_docstring(lowered, name, parameters, args, version, needs), ""]
    imports = {*transplant.imports, "import numpy as np"}
    if "math." in body:
        imports.add("import math")
    entry = _entry(lowered, name, parameters, args)
    if "collections." in entry:
        imports.add("import collections")
    lines += [*sorted(imports), "", ""]
    lines += [_HELPERS[helper] + "\n" for helper in used]
    return "\n".join([*lines, body, "", entry])


def _leaf_names(parameters: Sequence[str], args: Any) -> list[str]:
    """`params[0]['w']`: where each flat argument is found."""
    names = []
    for path, _ in tree_flatten_with_path(args)[0]:
        names.append(parameters[path[0].idx] + keystr(path[1:]))
    return names


def _docstring(
    lowered: Lowered, name: str, parameters: Sequence[str], args: Any, version: str, needs: str
) -> str:
    lines = [
        f'"""`{name}`, compiled to NumPy by funcgrad {version} (export_source). Needs {needs} only.',
        "",
        "It is valid for arguments of these shapes and dtypes:",
        "",
    ]
    for leaf, aval in zip(_leaf_names(parameters, args), lowered.in_avals, strict=True):
        lines.append(f"    {leaf}: {aval.dtype.name} of shape {aval.shape}")
    lines += ["", "and returns, in this order:", ""]
    lines += [f"    {aval.dtype.name} of shape {aval.shape}" for aval in lowered.out_avals]
    return "\n".join([*lines, '"""'])


def _entry(lowered: Lowered, name: str, parameters: Sequence[str], args: Any) -> str:
    leaves = _leaf_names(parameters, args)
    consts = [_constant(value, name) for value in lowered.consts]
    outs = [f"out_{i}" for i in range(len(lowered.out_avals))]
    given = [
        f"np.asarray({leaf}, {dtype_name(aval.dtype)})"
        for leaf, aval in zip(leaves, lowered.in_avals, strict=True)
    ]
    call = f"program({', '.join([*consts, *given])})"
    classes: dict[str, str] = {}
    result = _result_text(lowered.out_tree.unflatten(outs), name, classes)
    return "\n".join(
        [
            *classes.values(),
            f"def {name}({', '.join(parameters)}):",
            '    with np.errstate(all="ignore"):',
            f"        [{', '.join(outs)}] = {call}",
            f"    return {result}",
            "",
        ]
    )


def _result_text(value: Any, name: str, classes: dict[str, str]) -> str:
    """What a function returns, made of the names of arrays; named tuples are defined in `classes`."""
    if value is None or isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        items = [f"{k!r}: {_result_text(v, name, classes)}" for k, v in value.items()]
        return f"{{{', '.join(items)}}}"
    if not isinstance(value, list | tuple):
        raise UnsupportedError(
            f"export_source of {name}: it returns a {type(value).__name__}, a class that the module would not have"
            "\n  return a tuple, a named tuple, a list or a dict"
        )
    parts = [_result_text(v, name, classes) for v in value]
    if isinstance(value, list):
        return f"[{', '.join(parts)}]"
    fields = getattr(value, "_fields", None)
    if fields is None:
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    kind = type(value).__name__
    classes[kind] = f"{kind} = collections.namedtuple({kind!r}, {fields!r})\n\n"
    return f"{kind}({', '.join(parts)})"


def _constant(value: Any, name: str) -> str:
    text = array_text(value)
    if text is None:
        raise UnsupportedError(
            f"export_source of {name}: it captured an array of shape {np.shape(value)}, too large for source text"
            "\n  make it an argument of the function"
        )
    return text
