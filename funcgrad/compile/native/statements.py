"""How primitives that are not elementwise are written in C."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile.native.arrays import Array
from funcgrad.compile.native.expressions import C_TYPES
from funcgrad.compile.native.writer import MAX_PRODUCT, Unsupported, Writer
from funcgrad.core.jaxpr import Equation, Var

Statement = Callable[[Writer, Equation], None]
STATEMENTS: dict[str, Statement] = {}


def statement(*names: str) -> Callable[[Statement], Statement]:
    def register(function: Statement) -> Statement:
        for name in names:
            STATEMENTS[name] = function
        return function

    return register


def write_equations(writer: Writer, eqns: Sequence[Equation]) -> None:
    """Write equations in order."""
    for eqn in eqns:
        write = STATEMENTS.get(eqn.primitive.name)
        if write is not None:
            write(writer, eqn)
        else:
            writer.elementwise(eqn)


def _bind(writer: Writer, out: Var, view: Array) -> None:
    """Bind a variable to a view; a 0-d one to its element."""
    if out.aval.shape:
        writer.arrays[out] = view
    else:
        writer.define(out, view.at([]))


@statement("broadcast_in_dim")
def _broadcast(writer: Writer, eqn: Equation) -> None:
    (operand,), (out,) = eqn.invars, eqn.outvars
    shape, dims = eqn.params["shape"], eqn.params["broadcast_dimensions"]
    if operand.aval.shape:
        writer.arrays[out] = writer.array(operand).broadcast(shape, dims)
        return
    target = writer.arrays[out] = writer.allocate(shape, out.aval.dtype)
    writer.fill(target, [operand], "{0}")


@statement("reshape")
def _reshape(writer: Writer, eqn: Equation) -> None:
    (operand,), (out,) = eqn.invars, eqn.outvars
    if not operand.aval.shape:
        target = writer.arrays[out] = writer.allocate(out.aval.shape, out.aval.dtype)
        writer.fill(target, [operand], "{0}")
        return
    source = writer.array(operand)
    view = source.reshaped(out.aval.shape)
    if view is None:
        whole = writer.allocate(source.shape, source.dtype)
        writer.copy(source, whole)
        view = whole.reshaped(out.aval.shape)
        assert view is not None
    _bind(writer, out, view)


@statement("transpose")
def _transpose(writer: Writer, eqn: Equation) -> None:
    view = writer.array(eqn.invars[0]).transposed(eqn.params["permutation"])
    _bind(writer, eqn.outvars[0], view)


@statement("rev")
def _rev(writer: Writer, eqn: Equation) -> None:
    view = writer.array(eqn.invars[0]).reversed(eqn.params["dimensions"])
    _bind(writer, eqn.outvars[0], view)


@statement("getitem")
def _getitem(writer: Writer, eqn: Equation) -> None:
    if not eqn.invars[0].aval.shape:
        raise Unsupported
    _bind(writer, eqn.outvars[0], writer.array(eqn.invars[0]).indexed(eqn.params["index"]))


@statement("embed")
def _embed(writer: Writer, eqn: Equation) -> None:
    (operand,), (out,) = eqn.invars, eqn.outvars
    target = writer.arrays[out] = writer.allocate(out.aval.shape, out.aval.dtype)
    i = writer.fresh("i")
    writer.lines.append(f"for (int {i} = 0; {i} < {target.size}; {i}++) {target.flat(i)} = 0;")
    _store(writer, operand, target.indexed(eqn.params["index"]), "=")


@statement("setitem", "additem")
def _update(writer: Writer, eqn: Equation) -> None:
    (operand, value), (out,) = eqn.invars, eqn.outvars
    target = writer.arrays[out] = writer.allocate(out.aval.shape, out.aval.dtype)
    writer.copy(writer.array(operand), target)
    sign = "=" if eqn.primitive.name == "setitem" else "+="
    _store(writer, value, target.indexed(eqn.params["index"]), sign)


def _store(writer: Writer, value: Any, place: Array, sign: str) -> None:
    writer.loops(
        place.shape,
        lambda at: f"{place.at(at)} {sign} {writer.element(value, place.shape, at)};",
    )


@statement("concatenate")
def _concatenate(writer: Writer, eqn: Equation) -> None:
    (out,), axis = eqn.outvars, eqn.params["dimension"]
    target = writer.arrays[out] = writer.allocate(out.aval.shape, out.aval.dtype)
    start = 0
    for operand in eqn.invars:
        source = writer.array(operand)
        step = target.strides[axis]
        part = target._replace(shape=source.shape, offset=target.offset + start * step)
        writer.copy(source, part)
        start += source.shape[axis]


@statement("stack")
def _stack(writer: Writer, eqn: Equation) -> None:
    (out,), axis = eqn.outvars, eqn.params["dimension"]
    target = writer.arrays[out] = writer.allocate(out.aval.shape, out.aval.dtype)
    for k, operand in enumerate(eqn.invars):
        part = target._replace(
            shape=target.shape[:axis] + target.shape[axis + 1 :],
            strides=target.strides[:axis] + target.strides[axis + 1 :],
            offset=target.offset + k * target.strides[axis],
        )
        if not operand.aval.shape:
            writer.lines.append(f"{part.at([])} = {writer.scalar(operand)};")
        else:
            source = writer.array(operand)
            writer.copy(source, part)


_FOLDS = {
    "reduce_sum": ("0", "{0} + {1}"),
    "reduce_prod": ("1", "{0} * {1}"),
    "reduce_max": ("-INFINITY", "({0} >= {1} || {0} != {0} ? {0} : {1})"),
    "reduce_min": ("INFINITY", "({0} <= {1} || {0} != {0} ? {0} : {1})"),
}


@statement(*_FOLDS)
def _reduce(writer: Writer, eqn: Equation) -> None:
    (operand,), (out,) = eqn.invars, eqn.outvars
    if set(eqn.params) != {"axes"} or out.aval.dtype.kind != "f" or not operand.aval.shape:
        raise Unsupported
    source, axes = writer.array(operand), eqn.params["axes"]
    if source.size == 0:
        raise Unsupported
    start, form = _FOLDS[eqn.primitive.name]
    kept = [d for d in range(len(source.shape)) if d not in axes]
    simd = "+" if eqn.primitive.name == "reduce_sum" else None

    def total(at: list[str]) -> str:
        outer = dict(zip(kept, at, strict=True))
        return _fold(writer, source, outer, list(axes), start, form, simd)

    _each(writer, out, [source.shape[d] for d in kept], total)


def _each(writer: Writer, out: Var, shape: list[int], total: Callable[[list[str]], str]) -> None:
    """For each place of a result run `total`, which leaves its value in `sum`."""
    kind = C_TYPES[out.aval.dtype]
    if not shape:
        name = writer.fresh("s")
        writer.lines.append(f"{kind} {name}; {{ {total([])} {name} = sum; }}")
        writer.scalars[out] = name
        return
    target = writer.arrays[out] = writer.allocate(shape, out.aval.dtype)
    writer.loops(shape, lambda at: f"{{ {total(at)} {target.at(at)} = sum; }}")


def _fold(
    writer: Writer,
    source: Array,
    outer: dict[int, str],
    axes: list[int],
    start: str,
    form: str,
    simd: str | None,
) -> str:
    names = {d: writer.fresh("k") for d in axes}
    at = [outer[d] if d in outer else names[d] for d in range(len(source.shape))]
    heads = [
        f"for (int {names[d]} = 0; {names[d]} < {source.shape[d]}; {names[d]}++)" for d in axes
    ]
    if simd and heads:
        heads[-1] = _simd(simd) + heads[-1]
    step = f"sum = {form.format('sum', source.at(at))};"
    return f"{C_TYPES[source.dtype]} sum = {start}; {' '.join(heads)} {step}"


def _simd(sign: str) -> str:
    return f'_Pragma("omp simd reduction({sign}:sum)") '


@statement("dot_general")
def _dot(writer: Writer, eqn: Equation) -> None:
    (x, y), (out,) = eqn.invars, eqn.outvars
    if out.aval.dtype.kind != "f" or not x.aval.shape or not y.aval.shape:
        raise Unsupported
    (lc, rc), (lb, rb) = eqn.params["dimension_numbers"]
    left, right = writer.array(x), writer.array(y)
    lf = [d for d in range(len(left.shape)) if d not in (*lc, *lb)]
    rf = [d for d in range(len(right.shape)) if d not in (*rc, *rb)]
    batch = [left.shape[d] for d in lb]
    rows, columns = [left.shape[d] for d in lf], [right.shape[d] for d in rf]
    summed = [left.shape[d] for d in lc]
    if math.prod([*batch, *rows, *columns, *summed]) > MAX_PRODUCT:
        raise Unsupported
    n_batch, n_rows = len(batch), len(rows)

    def places(at: list[str], ks: list[str]) -> tuple[str, str]:
        b, r, c = at[:n_batch], at[n_batch : n_batch + n_rows], at[n_batch + n_rows :]
        lat = dict(zip([*lb, *lf, *lc], [*b, *r, *ks], strict=True))
        rat = dict(zip([*rb, *rf, *rc], [*b, *c, *ks], strict=True))
        return (
            left.at([lat[d] for d in range(len(left.shape))]),
            right.at([rat[d] for d in range(len(right.shape))]),
        )

    shape = [*batch, *rows, *columns]
    along_rows = bool(columns) and bool(summed)
    if along_rows or (rows and summed and not columns and left.strides[lf[-1]] == 1):
        _by_updates(writer, out, shape, summed, places)
        return

    def total(at: list[str]) -> str:
        ks = [writer.fresh("k") for _ in summed]
        heads = [f"for (int {k} = 0; {k} < {n}; {k}++)" for k, n in zip(ks, summed, strict=True)]
        if heads:
            heads[-1] = _simd("+") + heads[-1]
        a, b = places(at, ks)
        kind = C_TYPES[out.aval.dtype]
        return f"{kind} sum = 0; {' '.join(heads)} sum += {a} * {b};"

    _each(writer, out, shape, total)


def _by_updates(
    writer: Writer, out: Var, shape: list[int], summed: list[int], places: Callable[..., Any]
) -> None:
    """A product of matrices as updates of its rows, which run along memory."""
    target = writer.arrays[out] = writer.allocate(shape, out.aval.dtype)
    i = writer.fresh("i")
    writer.lines.append(f"for (int {i} = 0; {i} < {target.size}; {i}++) {target.flat(i)} = 0;")
    outer = [writer.fresh("i") for _ in shape]
    ks = [writer.fresh("k") for _ in summed]
    order = [
        *zip(outer[:-1], shape[:-1], strict=True),
        *zip(ks, summed, strict=True),
        (outer[-1], shape[-1]),
    ]
    heads = [f"for (int {name} = 0; {name} < {n}; {name}++)" for name, n in order]
    a, b = places(outer, ks)
    writer.lines.append(f"{' '.join(heads)} {target.at(outer)} += {a} * {b};")


@statement("solve")
def _solve(writer: Writer, eqn: Equation) -> None:
    (a, b), (out,) = eqn.invars, eqn.outvars
    dtype = out.aval.dtype
    if dtype.kind != "f" or len(a.aval.shape) != 2 or len(b.aval.shape) != 2 or eqn.params:
        raise Unsupported
    n, m = b.aval.shape
    if n * n * (n + m) > MAX_PRODUCT or n * m == 0:
        raise Unsupported
    matrix = writer.allocate((n, n), dtype)
    writer.copy(writer.array(a), matrix)
    x = writer.arrays[out] = writer.allocate((n, m), dtype)
    writer.copy(writer.array(b), x)
    kind = C_TYPES[dtype]
    writer.helpers.add(_SOLVE.replace("REAL", kind))
    writer.lines.append(f"if (solve_{kind}({n}, {m}, {matrix.pointer}, {x.pointer})) return 1;")


# Gaussian elimination with partial pivoting; 1 if the matrix is singular.
_SOLVE = """static int solve_REAL(const int n, const int m, REAL *a, REAL *x) {
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++) if (fabs(a[i * n + k]) > fabs(a[pivot * n + k])) pivot = i;
        if (!(fabs(a[pivot * n + k]) > 0)) return 1;
        if (pivot != k) {
            REAL *p = a + k * n, *q = a + pivot * n;
            for (int j = k; j < n; j++) { const REAL t = p[j]; p[j] = q[j]; q[j] = t; }
            p = x + k * m, q = x + pivot * m;
            for (int j = 0; j < m; j++) { const REAL t = p[j]; p[j] = q[j]; q[j] = t; }
        }
        for (int i = k + 1; i < n; i++) {
            const REAL factor = a[i * n + k] / a[k * n + k];
            for (int j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
            for (int j = 0; j < m; j++) x[i * m + j] -= factor * x[k * m + j];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) {
            const REAL factor = a[i * n + k];
            for (int j = 0; j < m; j++) x[i * m + j] -= factor * x[k * m + j];
        }
        for (int j = 0; j < m; j++) x[i * m + j] /= a[i * n + i];
    }
    return 0;
}"""
