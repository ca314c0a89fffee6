"""Arguments of NumPy's, SciPy's and JAX's functions that are refused, and the words in which they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad import lax, nn
from funcgrad.ops.contraction import dot_general_p

X = np.array([0.5, 1.0, 2.0])
M = np.array([[2.0, 1.0], [0.5, 3.0]])
N = np.array([1, 2, 3])
B = np.array([True, False, True])
Z = X + 1j
S = np.float64(2.0)
E = np.zeros((0, 2))

# From a part of the message to the call that is refused: a function, and its arguments, which are traced.
REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    # NumPy: shapes
    "repeats may not contain negative values, not": (lambda x: np.repeat(x, -1), (X,)),
    "all elements of `new_shape` must be non-negative": (lambda x: np.resize(x, (-1, 2)), (X,)),
    "Valid values for `indexing` are 'xy' and 'ij'": (
        lambda x: np.meshgrid(x, x, indexing="xx"),
        (X,),
    ),
    "matrix transpose with ndim < 2 is undefined": (lambda x: x.mT, (X,)),
    "np.linalg.matrix_transpose of shape (3,): it needs two axes": (
        lambda x: np.linalg.matrix_transpose(x),
        (X,),
    ),
    "reshape() missing 1 required positional argument: 'shape'": (lambda x: np.reshape(x), (X,)),
    "unable to avoid creating a copy while reshaping f64[2,2]": (
        lambda m: np.reshape(m.T, 4, copy=False),
        (M,),
    ),
    "'start' arg requires -2 <= start < 3, but 9 was passed in": (
        lambda m: np.rollaxis(m, 0, 9),
        (M,),
    ),
    "repeated axis in expand_dims: (0, 0)": (lambda m: np.expand_dims(m, (0, 0)), (M,)),
    "repeated axis in transpose: (0, 0)": (lambda m: np.transpose(m, (0, 0)), (M,)),
    "repeated axis in `source` argument": (lambda m: np.moveaxis(m, (0, 0), (0, 1)), (M,)),
    "Axes=(1, 1) must be different.": (lambda m: np.rot90(m, axes=(1, 1)), (M,)),
    "can only specify one unknown dimension, not (-1, -1)": (
        lambda m: np.reshape(m, (-1, -1)),
        (M,),
    ),
    "zero-dimensional arrays cannot be concatenated": (lambda s: np.concatenate([s, s]), (S,)),
    "dsplit only works on arrays of 3 or more dimensions": (lambda m: np.dsplit(m, 2), (M,)),
    # NumPy: products and linear algebra
    "np.vdot of shapes (3,) and (2,): they have 3 and 2": (lambda x: np.vdot(x, x[:2]), (X,)),
    "np.linalg.outer takes vectors, got shapes (2, 2) and (3,)": (
        lambda m, x: np.linalg.outer(m, x),
        (M, X),
    ),
    "np.tensordot: duplicate axes in": (lambda m: np.tensordot(m, m, ((0, 0), (0, 1))), (M,)),
    "np.linalg.multi_dot: array 1 has shape (3,)": (
        lambda m, x: np.linalg.multi_dot([m, x, m]),
        (M, X),
    ),
    "np.einsum: no subscripts": (lambda x: np.einsum(x), (X,)),
    "np.einsum: invalid subscript '?' in": (lambda x: np.einsum("?->", x), (X,)),
    "UPLO argument must be 'L' or 'U', not 'X'": (lambda m: np.linalg.eigh(m, "X"), (M,)),
    "Invalid norm order 'nuc' for vectors": (lambda x: np.linalg.norm(x, "nuc"), (X,)),
    "Improper number of dimensions to norm: 3 axes of f64[1,2,2]": (
        lambda m: np.linalg.norm(m[None], 2, axis=(0, 1, 2)),
        (M,),
    ),
    "Duplicate axes given: (0, 0)": (lambda m: np.linalg.norm(m, axis=(0, 0)), (M,)),
    "matmul takes axes=, but neither axis= nor keepdims=": (
        lambda x: np.matmul(x, x, keepdims=True),
        (M,),
    ),
    # NumPy: sums, sorting, counting
    "np.gradient: edge_order is 1 or 2, got 3": (lambda x: np.gradient(x, edge_order=3), (X,)),
    "np.round of booleans to 1 decimals": (lambda b: np.round(b, 1), (B,)),
    "Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden.": (
        lambda x: np.clip(x, 0, 1, min=0),
        (X,),
    ),
    "clip() missing 1 required positional argument: 'a_max'": (lambda x: np.clip(x, 0), (X,)),
    "np.fft.fft of a scalar: axis": (lambda s: np.fft.fft(s), (S,)),
    'Invalid norm value up; should be "backward", "ortho" or "forward".': (
        lambda x: np.fft.fft(x, norm="up"),
        (X,),
    ),
    "Shape and axes have different lengths: (2, 2) and": (
        lambda m: np.fft.fft2(m, (2, 2), axes=(0,)),
        (M,),
    ),
    "Cannot apply_along_axis when any iteration dimensions are 0": (
        lambda e: np.apply_along_axis(np.sum, 1, e),
        (E,),
    ),
    "cannot call `vectorize` on inputs of size 0": (lambda e: fnp.vectorize(np.sin)(e), (E,)),
    "np.bincount: complex weights c128[3] are not taken": (
        lambda z: np.bincount(N, weights=z),
        (Z,),
    ),
    "np.histogramdd: range must have one entry per dimension": (
        lambda m: np.histogramdd(m, range=[(0, 1)]),
        (M,),
    ),
    "bitorder must be 'big' or 'little', not 'up'": (lambda b: np.packbits(b, bitorder="up"), (B,)),
    "pad widths cannot be negative: ": (lambda x: np.pad(x, -1), (X,)),
    "unsupported keyword arguments for mode 'wrap': ": (
        lambda x: np.pad(x, 1, "wrap", constant_values=1),
        (X,),
    ),
    "stat_length of 0 yields no value for padding": (
        lambda x: np.pad(x, 1, "maximum", stat_length=0),
        (X,),
    ),
    "can't extend empty axis 0 using modes other than 'constant' or 'empty'": (
        lambda e: np.pad(e, 1, "edge"),
        (E,),
    ),
    "polyfit: ": (lambda m: np.polyfit(m, m, 1), (M[None],)),
    "expected 3 weights, got f64[2]": (lambda x: np.polyfit(x, x, 1, w=x[:2]), (X,)),
    "quantiles of booleans cannot be interpolated": (lambda b: np.quantile(b, 0.3), (B,)),
    "quantile: only method='inverted_cdf' takes weights, got 'linear'": (
        lambda x: np.quantile(x, 0.3, weights=x),
        (X,),
    ),
    "with 2 condition(s), either 2 or 3 functions are expected": (
        lambda x: np.piecewise(x, [x > 0, x < 1], [1.0]),
        (X,),
    ),
    "intersect1d: size= does not go with return_indices=True": (
        lambda x: fnp.intersect1d(x, x, return_indices=True, size=2),
        (X,),
    ),
    "sort: order= is for fields, which traced arrays lack": (lambda x: np.sort(x, order="a"), (X,)),
    "`kind` and `stable` parameters can't be provided at the same time": (
        lambda x: np.sort(x, kind="stable", stable=True),
        (X,),
    ),
    "np.digitize: x may not be complex, got c128[3]": (lambda z: np.digitize(z, X), (Z,)),
    "np.cov: fweights must be integers": (lambda x: np.cov(x, fweights=[0.5, 1, 1]), (X,)),
    "indices must be integers, not f64[3]": (lambda x: np.take(X, x), (X,)),
    "index 7 is out of bounds for size 2": (lambda x: np.choose(np.array([7, 0, 0]), [x, x]), (X,)),
    "nonzero takes arrays with axes; use np.atleast_1d(x)": (lambda s: np.nonzero(s), (S,)),
    "index 9 out-of-bounds in add.reduceat [0, 3)": (lambda x: np.add.reduceat(x, [9]), (X,)),
    "Integers to negative integer powers are not allowed.": (lambda n: n ** np.int64(-1), (N,)),
    "neither NumPy nor funcgrad.numpy has 'nothing'": (lambda x: fnp.nothing(x), (X,)),
    # lax and nn
    "dot_general takes operands of one dtype, got f64[2,2] and f32[2,2]": (
        lambda m: dot_general_p(
            m, m.astype(np.float32), dimension_numbers=(((1,), (0,)), ((), ()))
        ),
        (M,),
    ),
    "dynamic_update_slice: the dtypes of": (
        lambda x: lax.dynamic_update_slice(x, np.ones(1, np.float32), (0,)),
        (X,),
    ),
    "batch_matmul takes arrays (..., n, k) and (..., k, m), not": (
        lambda m, x: lax.batch_matmul(m, x),
        (M, X),
    ),
    "scan: xs['a'] is a scalar, of type f64[], and cannot be sliced": (
        lambda s: lax.scan(lambda c, x: (c, x), 0.0, {"a": s}),
        (S,),
    ),
    "switch takes functions, but branch 1 is": (
        lambda x: lax.switch(1, [np.sin, 3.0], x),
        (X,),
    ),
    "dot_product_attention: query": (
        lambda x: nn.dot_product_attention(
            np.ones((1, 2, 1, 4)) * x[0], np.ones((1, 2, 1, 3)), np.ones((1, 2, 1, 3))
        ),
        (X,),
    ),
    # SciPy
    "solve_sylvester: f64[2,2], f64[2,2] and f64[3] do not fit": (
        lambda m, x: scipy.linalg.solve_sylvester(m, m, x),
        (M, X),
    ),
    "block_diag takes matrices, got f64[1,2,2]": (lambda m: scipy.linalg.block_diag(m[None]), (M,)),
    "types of transforms are 1, 2, 3 and 4, not 7": (
        lambda x: fg.scipy.fft.dct(x, type=7),
        (X,),
    ),
    "`initial` must be `None` or `0`, not 3": (
        lambda x: fg.scipy.integrate.cumulative_trapezoid(x, initial=3),
        (X,),
    ),
    "convolve2d takes matrices, got f64[3] and f64[3]": (
        lambda x: fg.scipy.signal.convolve2d(x, x),
        (X,),
    ),
    "acceptable boundary flags are": (
        lambda m: fg.scipy.signal.convolve2d(m, m, boundary="up"),
        (M,),
    ),
    "affine_transform: a matrix for 2 axes is needed, got f64[3]": (
        lambda m, x: fg.scipy.ndimage.affine_transform(m, x),
        (M, X),
    ),
    "map_coordinates: 2 coordinates are needed, got f64[3]": (
        lambda m, x: fg.scipy.ndimage.map_coordinates(m, x),
        (M, X),
    ),
}
# Calls that fail as a function of Python's does, whose traceback tells the line.
WITHOUT_LINE = ("missing 1 required", "matrix transpose with", "neither NumPy", "Passing `min`")


@pytest.mark.parametrize("words", REFUSED)
def test_refused_arguments(words: str) -> None:
    f, args = REFUSED[words]
    with pytest.raises(Exception, match=re.escape(words)) as caught:
        fg.make_jaxpr(f)(*args)
    line = f"test_messages_of_arguments.py:{f.__code__.co_firstlineno}"
    assert line.rsplit(":", 1)[0] in str(caught.value) or any(w in words for w in WITHOUT_LINE)


OPTIONS: dict[str, Callable[[], Any]] = {
    "argnums takes ints, not 'a'": lambda: fg.grad(np.sin, argnums="a")(1.0),
    "jacfwd with holomorphic=True: ": lambda: fg.jacfwd(np.abs, holomorphic=True)(Z),
    "jit: static_argnums has 3, but": lambda: fg.jit(lambda x: x, static_argnums=3)(1.0),
    "len() of a ShapeDtypeStruct of no dimensions": lambda: len(fg.ShapeDtypeStruct((), float)),
    "was compiled for arguments of structure": lambda: fg.jit(np.sin).lower(1.0).compile()((1.0,)),
    "was compiled for f64[] as flat argument 0, not f64[3]": lambda: (
        fg.jit(np.sin).lower(1.0).compile()(X)
    ),
    "defjvps of": lambda: _two_rules_for_one(),
    "nondiff_argnums has 4, but": lambda: fg.grad(fg.custom_vjp(lambda x: x, nondiff_argnums=(4,)))(
        1.0
    ),
    "custom_linear_solve has no solver of the transposed system": lambda: fg.grad(
        lambda x: lax.custom_linear_solve(lambda v: v * 2.0, x, lambda mv, b: b / 2.0)
    )(1.0),
    "variance_scaling: mode is one of": lambda: nn.initializers.variance_scaling(
        1.0, "up", "normal"
    )(fg.random.key(0), (2, 2)),
    "multivariate_normal's method is 'cholesky', 'eigh' or 'svd', not 'qr'": lambda: (
        fg.random.multivariate_normal(fg.random.key(0), np.zeros(2), np.eye(2), method="qr")
    ),
    "multivariate_normal takes a mean (..., n) and a covariance (..., n, n), not shapes": lambda: (
        fg.random.multivariate_normal(fg.random.key(0), np.zeros(2), np.eye(3))
    ),
    "scan: y has shape (2,) after it had (1,)": lambda: lax.scan(
        lambda c, _: (c + 1, np.zeros(int(c))), 1, None, length=2
    ),
}


def _two_rules_for_one() -> Any:
    f = fg.custom_jvp(lambda x: x * 2.0)
    f.defjvps(lambda t, ans, x: t, lambda t, ans, x: t)
    return fg.grad(f)(1.0)


@pytest.mark.parametrize("words", OPTIONS)
def test_refused_options(words: str) -> None:
    with pytest.raises(Exception, match=re.escape(words)):
        OPTIONS[words]()
