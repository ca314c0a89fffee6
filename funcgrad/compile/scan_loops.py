"""Scans as Python source: loops over the slices of inputs.

Slices are what Python's iteration gives. 0-d float64 values are read from lists and appended to lists; arrays are
written to rows of the stacked results, in place where a statement can do that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile import scalars
from funcgrad.compile.emit import PYTHON, SCALAR, Emitter
from funcgrad.compile.emitters import WRITERS, dtype_name, out_argument
from funcgrad.compile.loops import Loop, LoopEmitter
from funcgrad.compile.native.scan import native_scan
from funcgrad.compile.pipeline import optimize, simplified
from funcgrad.compile.source import ProgramSource
from funcgrad.compile.storage import is_plain_ufunc
from funcgrad.control.loop_split import split_loop
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Var


class ScanEmitter(LoopEmitter):
    """Writes the function of a scan."""

    def __init__(
        self,
        body: Jaxpr,
        num_consts: int,
        num_carry: int,
        *,
        python: bool,
        careful: Callable[..., Any] | None = None,
        reverse: bool = False,
    ) -> None:
        super().__init__(body, num_consts, num_carry, python=python, careful=careful)
        self.reverse = reverse
        self.rows: dict[Var, str] = {}  # results that are written to a row of a stacked output
        self.head: list[str] = []
        self.tail: list[str] = []
        self.collected: list[str] = []

    def write(self, length: int) -> ProgramSource:
        """The function for a loop of known length."""
        consts, carry, xs = self.groups()
        self.enter_all(consts, carry)
        pairs = [*[self._slices(v) for v in xs], *self._stacked(carry, length)]
        eqns = self._by_rows(consts)
        self.add_all(self.head)
        self.source.add(_header(pairs, length))
        self.add_all(self._body(eqns, carry), indent=True)
        self.source.results = [*[self.leave(v) for v in carry], *self.collected]
        return self.source

    def _by_rows(self, consts: Sequence[Var]) -> list[Equation]:
        """The equations with products that read a constant matrix across its rows reading a transposed copy.

        It is made once, and BLAS is faster on it at each step.
        """
        eqns: list[Equation] = []
        copies: dict[Atom, Var] = {}
        for eqn in self.jaxpr.eqns:
            if eqn.primitive.name == "dot_general" and all(a.aval.ndim == 2 for a in eqn.invars):
                (left, right), batch = eqn.params["dimension_numbers"]
                x, y = eqn.invars
                if x in consts and left == (0,) and not batch[0]:
                    x, left = self._transposed(x, copies), (1,)
                if y in consts and right == (1,) and not batch[0]:
                    y, right = self._transposed(y, copies), (0,)
                params = {**eqn.params, "dimension_numbers": ((left, right), batch)}
                eqn = eqn.replace(invars=(x, y), params=params)
            eqns.append(eqn)
        return eqns

    def _transposed(self, matrix: Atom, copies: dict[Atom, Var]) -> Var:
        assert type(matrix) is Var
        if matrix not in copies:
            copy = copies[matrix] = Var(matrix.aval.update(shape=matrix.aval.shape[::-1]))
            self.head.append(f"{self.name(copy)} = {self.name(matrix)}.T.copy()")
        return copies[matrix]

    def _slices(self, var: Var) -> tuple[str, str]:
        """The name of an input's slice, and what to iterate over."""
        name = self.name(var)
        source = f"{name}_in[::-1]" if self.reverse else f"{name}_in"
        self.source.params.append(f"{name}_in")
        if not var.aval.shape:
            is_python = self.python and var.aval.dtype in (scalars.FLOAT, scalars.BOOL)
            self.kinds[var] = PYTHON if is_python else SCALAR
            if is_python:
                source += ".tolist()"
        return name, source

    def _stacked(self, carry: Sequence[Var], length: int) -> list[tuple[str, str]]:
        """Rows of stacked outputs, and what to iterate over for them."""
        pairs = []
        # Of carries: an array with one row more than there are steps.
        histories: dict[Var, str] = {}
        carry_out = dict(zip(carry, self.jaxpr.outvars, strict=False))
        outs = self.jaxpr.outvars[self.num_carry :]
        pairs += [
            self._history(v, carry_out[v], length, histories)
            for v in carry
            if v.aval.shape and v in outs and self._is_made(carry_out[v])
        ]
        flip = "[::-1]" if self.reverse else ""
        for j, out in enumerate(outs):
            if type(out) is Var and out in histories:
                self.collected.append(histories[out])
            elif not out.aval.shape:
                self.head += [f"y{j} = []", f"add{j} = y{j}.append"]
                self.tail.append(f"add{j}({{{j}}})")
                self.collected.append(f"np.array(y{j}{flip}, {dtype_name(out.aval.dtype)})")
            else:
                shape, dtype = (length, *out.aval.shape), dtype_name(out.aval.dtype)
                self.head.append(f"y{j} = empty({shape}, np.dtype({dtype}))")
                pairs.append((f"row{j}", f"y{j}{flip}"))
                self.collected.append(f"y{j}")
                if type(out) is Var and self._is_made(out) and out not in self.rows:
                    self.rows[out] = f"row{j}"
                    self.tail.append(f"<{j}>")
                else:
                    self.tail.append(f"row{j}[...] = {{{j}}}")
        return pairs

    def _is_made(self, out: Atom) -> bool:
        return type(out) is Var and out not in self.jaxpr.invars

    def _history(
        self, var: Var, out: Atom, length: int, histories: dict[Var, str]
    ) -> tuple[str, str]:
        """Keep the values of a carry ahead of all steps: those behind them are the next ones."""
        assert type(out) is Var
        name = f"all_{self.name(var)}"
        shape, dtype = (length + 1, *var.aval.shape), dtype_name(var.aval.dtype)
        self.head.append(f"{name} = empty({shape}, np.dtype({dtype}))")
        first, rest, ahead = ("-1", "[-2::-1]", "[1:]") if self.reverse else ("0", "[1:]", "[:-1]")
        behind = "[:-1]" if self.reverse else "[1:]"
        self.head.append(f"{name}[{first}] = {self.name(var)}")
        histories[var] = f"{name}{ahead}"
        row = f"{name}_row"
        if out not in self.rows:
            self.rows[out] = row
            histories.setdefault(out, f"{name}{behind}")
        return row, f"{name}{rest}"

    def _body(self, eqns: Sequence[Equation], carry: Sequence[Var]) -> list[Any]:
        lines: list[Any] = []
        written: set[Var] = set()
        for i, eqn in enumerate(eqns):
            row = self.rows.get(eqn.outvars[0]) if len(eqn.outvars) == 1 else None
            into = self._into_row(i, eqn, row) if row is not None else None
            if into is not None:
                written.add(eqn.outvars[0])
                lines.append((into, eqn.source))
            else:
                lines += [(line, eqn.source) for line in self.equation(i, eqn)]
            lines += self.deletion(i)
        lines += [
            f"{row}[...] = {self.name(v)}" for v, row in self.rows.items() if v not in written
        ]
        outs = self.jaxpr.outvars[self.num_carry :]
        values = {j: self.stored(out) for j, out in enumerate(outs)}
        for line in self.tail:
            if not line.startswith("<"):
                j = int(line[line.index("{") + 1 : line.index("}")])
                lines.append(line.replace(f"{{{j}}}", values[j]))
        lines += self.rebound(carry, self.jaxpr.outvars[: self.num_carry])
        return lines or ["pass"]

    def _into_row(self, i: int, eqn: Equation, row: str) -> str | None:
        """The statement that computes a result in its row of a stacked output; None if there is none."""
        (out,) = eqn.outvars
        name = self.name(out)
        if is_plain_ufunc(eqn):
            self.source.quiet = True
            dtypes = {a.aval.dtype for a in eqn.invars}
            operands = [self.operand(a, dtypes, out.aval.size) for a in eqn.invars]
            operands.append(out_argument(eqn.primitive.ufunc, row))
            return f"{name} = {self.function(eqn.primitive.ufunc)}({', '.join(operands)})"
        if eqn.primitive.name == "dot_general":
            (statement,) = self.equation(i, eqn)
            if ".dot(" in statement and "empty(" not in statement:
                return f"{statement[:-1]}, {row})"
        return None


def _header(pairs: Sequence[tuple[str, str]], length: int) -> str:
    names, sources = [p[0] for p in pairs], [p[1] for p in pairs]
    if not names:
        return f"for _ in range({length}):"
    if len(names) == 1:
        return f"for {names[0]} in {sources[0]}:"
    return f"for {', '.join(names)} in zip({', '.join(sources)}):"


def _as_function(emitter: ScanEmitter, name: str, careful: Callable[..., Any] | None) -> str:
    """The text of a loop's function under a name; its globals are in the emitter's source."""
    source = emitter.source
    source.name = name
    text = source.definition(runtime=emitter.transplant is None)
    if source.guarded:
        text = text.replace("return careful(", f"return careful_{name}(")
        source.globals[f"careful_{name}"] = careful
    return text.rstrip("\n")


# Loops of fewer equations, counted at each step, are done before a C compiler is.
_WORTH_COMPILING_AT_ONCE = 200_000


class _Repeated:
    """A loop that is compiled when it runs again, so that code which runs once does not wait for a compiler."""

    def __init__(self, first: Loop, make: Callable[[], Loop]) -> None:
        self.first: Loop | None = first
        self.make = make
        self.later: Loop | None = None

    def __call__(self, *args: Any) -> Sequence[Any]:
        first, self.first = self.first, None
        if first is not None:
            return first(*args)
        if self.later is None:
            self.later = self.make()
        return self.later(*args)


class _Slow:
    """The loop as Python source, made when it is needed."""

    def __init__(self, body: Jaxpr, sizes: Sequence[Any]) -> None:
        self.body = body
        self.sizes = tuple(sizes)

    def __call__(self, *args: Any) -> Sequence[Any]:
        make = lambda: scan_source(self.body, *self.sizes).function()
        return self.body.memo(("slow_loop", *self.sizes), make)(*args)


def _careful(body: Jaxpr, sizes: Sequence[Any]) -> Loop:
    """The loop with NumPy's scalars, for where Python's raise errors."""

    def run(*args: Any) -> Sequence[Any]:
        key = ("careful_loop", *sizes)
        return body.memo(key, lambda: scan_source(body, *sizes, python=False).function())(*args)

    return run


def scan_source(
    body: Jaxpr,
    length: int,
    reverse: bool,
    num_consts: int,
    num_carry: int,
    *,
    python: bool = True,
) -> ProgramSource:
    """The source of a loop of known length; the body is optimised already."""
    sizes = (length, reverse, num_consts, num_carry)
    careful = _careful(body, sizes) if python else None
    emitter = ScanEmitter(
        body, num_consts, num_carry, python=python, careful=careful, reverse=reverse
    )
    return emitter.write(length)


def compile_scan(jaxpr: Jaxpr, length: int, reverse: bool, num_consts: int, num_carry: int) -> Loop:
    """A function of constants, initial carry and inputs that runs a loop."""
    body = jaxpr.memo("optimized", lambda: optimize(jaxpr))
    sizes = (length, reverse, num_consts, num_carry)
    slow = _Slow(body, sizes)
    if length * len(body.eqns) < _WORTH_COMPILING_AT_ONCE:
        return _Repeated(slow, lambda: native_scan(body, *sizes, slow) or slow)
    return native_scan(body, *sizes, slow) or slow


def split_scan(params: dict[str, Any]) -> Jaxpr | None:
    """The parts of a loop; None if it is best left as it is."""
    return split_loop(params, simplified)


def write_scan(outer: Emitter, eqn: Equation) -> str:
    """Write a loop as a function next to the program that calls it; its name."""
    p = eqn.params
    jaxpr: Jaxpr = p["jaxpr"]
    body = jaxpr.memo("optimized", lambda: optimize(jaxpr))
    sizes = (p["length"], p["reverse"], p["num_consts"], p["num_carry"])
    if outer.transplant is None:
        slow = _Slow(body, sizes)
        native = native_scan(body, p["length"], p["reverse"], p["num_consts"], p["num_carry"], slow)
        if native is not None:
            return outer.source.bind(native, "native_loop", f"scan[length={p['length']}], in C")
    python = outer.python and outer.transplant is None
    careful = _careful(body, sizes) if python else None
    emitter = ScanEmitter(
        body, sizes[2], sizes[3], python=python, careful=careful, reverse=p["reverse"]
    )
    emitter.nest(outer)
    emitter.write(p["length"])
    name = f"loop_{len(outer.source.functions) + 1}"
    outer.source.functions.append(_as_function(emitter, name, careful))
    return name


WRITERS["scan"] = write_scan
