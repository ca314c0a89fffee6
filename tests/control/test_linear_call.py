"""`linear_call`, `sequential_vmap`, and the small helpers of rules, against JAX where it has them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError, NoDerivativeError


def call(library: Any, transpose: float) -> Any:
    """Multiplication by r, which claims to have `transpose` times itself as its transpose."""

    def f(r: Any, x: Any) -> Any:
        return library.custom_derivatives.linear_call(
            lambda r, x: {"a": x[0] * r, "b": x[1]},
            lambda r, ct: (ct["a"] * r * transpose, ct["b"]),
            r,
            x,
        )

    return f


def test_linear_call_is_transposed_by_its_own_rule() -> None:
    results = []
    for library in (fg, jax):
        f = call(library, 2.0)
        of_x = lambda x, f=f: f(3.0, x)
        x = (1.0, 2.0)
        found = [of_x(x), library.jvp(of_x, (x,), (x,)), library.linear_transpose(of_x, x)(of_x(x))]
        found.append(library.grad(lambda x, of_x=of_x: of_x(x)["a"] + of_x(x)["b"])(x))
        found.append(library.jit(library.grad(lambda x, of_x=of_x: of_x(x)["a"]))(x))
        results.append(library.tree.leaves(found))
    np.testing.assert_allclose(*results)


def test_linear_call_is_batched() -> None:
    f = call(fg, 2.0)
    pull = lambda r, x: fg.linear_transpose(lambda x: f(r, x), x)(f(r, x))
    for transform in (lambda g: g, fg.jit):
        ((a, b),) = transform(fg.vmap(pull, in_axes=(0, None)))(np.arange(3.0), (1.0, 2.0))
        np.testing.assert_allclose(a, [0.0, 2.0, 8.0])
        np.testing.assert_allclose(b, [2.0, 2.0, 2.0])


def test_linear_call_of_constants_is_not_folded_into_the_wrong_shape() -> None:
    f = lambda x: fg.custom_derivatives.linear_call(lambda r, x: x / r, lambda r, t: t / r, 4.0, x)
    np.testing.assert_allclose(fg.jit(fg.vmap(fg.grad(f)))(np.arange(3.0)), [0.25] * 3)


def test_linear_call_errors() -> None:
    linear_call = fg.custom_derivatives.linear_call
    with pytest.raises(ArgumentError, match="takes a function for fun_transpose, not int 3"):
        linear_call(abs, 3, 1.0, 1.0)
    wrong = lambda x: linear_call(lambda r, x: x * r, lambda r, ct: (ct,), 2.0, x)
    with pytest.raises(ArgumentError, match="result of the structure and types of linear_args"):
        fg.grad(wrong)(1.0)
    of_residual = lambda r: linear_call(lambda r, x: x * r, lambda r, ct: ct * r, r, 2.0)
    with pytest.raises(NoDerivativeError, match="no derivative by its residuals"):
        fg.grad(of_residual)(1.0)


def test_sequential_vmap_runs_one_example_after_the_other() -> None:
    seen: list[float] = []

    @fg.custom_batching.sequential_vmap
    def f(x: Any, y: Any) -> Any:
        fg.debug.callback(lambda x: seen.append(float(x)), x)
        return {"sum": x + y, "product": x * y}

    out = fg.vmap(f, in_axes=(0, None))(np.arange(3.0), 2.0)
    np.testing.assert_allclose(out["sum"], [2.0, 3.0, 4.0])
    assert seen == [0.0, 1.0, 2.0]
    both = fg.vmap(fg.vmap(f, in_axes=(0, None)), in_axes=(None, 0))(np.arange(3.0), np.arange(2.0))
    np.testing.assert_allclose(both["product"], [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
    np.testing.assert_allclose(fg.grad(lambda x: f(x, 2.0)["product"])(3.0), 2.0)


def test_values_and_zeros_of_rules() -> None:
    primals = {"a": fg.CustomVJPPrimal(1.0, perturbed=True), "b": [fg.CustomVJPPrimal(2, False)]}
    assert fg.custom_derivatives.custom_vjp_primal_tree_values(primals) == {"a": 1.0, "b": [2]}
    zero = fg.custom_derivatives.zero_from_primal
    assert zero(np.ones(2, np.float32)).dtype == np.float32
    assert zero(np.arange(2)).dtype == fg.float0
    assert zero(np.ones(2), symbolic_zeros=True) == fg.SymbolicZero.like(np.ones(2))
