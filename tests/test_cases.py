"""What is promised of every function, generated from the one table of cases (tests/cases/).

Skip the comparisons with JAX, which take most of the time, with `-k "not jax"`; choose a function with
`-k "sum("`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import ConcretizationError, FuncgradError
from tests.cases import CASES, Case
from tests.compare import (
    STEP,
    assert_close,
    assert_same,
    default_rtol,
    directional,
    noise_of,
    pairing,
)
from tests.flat import Call, copies, flatten, quiet
from tests.oracle import jax_derivatives, jax_function

FINITE_DIFFERENCES = 1e-7
SMOOTH = [case for case in CASES if case.grad]


def every(cases: Sequence[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.id for case in cases])


def tolerance(case: Case, dtype: Any = "float64", at_least: float = 0.0) -> float:
    dtype = np.dtype(dtype)
    single = 1.0 if default_rtol(dtype) <= default_rtol(np.dtype("float64")) else 1e8
    return max(default_rtol(dtype), at_least, min(0.1, (case.rtol or 0.0) * single))


def base_dtype(case: Case) -> Any:
    """The dtype of the tests that need one only."""
    if case.args is not None:
        return None
    return "float64" if case.grad or "float64" in case.dtypes else case.dtypes[0]


def value_dtypes(case: Case) -> list[Any]:
    found = [base_dtype(case), *case.dtypes]
    if case.grad:
        found.append("float32")
    if case.complex:
        found.append("complex128")
    return list(dict.fromkeys(found))


# Values


@every(CASES)
def test_value_dtype_and_shape_are_numpys(case: Case) -> None:
    for dtype in value_dtypes(case):
        call = Call(case, case.arguments(dtype))
        for way, run in ways(call):
            compare_values(call, run(call.active), f"{way}, {dtype}")


@every(CASES)
def test_arguments_and_results_are_the_callers(case: Case) -> None:
    call = Call(case, case.arguments(base_dtype(case)))
    for way, run in ways(call):
        before = copies(call.active)
        first, second = run(call.active), run(call.active)
        compare_values(call, run([spread(x) for x in call.active]), f"{way}, strided arguments")
        for x, kept in zip(call.active, before, strict=True):
            np.testing.assert_array_equal(x, kept, err_msg=f"{way}: an argument was changed")
        if way == "interpreted":
            continue  # it returns what NumPy returns, which may be a view
        for a in [*first, *second]:
            assert a.ndim or isinstance(a, np.generic), f"{way}: a 0-d array, not a NumPy scalar"
            assert not isinstance(a, np.ndarray) or a.flags.writeable, f"{way}: read-only result"
            shared = [np.may_share_memory(a, x) for x in call.leaves]
            assert not any(shared), f"{way}: a result shares memory with an argument"
        for a, b in zip(first, second, strict=True):
            assert not np.may_share_memory(a, b), f"{way}: results of two calls share memory"


@every([case for case in CASES if case.args is None and any(case.shapes)])
def test_empty_arrays(case: Case) -> None:
    for axis in (0, -1):
        size = next(shape[axis] for shape in case.shapes if shape)
        shapes = [tuple([0 if n == size else n for n in shape]) for shape in case.shapes]
        empty = case.replace(shapes=shapes)
        try:
            call = Call(empty, empty.arguments(base_dtype(case)))
        except ZeroDivisionError:
            continue  # depends on values
        except Exception as error:
            leaves = flatten(empty.arguments(base_dtype(case)))[0]
            with pytest.raises((type(error), FuncgradError)):
                fg.jit(case)(*leaves)
            continue
        for way, run in ways(call):
            compare_values(call, run(call.active), f"{way}, shapes {shapes}")
        if case.grad and all(np.dtype(leaf.dtype).kind == "f" for leaf in call.active):
            _, pullback = fg.vjp(call.smooth, *call.active)
            grads = pullback(tuple(call.like_result(case.rng())))
            assert [g.shape for g in grads] == [x.shape for x in call.active]


def ways(call: Call) -> list[tuple[str, Callable[[Sequence[Any]], Sequence[Any]]]]:
    """How a call can be computed: through the interpreter, and compiled.

    A function whose shapes depend on data has no compiled form; `make_jaxpr` knows the values.
    """

    def interpreted(leaves: Sequence[Any]) -> Sequence[Any]:
        closed = fg.make_jaxpr(fun)(*leaves)
        return fg.eval_jaxpr(closed.jaxpr, closed.consts, *leaves)

    def fun(*leaves: Any) -> tuple[Any, ...]:
        found, structure = flatten(call.case(*call.arguments(leaves)))
        assert structure == call.result_structure, "another structure of the result than NumPy's"
        return tuple(found)

    compiled = fg.jit(fun)
    try:
        compiled(*call.active)
    except ConcretizationError:
        assert not call.case.vmap, (
            "write vmap=False for a case that needs the values of its arguments"
        )
        return [("interpreted", interpreted)]
    return [("interpreted", interpreted), ("compiled", lambda leaves: compiled(*leaves))]


def compare_values(call: Call, got: Sequence[Any], what: str) -> None:
    assert len(got) == len(call.expected), what
    for a, b in zip(got, call.expected, strict=True):
        assert_same(a, b, what, tolerance(call.case, np.asarray(b).dtype))


def spread(x: Any) -> Any:
    """The same values in memory that is neither contiguous nor in order."""
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    view = wide[::-1, ..., ::2] if x.ndim > 1 else wide[::-2]
    view[...] = x
    return view


# Derivatives


@every(SMOOTH)
def test_first_derivatives(case: Case) -> None:
    check_first_order(case, base_dtype(case))
    check_dtypes(case, "float32")


@every([case for case in SMOOTH if case.order > 1])
def test_second_derivatives(case: Case) -> None:
    check_second_order(case, base_dtype(case))


@every([case for case in SMOOTH if case.vmap])
def test_compiled_derivatives(case: Case) -> None:
    call = Call(case, case.arguments(base_dtype(case)), only_inexact=True)
    tangents = tuple(call.like_active(case.rng("tangents")))
    cotangents = tuple(call.like_result(case.rng("cotangents")))

    def gradient(*active: Any) -> Any:
        return fg.vjp(call.smooth, *active)[1](cotangents)

    def derivatives(*active: Any) -> Any:
        found = fg.jvp(call.smooth, active, tangents)
        return found + fg.jvp(gradient, active, tangents) if case.order > 1 else found

    interpreted = flatten(derivatives(*call.active))[0]
    compiled = flatten(fg.jit(derivatives)(*call.active))[0]
    noise = 100 * noise_of(interpreted)
    for a, b in zip(compiled, interpreted, strict=True):
        assert a.dtype == b.dtype
        assert_close(a, b, tolerance(case), "compiled derivatives", noise=noise)


@every([case for case in SMOOTH if jax_function(case)])
def test_derivatives_are_jaxs(case: Case) -> None:
    compare_with_jax(case, base_dtype(case))


@every([case for case in SMOOTH if case.complex])
def test_complex_derivatives(case: Case) -> None:
    check_first_order(case, "complex128")
    check_dtypes(case, "complex64")
    if case.order > 1:
        check_second_order(case, "complex128")


@every([case for case in SMOOTH if case.complex and jax_function(case)])
def test_complex_derivatives_are_jaxs(case: Case) -> None:
    compare_with_jax(case, "complex128")


@every([case for case in CASES if not case.grad and base_dtype(case) in (None, "float64")])
def test_derivative_is_zero(case: Case) -> None:
    call = Call(case, case.arguments(base_dtype(case)), only_inexact=True)
    tangents = call.like_active(case.rng("tangents"))
    outs, out_tangents = fg.jvp(call.fun, tuple(call.active), tuple(tangents))
    compare_values(call, outs, "jvp")
    for t in out_tangents:
        assert np.asarray(t).dtype == fg.float0 or not np.any(t)
    if any(call.floating):
        _, pullback = fg.vjp(call.smooth, *call.active)
        for g in pullback(tuple(call.like_result(case.rng("cotangents")))):
            assert not np.any(g)


def check_first_order(case: Case, dtype: Any) -> None:
    call = Call(case, case.arguments(dtype), only_inexact=True)
    tangents = call.like_active(case.rng("tangents"))
    cotangents = call.like_result(case.rng("cotangents"))
    outs, out_tangents = fg.jvp(call.smooth, tuple(call.active), tuple(tangents))
    rtol = tolerance(case, at_least=FINITE_DIFFERENCES)
    for out, expected in zip(outs, call.pick(call.expected), strict=True):
        assert_close(out, expected, tolerance(case), "the value under jvp")
    numeric = directional(call.numpy, call.active, tangents)
    noise = noise_of(call.pick(call.expected))
    for t, expected in zip(out_tangents, numeric, strict=True):
        assert_close(t, expected, rtol, "jvp against finite differences", noise=noise / STEP)
    outs, pullback = fg.vjp(call.smooth, *call.active)
    for out, expected in zip(outs, call.pick(call.expected), strict=True):
        assert_close(out, expected, tolerance(case), "the value under vjp")
    grads = pullback(tuple(cotangents))
    assert len(grads) == len(call.active)
    forward, backward = pairing(cotangents, out_tangents), pairing(grads, tangents)
    size = sum(
        float(np.sum(np.abs(np.asarray(g) * t))) for g, t in zip(grads, tangents, strict=True)
    )
    assert abs(forward - backward) <= tolerance(case, at_least=1e-11) * (size + abs(forward)), (
        f"vjp is not the transpose of jvp: {backward} instead of {forward}"
    )


def check_dtypes(case: Case, dtype: str) -> None:
    """Tangents have the dtype of results, gradients that of arguments."""
    call = Call(case, case.arguments(dtype), only_inexact=True)
    outs, out_tangents = fg.jvp(
        call.smooth, tuple(call.active), tuple(call.like_active(case.rng()))
    )
    for t, out, expected in zip(out_tangents, outs, call.pick(call.expected), strict=True):
        expected = np.asarray(expected)
        assert (out.shape, out.dtype) == (expected.shape, expected.dtype)
        assert (t.shape, t.dtype) == (expected.shape, expected.dtype)
    _, pullback = fg.vjp(call.smooth, *call.active)
    for g, x in zip(pullback(tuple(call.like_result(case.rng()))), call.active, strict=True):
        assert (g.shape, g.dtype) == (np.shape(x), np.asarray(x).dtype)


def check_second_order(case: Case, dtype: Any) -> None:
    """Forward over reverse, reverse over forward, and differences of the gradient agree."""
    call = Call(case, case.arguments(dtype), only_inexact=True)
    tangents = tuple(call.like_active(case.rng("tangents")))
    cotangents = tuple(call.like_result(case.rng("cotangents")))

    def gradient(*active: Any) -> Any:
        return fg.vjp(call.smooth, *active)[1](cotangents)

    def derivative(*active: Any) -> Any:
        return fg.jvp(call.smooth, active, tangents)[1]

    _, forward_over_reverse = fg.jvp(gradient, tuple(call.active), tangents)
    reverse_over_forward = fg.vjp(derivative, *call.active)[1](cotangents)
    numeric = directional(lambda active: gradient(*active), call.active, tangents)
    noise = noise_of(gradient(*call.active))
    rtol = tolerance(case, at_least=FINITE_DIFFERENCES)
    for a, b, c in zip(forward_over_reverse, reverse_over_forward, numeric, strict=True):
        assert_close(a, c, rtol, "jvp of vjp against finite differences", noise=noise / STEP)
        assert_close(
            b,
            a,
            tolerance(case, at_least=1e-10),
            "vjp of jvp against jvp of vjp",
            noise=100 * noise,
        )


def compare_with_jax(case: Case, dtype: Any) -> None:
    function = jax_function(case)
    assert function is not None
    call = Call(case, case.arguments(dtype), only_inexact=True)
    tangents = call.like_active(case.rng("tangents"))
    cotangents = call.like_result(case.rng("cotangents"))
    expected = jax_derivatives(call.oracle(function), call.active, tangents, cotangents)
    outs, out_tangents = fg.jvp(call.smooth, tuple(call.active), tuple(tangents))
    grads = fg.vjp(call.smooth, *call.active)[1](tuple(cotangents))
    for what, got, wanted in zip(
        ("the value", "jvp", "vjp"), (outs, out_tangents, grads), expected, strict=True
    ):
        for a, b in zip(got, wanted, strict=True):
            assert_close(a, b, tolerance(case, at_least=1e-10), f"{what} against JAX")


# Batches


@every([case for case in CASES if case.vmap])
def test_vmap_is_a_loop(case: Case) -> None:
    calls = [Call(case, case.arguments(base_dtype(case), salt)) for salt in ("first", "second")]
    first, second = calls
    n = len(first.active)
    for mapped in {tuple([k in (i, -1) for k in range(n)]) for i in range(n)} | {(True,) * n}:
        together = all(mapped)
        axes = [
            None if not yes else -1 if together else np.ndim(x) // 2
            for yes, x in zip(mapped, first.active, strict=True)
        ]
        arguments = [
            x if axis is None else np.stack([x, y], axis)
            for axis, x, y in zip(axes, first.active, second.active, strict=True)
        ]
        others = [
            y if yes else x for yes, x, y in zip(mapped, first.active, second.active, strict=True)
        ]
        with quiet():
            rows = [first.expected, flatten(case(*first.arguments(copies(others))))[0]]
        out_axis = -1 if together else 0
        got = fg.vmap(first.fun, in_axes=tuple(axes), out_axes=out_axis)(*arguments)
        for a, x, y in zip(got, *rows, strict=True):
            expected = np.stack([x, y], out_axis)
            assert a.dtype == expected.dtype
            assert_close(a, expected, tolerance(case, expected.dtype), f"vmap over axes {axes}")


@every([case for case in SMOOTH if case.vmap])
def test_vmap_of_gradient_is_a_loop(case: Case) -> None:
    arguments = [case.arguments(base_dtype(case), salt) for salt in ("first", "second")]
    first, second = [Call(case, a, only_inexact=True) for a in arguments]
    cotangents = [tuple(c.like_result(case.rng(str(i)))) for i, c in enumerate((first, second))]

    def gradient(active: Sequence[Any], cotangents: tuple[Any, ...]) -> Any:
        return fg.vjp(first.smooth, *active)[1](cotangents)

    rows = [gradient(c.active, ct) for c, ct in zip((first, second), cotangents, strict=True)]
    stacked = [np.stack(pair) for pair in zip(first.active, second.active, strict=True)]
    stacked_cotangents = tuple([np.stack(pair) for pair in zip(*cotangents, strict=True)])
    got = fg.vmap(gradient)(stacked, stacked_cotangents)
    for a, x, y in zip(got, *rows, strict=True):
        assert_close(a, np.stack([x, y]), tolerance(case, at_least=1e-11), "vmap of vjp")
