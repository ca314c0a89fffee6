"""The text of a compiled program, and the function that it defines."""

from __future__ import annotations

import itertools
from typing import Any

from funcgrad.compile.blas_threads import wants_one_thread
from funcgrad.core.source import Source, locate

_numbers = itertools.count(1)


class ProgramSource:
    """Straight-line source under construction.

    Attributes:
        params: names of the inputs.
        lines: pairs of a statement and the user's line that it comes from.
        globals: what the statements refer to besides `np` and `math`.
        notes: what the names in `globals` stand for, as text.
    """

    __slots__ = (
        "blas",
        "constants",
        "functions",
        "globals",
        "guarded",
        "lines",
        "name",
        "notes",
        "params",
        "quiet",
        "results",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.params: list[str] = []
        self.lines: list[tuple[str, Source | None]] = []
        self.results: list[str] = []
        self.functions: list[str] = []  # what stands before it: clusters, loops
        self.globals: dict[str, Any] = {}
        self.constants: dict[Any, str] = {}
        self.notes: dict[str, str] = {}
        self.blas: set[str] = set()  # how the equations use it, see `products.blas_use`
        self.quiet = False  # whether floating-point warnings have to be silenced
        self.guarded = False  # whether Python may raise where NumPy gives an infinity

    def add(self, line: str, source: Source | None = None) -> None:
        self.lines.append((line, source))

    def bind(self, value: Any, hint: str, note: str) -> str:
        """A global name for a value."""
        name = f"{hint}_{len(self.notes) + 1}"
        self.globals[name] = value
        self.notes[name] = note
        return name

    def write(self, prefix: str, params: str, body: list[str]) -> str:
        """Write a function that stands before this one; its name."""
        name = f"{prefix}_{len(self.functions) + 1}"
        self.functions.append("\n".join([f"def {name}({params}):", *_indent(body)]) + "\n")
        return name

    def place(self, prefix: str) -> str:
        """Stand among the functions before the program that this one is a part of; the name there."""
        self.name = f"{prefix}_{len(self.functions) + 1}"
        self.functions.append(self.definition(runtime=False))
        return self.name

    def text(self, *, comments: bool = True, runtime: bool = True) -> str:
        """The source; `comments` adds the user's lines, `runtime` what only funcgrad's own runs need."""
        out = []
        if comments:
            out += [f"{name} = {note}" for name, note in self.notes.items()]
            if out:
                out += ["", ""]
        for function in self.functions:
            out += [function.rstrip("\n"), "", ""]
        return "\n".join([*out, self.definition(comments=comments, runtime=runtime)])

    def definition(self, *, comments: bool = True, runtime: bool = True) -> str:
        """The function alone, without what it refers to."""
        body = self._body(comments)
        body.append(f"return [{', '.join(self.results)}]")
        if runtime and self.quiet:
            before, after = ["token = ignore_errors()"], ["restore_errors(token)"]
            if wants_one_thread(self.blas):
                before, after = ["limit_blas()", *before], [*after, "release_blas()"]
            body = [*before, "try:", *_indent(body), "finally:", *_indent(after)]
        if runtime and self.guarded:
            inputs = ", ".join(self.params)
            body = [
                "try:",
                *_indent(body),
                "except (ZeroDivisionError, OverflowError, ValueError):",
                f"    return careful({inputs})",
            ]
        head = f"def {self.name}({', '.join(self.params)}):"
        return "\n".join([head, *_indent(body)]) + "\n"

    def _body(self, comments: bool) -> list[str]:
        if not comments:
            return [line for line, _ in self.lines]
        wide = min(max((len(line) for line, _ in self.lines), default=0), 56)
        texts: dict[Any, str] = {}
        body = []
        for line, source in self.lines:
            if source is None:
                body.append(line)
                continue
            key = (id(source[0]), source[1])
            if key not in texts:
                location = locate(source)
                texts[key] = location.short if location else ""
            body.append(f"{line:<{wide}}  # {texts[key]}")
        return body

    def function(self) -> Any:
        """The compiled function."""
        code = compile(self.text(comments=False), f"<funcgrad program {next(_numbers)}>", "exec")
        namespace = dict(self.globals)
        exec(code, namespace)
        return namespace[self.name]


def _indent(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]
