"""The printed form of jaxprs: JAX's notation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from funcgrad.core.source import locate

_INDENT = "  "
_WIDTH = 80  # as in JAX: what fits stands on one line


def format_jaxpr(jaxpr: Any, *, source_info: bool = False) -> str:
    """`{ lambda a:f64[2]; b:f64[]. let c:f64[2] = mul a b in (c,) }`"""
    return "\n".join(_jaxpr_lines(jaxpr, Names(), source_info))


def format_equation(eqn: Any, names: Any = None) -> str:
    return "\n".join(_equation_lines(eqn, names or Names(), False))


def html_jaxpr(jaxpr: Any) -> str:
    return f'<pre class="funcgrad-jaxpr">{_escape(format_jaxpr(jaxpr))}</pre>'


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Names:
    """Variable names in order of appearance: a, b, ..., z, ba, bb, ... as JAX counts."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}

    def __call__(self, var: Any) -> str:
        name = self.names.get(var)
        if name is None:
            name = self.names[var] = _letters(len(self.names))
        return name

    def binder(self, var: Any) -> str:
        return f"{self(var)}:{var.aval}"

    def atom(self, atom: Any) -> str:
        if hasattr(atom, "val"):
            return f"{_literal(atom.val)}:{atom.aval}"
        return self(atom)


def _letters(n: int) -> str:
    name = ""
    while True:
        n, digit = divmod(n, 26)
        name = chr(97 + digit) + name
        if n == 0:
            return name


def _literal(value: Any) -> str:
    array = np.asarray(value)
    if array.size > 8:
        return "[...]"
    return str(array[()] if array.ndim == 0 else array.tolist()).replace("\n", "")


def _jaxpr_lines(jaxpr: Any, names: Names, source_info: bool, column: int = 0) -> list[str]:
    consts = " ".join([""] + [names.binder(v) for v in jaxpr.constvars])
    head = f"{{ lambda{consts or ' '};"
    binders = [names.binder(v) for v in jaxpr.invars]
    body = [_equation_lines(eqn, names, source_info, column + 4) for eqn in jaxpr.eqns]
    outs = ", ".join(names.atom(v) for v in jaxpr.outvars)
    tail = f"in ({outs}{',' if len(jaxpr.outvars) == 1 else ''}) }}"
    flat = f"{head} {' '.join(binders)}. let {'; '.join([lines[0] for lines in body])} {tail}"
    fits = column + len(flat) <= _WIDTH and all(len(lines) == 1 for lines in body)
    if not body or (fits and not source_info):
        return [flat]
    return [
        *_fill([head, *binders], ". let", column, _INDENT * 2),
        *(_INDENT * 2 + line for lines in body for line in lines),
        *(_INDENT + line for line in _fill(tail.split(" "), "", column + 2, _INDENT)),
    ]


def _equation_lines(eqn: Any, names: Names, source_info: bool, column: int = 0) -> list[str]:
    operands = [names.atom(v) for v in eqn.invars]
    outs = " ".join(names.binder(v) for v in eqn.outvars)
    left = f"{outs} = " if outs else ""
    params = sorted(eqn.params.items(), key=lambda item: (item[0] != "name", item[0]))
    nested = any(_contains_jaxpr(value) for _, value in params)
    flat = "" if nested else " ".join(f"{name}={_param(value)}" for name, value in params)
    flat = f"{left}{eqn.primitive.name}{f'[{flat}]' if flat else ''}"
    if not nested and (column + len(flat) <= _WIDTH or not params):
        lines = _fill([flat, *operands], "", column, _INDENT)
    else:
        lines = [f"{left}{eqn.primitive.name}["]
        for name, value in params:
            lines += [_INDENT + line for line in _param_lines(name, value, source_info, column + 2)]
        lines += _fill(["]", *operands], "", column, _INDENT)
    location = locate(eqn.source) if source_info else None
    if location:
        lines[-1] += f"  # {location.short}"
    return lines


def _fill(words: Sequence[str], end: str, column: int, indent: str) -> list[str]:
    """Words on as few lines as the width allows; those after the first are indented."""
    lines = [words[0]]
    for word in words[1:]:
        if column + len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append(indent + word)
        else:
            lines[-1] += f" {word}"
    lines[-1] += end
    return lines


def _is_jaxpr(value: Any) -> bool:
    return hasattr(value, "eqns") and hasattr(value, "outvars")


def _contains_jaxpr(value: Any) -> bool:
    return _is_jaxpr(value) or (isinstance(value, tuple) and any(_is_jaxpr(v) for v in value))


def _param_lines(name: str, value: Any, source_info: bool, column: int) -> Iterator[str]:
    if _is_jaxpr(value):
        first, *rest = _jaxpr_lines(value, Names(), source_info, column + len(name) + 1)
        yield f"{name}={first}"
        yield from rest
    elif _contains_jaxpr(value):
        yield f"{name}=("
        for item in value:
            yield from (
                (_INDENT + line for line in _jaxpr_lines(item, Names(), source_info, column + 2))
                if _is_jaxpr(item)
                else [f"{_INDENT}{_param(item)}"]
            )
        yield ")"
    else:
        yield f"{name}={_param(value)}"


def _param(value: Any) -> str:
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, type):
        return value.__name__
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    return str(value)
