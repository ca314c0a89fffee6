"""The functions of `funcgrad.lax` give what JAX's give: values, derivatives, and under vmap."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

jax = pytest.importorskip("jax")

RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 0.9, (3, 4))
Y = RNG.uniform(0.2, 0.9, (3, 4))
Z = X + 1j * Y
N = np.array([[5, -3, 0, 7], [1, 2, -8, 100], [-1, 64, 3, 9]])
SPD = np.cov(RNG.normal(size=(3, 9)))
STACK = RNG.normal(size=(2, 3, 4))

# Name, arguments (arrays are traced, all else is not), keyword arguments.
Call = tuple[str, tuple[Any, ...], dict[str, Any]]
SMOOTH: list[Call] = [
    *[
        (name, (X,), {})
        for name in [
            "abs",
            "acos",
            "asin",
            "asinh",
            "atan",
            "atanh",
            "bessel_i0e",
            "bessel_i1e",
            "cbrt",
            "ceil",
            "cos",
            "cosh",
            "digamma",
            "erf",
            "erf_inv",
            "erfc",
            "exp",
            "exp2",
            "expm1",
            "floor",
            "is_finite",
            "lgamma",
            "log",
            "log1p",
            "logistic",
            "neg",
            "reciprocal",
            "round",
            "rsqrt",
            "sign",
            "sin",
            "sinh",
            "sqrt",
            "square",
            "tan",
            "tanh",
            "cumsum",
            "cumprod",
            "cummax",
            "cummin",
            "cumlogsumexp",
            "sort",
            "stop_gradient",
        ]
    ],
    ("acosh", (X + 1.5,), {}),
    *[
        (name, (X, Y), {})
        for name in [
            "add",
            "atan2",
            "div",
            "eq",
            "ge",
            "gt",
            "le",
            "lt",
            "max",
            "min",
            "mul",
            "ne",
            "nextafter",
            "pow",
            "rem",
            "sub",
            "igamma",
            "igammac",
        ]
    ],
    ("igamma_grad_a", (X, Y), {}),
    ("random_gamma_grad", (X, Y), {}),
    ("zeta", (X + 1.5, Y), {}),
    ("polygamma", (1.0, X), {}),
    ("betainc", (X, Y, X), {}),
    ("clamp", (0.3, X, 0.6), {}),
    ("complex", (X, Y), {}),
    ("conj", (Z,), {}),
    ("real", (Z,), {}),
    ("imag", (Z,), {}),
    ("convert_element_type", (X, "float32"), {}),
    ("integer_pow", (X, -3), {}),
    ("select", (X > 0.5, X, Y), {}),
    ("select_n", (X > 0.5, X, Y), {}),
    ("broadcast", (X, (2,)), {}),
    ("broadcast_in_dim", (X, (3, 2, 4), (0, 2)), {}),
    ("broadcast_to_rank", (X, 4), {}),
    ("collapse", (STACK, 0, 2), {}),
    ("expand_dims", (X, (0, 2)), {}),
    ("squeeze", (X[None], (0,)), {}),
    ("reshape", (X, (4, 3)), {}),
    ("reshape", (X, (12,), (1, 0)), {}),
    ("rev", (X, (0, 1)), {}),
    ("transpose", (STACK, (2, 0, 1)), {}),
    ("pad", (X, 0.0, [(1, 2, 0), (-1, 0, 1)]), {}),
    ("slice", (X, (0, 1), (3, 4), (2, 1)), {}),
    ("slice_in_dim", (X, 1, 3), {"axis": 1}),
    ("index_in_dim", (X, 1), {"axis": 1, "keepdims": False}),
    ("dynamic_slice", (X, (1, 2), (2, 2)), {}),
    ("dynamic_slice", (X, (5, -1), (2, 2)), {}),
    ("dynamic_update_slice", (X, Y[:2, :2], (1, 1)), {}),
    ("dynamic_slice_in_dim", (X, 1, 2), {}),
    ("dynamic_index_in_dim", (X, 1), {"axis": 1}),
    ("dynamic_update_slice_in_dim", (X, Y[:2], 1, 0), {}),
    ("dynamic_update_index_in_dim", (X, Y[0], 1, 0), {}),
    ("concatenate", ([X, Y], 1), {}),
    ("split", (X, (1, 3)), {"axis": 1}),
    ("stack", ([X, Y], 1), {}),
    ("unstack", (X,), {"axis": 1}),
    ("tile", (X, (2, 3)), {}),
    ("dot", (X, Y.T), {}),
    ("dot_general", (STACK, STACK + 1, (((2,), (2,)), ((0,), (0,)))), {}),
    ("batch_matmul", (STACK, np.swapaxes(STACK, 1, 2)), {}),
    *[(name, (X, (0,)), {}) for name in ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod")],
    ("top_k", (X, 2), {}),
    ("sort_key_val", (X, Y), {}),
    ("cumsum", (X,), {"axis": 1, "reverse": True}),
    ("full_like", (X, 2.0), {}),
    ("linalg.cholesky", (SPD,), {}),
    ("linalg.triangular_solve", (SPD, X), {"left_side": True, "lower": True}),
    ("linalg.triangular_solve", (SPD, X.T), {"transpose_a": True, "unit_diagonal": True}),
    ("linalg.svd", (X,), {"compute_uv": False}),
    (
        "gather",
        (X, np.array([[2], [0], [5]]), ((1,), (0,), (0,)), (1, 3)),
        {"mode": "clip"},
    ),
    (
        "gather",
        (X, np.array([[2, 1], [0, 3]]), ((1,), (0,), (0, 1)), (1, 2)),
        {"mode": "fill", "fill_value": -1.0},
    ),
    (
        "gather",
        (STACK, np.array([[[1], [0]], [[2], [2]]]), ((2,), (1,), (1,), (0,), (0,)), (1, 1, 4)),
        {},
    ),
    *[
        (name, (X, np.array([[2], [0], [2]]), Y[:, :3], ((1,), (0,), (0,))), {})
        for name in ("scatter_add", "scatter_sub", "scatter_mul", "scatter_min", "scatter_max")
    ],
    ("scatter", (X, np.array([[2], [0], [5]]), Y, ((1,), (0,), (0,))), {}),
    ("scatter_add", (X, np.array([[2, 1], [0, 9]]), Y[:2, 0], ((), (0, 1), (0, 1))), {}),
    (
        "scatter_add",
        (X, np.array([[2, 1], [0, 9]]), Y[:2, 0], ((), (0, 1), (0, 1))),
        {"mode": "clip"},
    ),
]
EXACT: list[Call] = [
    *[
        (name, (N,), {})
        for name in ["abs", "bitwise_not", "clz", "neg", "population_count", "sign"]
    ],
    *[
        (name, (N.astype(d),), {})
        for name in ("clz", "population_count")
        for d in ("int8", "uint32")
    ],
    *[
        (name, (N, N[::-1] + 20), {})
        for name in [
            "add",
            "bitwise_and",
            "bitwise_or",
            "bitwise_xor",
            "div",
            "max",
            "min",
            "mul",
            "rem",
            "sub",
            "eq",
            "lt",
        ]
    ],
    *[
        (name, (N, np.full_like(N, 3)), {})
        for name in ("shift_left", "shift_right_arithmetic", "shift_right_logical")
    ],
    *[(name, (N, (1,)), {}) for name in ("reduce_sum", "reduce_max", "reduce_prod", "reduce_xor")],
    *[(name, (N > 2, (0,)), {}) for name in ("reduce_and", "reduce_or")],
    *[(name, (N, 1, np.int64), {}) for name in ("argmax", "argmin")],
    ("bitcast_convert_type", (X, "int64"), {}),
    ("bitcast_convert_type", (X, "uint32"), {}),
    ("bitcast_convert_type", (np.arange(6, dtype="uint32").reshape(3, 2), "float64"), {}),
    ("iota", ("float32", 4), {}),
    ("broadcasted_iota", ("int64", (2, 3), 1), {}),
    ("broadcast_shapes", ((2, 1), (1, 3)), {}),
    ("full", ((2,), 3.0), {}),
    ("sort", (N,), {"dimension": 0}),
    ("round", (np.array([0.5, 1.5, -2.5, 2.4]),), {}),
    ("round", (np.array([0.5, 1.5, -2.5, 2.4]), jax.lax.RoundingMethod.TO_NEAREST_EVEN), {}),
    ("is_finite", (np.array([1.0, np.inf, np.nan]),), {}),
    ("linalg.lu", (X,), {}),
]


def both(call: Call) -> tuple[Any, Any, list[Any]]:
    """Ours and JAX's as functions of the arrays, and the arrays."""
    name, args, kwargs = call
    leaves = [
        a for a in args for a in (a if isinstance(a, list) else [a]) if isinstance(a, np.ndarray)
    ]

    def bind(library: Any) -> Any:
        function = library
        for part in name.split("."):
            function = getattr(function, part)

        def bound(*xs: Any) -> Any:
            rest = iter(xs)
            given = [
                [next(rest) for _ in a]
                if isinstance(a, list) and isinstance(a[0], np.ndarray)
                else next(rest)
                if isinstance(a, np.ndarray)
                else _numbers(library, name, a)
                for a in args
            ]
            return function(*given, **kwargs)

        return bound

    return bind(fg.lax), bind(importlib.import_module("jax.lax")), leaves


def _numbers(library: Any, name: str, a: Any) -> Any:
    """A tuple of dimension numbers as the library's own."""
    if isinstance(a, tuple) and a and len(a) >= 3 and all(isinstance(x, tuple) for x in a):
        kind = "Gather" if name == "gather" else "Scatter" if name.startswith("scatter") else None
        return getattr(library, f"{kind}DimensionNumbers")(*a) if kind else a
    return a


def call_id(call: Call) -> str:
    name, args, kwargs = call
    shown = [str(np.shape(a)) if isinstance(a, np.ndarray) else str(a)[:30] for a in args]
    return f"{name}({', '.join(shown)}{kwargs or ''})"


@pytest.mark.parametrize("call", SMOOTH + EXACT, ids=call_id)
def test_values(call: Call) -> None:
    ours, theirs, xs = both(call)
    expected = jax.tree.leaves(theirs(*xs))
    for got in (ours(*xs), fg.jit(ours)(*xs) if xs else ours()):
        leaves = fg.tree.leaves(got)
        assert len(leaves) == len(expected)
        for g, e in zip(leaves, expected, strict=True):
            g, e = np.asarray(g), np.asarray(e)
            assert g.shape == e.shape
            assert g.dtype.kind == e.dtype.kind
            np.testing.assert_allclose(g, e, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("call", SMOOTH, ids=call_id)
def test_derivatives(call: Call) -> None:
    ours, theirs, xs = both(call)
    smooth = [i for i, x in enumerate(xs) if x.dtype.kind in "fc"]
    name = call[0]
    if name in ("igamma_grad_a", "random_gamma_grad", "nextafter", "zeta"):
        pytest.skip("JAX has no derivative of it")
    rtol = 1e-6 if name == "convert_element_type" else 1e-9  # to float32

    def loss(function: Any, xp: Any, tree: Any) -> Any:
        def total(*ys: Any) -> Any:
            given = list(xs)
            for i, y in zip(smooth, ys, strict=True):
                given[i] = y
            outs = [o for o in tree(function(*given)) if o.dtype.kind in "fc"]
            return sum(
                [
                    xp.sum(xp.real(xp.sin(o) * (1.0 + xp.arange(o.size).reshape(o.shape))))
                    for o in outs
                ]
            )

        return total

    if not any(np.asarray(o).dtype.kind in "fc" for o in jax.tree.leaves(theirs(*xs))):
        return
    argnums = tuple(range(len(smooth)))
    if name in ("igamma", "igammac"):
        argnums = (0, 1)
    if name == "betainc":
        argnums = (2,)  # JAX has no derivative by the parameters
    if name == "scatter_mul":
        argnums = (0,)  # JAX differentiates by unique updates only
    if name in ("scatter_min", "scatter_max"):
        return  # nor these at all
    ys = [xs[i] for i in smooth]
    got = fg.grad(loss(ours, np, fg.tree.leaves), argnums)(*ys)
    expected = jax.grad(loss(theirs, jax.numpy, jax.tree.leaves), argnums)(*ys)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=rtol, atol=1e-11)


@pytest.mark.parametrize("call", [c for c in SMOOTH + EXACT if both(c)[2]], ids=call_id)
def test_vmap(call: Call) -> None:
    ours, _, xs = both(call)
    stacked = [np.stack([x, x[::-1]]) if x.ndim else np.stack([x, x]) for x in xs]
    try:
        expected = [fg.tree.leaves(ours(*[x[i] for x in stacked])) for i in range(2)]
    except np.linalg.LinAlgError:
        return
    got = fg.tree.leaves(fg.vmap(ours)(*stacked))
    for k, g in enumerate(got):
        np.testing.assert_allclose(g, np.stack([e[k] for e in expected]), rtol=1e-12, atol=1e-12)


def test_eigh_and_qr_have_jaxs_order_of_results() -> None:
    v, w = fg.lax.linalg.eigh(SPD)
    np.testing.assert_allclose(SPD @ v, v * w, atol=1e-12)
    (w,) = fg.lax.linalg.eig(SPD, compute_left_eigenvectors=False, compute_right_eigenvectors=False)
    np.testing.assert_allclose(np.sort(w.real), np.linalg.eigvalsh(SPD))
    q, r = fg.lax.linalg.qr(X, full_matrices=False)
    np.testing.assert_allclose(q @ r, X, atol=1e-12)


def test_reduce_takes_any_function() -> None:
    x = np.arange(1.0, 12.0)
    np.testing.assert_allclose(fg.lax.reduce(x, 1.0, fg.lax.mul, (0,)), np.prod(x))
    np.testing.assert_allclose(fg.lax.reduce(STACK, -np.inf, fg.lax.max, (0, 2)), STACK.max((0, 2)))
    slope = fg.grad(lambda x: fg.lax.reduce(x, 0.0, np.hypot, (0,)))(x)
    np.testing.assert_allclose(slope, x / np.linalg.norm(x))
    assert fg.lax.reduce(np.zeros((0,)), 7.0, fg.lax.add, (0,)) == 7.0


def test_logistic_is_accurate_far_out() -> None:
    np.testing.assert_allclose(fg.lax.logistic(-700.0), np.exp(-700.0), rtol=1e-14)


WRONG = [
    (lambda: fg.lax.bitcast_convert_type(np.zeros(3, np.uint32), float), "a last axis of length 2"),
    (lambda: fg.lax.bitcast_convert_type(np.zeros(3, bool), np.int8), "cannot be read as int8"),
    (lambda: fg.lax.clz(X), r"clz takes integers, not f64\[3,4\]"),
    (lambda: fg.lax.split(X, (1, 1)), r"lengths \(1, 1\) do not make up the 3"),
    (lambda: fg.lax.batch_matmul(X, Y), "takes arrays"),
    (lambda: fg.lax.gather(X, np.zeros((1, 1), int), ((1,), (0,), (0,)), (1,)), "slice_sizes"),
    (
        lambda: fg.lax.gather(X, np.zeros((1, 1), int), ((1,), (0,), (0,)), (1, 2), mode="wrap"),
        "mode is 'clip', 'fill'",
    ),
    (lambda: fg.lax.scatter(X, np.zeros((1, 1), int), Y, ((), (0,), (0,))), "within a slice"),
    (
        lambda: fg.lax.scatter(X, np.zeros((1, 1), int), Y, ((1,), (0,), (0,))),
        "do not fit to indices",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[m for _, m in WRONG])
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(fg.errors.ArgumentError, match=message) as caught:
        call()
    assert "test_against_jax.py" in str(caught.value)
