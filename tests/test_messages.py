"""What functions refuse, and the words in which they say so. The first arguments are traced."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax, nn
from funcgrad.flatten_util import ravel_pytree

X = np.array([0.5, 1.0, 2.0])
M = np.array([[2.0, 1.0], [0.5, 3.0]])
N = np.array([1, 2, 3])
S = np.float64(2.0)

# From a part of the message to the call that is refused: a function, and its arguments.
REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    # Joining and splitting
    "need at least one array to stack": (lambda x: fg.numpy.stack([]), (X,)),
    "Only lists can be used to arrange blocks": (lambda x: np.block((x, x)), (X,)),
    "np.block: lists cannot be empty": (lambda x: np.block([x, []]), (X,)),
    "np.block: list depths are mismatched": (lambda x: np.block([[x], x]), (X,)),
    "input array must be at least 1-d": (lambda s: np.unstack(s), (S,)),
    "cannot cast array data from": (
        lambda x: np.concatenate([x, x], dtype=int, casting="safe"),
        (X,),
    ),
    "number sections must be larger than 0": (lambda x: np.array_split(x, 0), (X,)),
    "array split does not result in an equal division": (lambda x: np.split(x, 2), (X,)),
    "all arrays to stack must have the same shape, not": (lambda x: np.stack([x, x[:2]]), (X,)),
    "cannot be joined along axis": (lambda m: np.concatenate([m, np.ones((3, 3))]), (M,)),
    # Shapes
    "arg requires": (lambda m: np.rollaxis(m, 0, 7), (M,)),
    "Input must be >= 2-d.": (lambda x: np.fliplr(x), (X,)),
    "Input must be >= 1-d.": (lambda s: np.flipud(s), (S,)),
    "must be different": (lambda m: np.rot90(m, axes=(0, 0)), (M,)),
    "do not match an array of shape": (lambda m: np.transpose(m, (0,)), (M,)),
    "cannot select an axis to squeeze out": (lambda m: np.squeeze(m, 0), (M,)),
    "a window of shape": (lambda x: np.lib.stride_tricks.sliding_window_view(x, 7), (X,)),
    "'shift' and 'axis' should be scalars": (lambda m: np.roll(m, np.ones((1, 1), int), 0), (M,)),
    "axis1 and axis2 cannot be the same": (lambda m: np.diagonal(m, axis1=0, axis2=0), (M,)),
    "Input must be 1- or 2-d, not": (lambda m: np.diag(m[None]), (M,)),
    "input array must be 2-d": (lambda x: np.tril_indices_from(x), (X,)),
    "np.pad takes one pair": (lambda x: np.pad(x, ((1, 1), (1, 1))), (X,)),
    "is not supported": (lambda x: np.pad(x, 1, mode="odd"), (X,)),
    # Products
    "they have 3 and 2 elements": (lambda x: np.vdot(x, x[:2]), (X,)),
    "np.einsum: the subscripts are for": (lambda x: np.einsum("i,i->", x), (X,)),
    "np.einsum: the result has subscript": (lambda x: np.einsum("i->ii", x), (X,)),
    "np.cross: at least one array has no axes": (lambda s: np.cross(s, s), (S,)),
    "the second to last axis of the second 3": (lambda m: m @ np.ones((3, 3)), (M,)),
    "the axes that are multiplied and summed have lengths": (lambda x: np.vecdot(x, x[:2]), (X,)),
    "matmul: 0-d operands of `@`": (lambda s: s @ s, (S,)),
    # Linear algebra
    "at least 2 axes are needed": (lambda x: np.linalg.inv(x), (X,)),
    "linear algebra has no routines for": (lambda m: np.linalg.inv(m.astype(np.float16)), (M,)),
    "must be square": (lambda m: np.linalg.det(m[:1]), (M,)),
    "and the right-hand side": (lambda m: np.linalg.solve(m, np.ones(3)), (M,)),
    "lstsq of": (lambda x: np.linalg.lstsq(x, x), (X,)),
    "tensorsolve of": (lambda m: np.linalg.tensorsolve(m[:1], np.ones(1)), (M,)),
    "`tol` and `rtol` can't be both set": (lambda m: np.linalg.matrix_rank(m, 0.1, rtol=0.1), (M,)),
    "`rtol` and `rcond` can't be both set": (lambda m: np.linalg.pinv(m, 0.1, rtol=0.1), (M,)),
    "for matrices": (lambda m: np.linalg.norm(m, 3), (M,)),
    "for vectors": (lambda x: np.linalg.norm(x, "fro"), (X,)),
    "Duplicate axes given": (lambda m: np.linalg.norm(m, axis=(0, 0)), (M,)),
    "polar: side must be": (lambda m: fg.scipy.linalg.polar(m, side="up"), (M,)),
    "assume_a='what' is not known": (lambda m: fg.scipy.linalg.solve(m, m, assume_a="what"), (M,)),
    # Statistics, sorting, selection
    "np.cov: ddof must be an integer": (lambda x: np.cov(x, ddof=0.5), (X,)),
    "has more than 2 axes": (lambda x: np.cov(x, np.ones((1, 1, 3))), (X,)),
    "is not finite": (lambda x: np.histogram(x, range=(0.0, np.inf)), (X,)),
    "does not work with weights": (lambda x: np.histogram(x, bins="auto", weights=x), (X,)),
    "bins must be a number or a vector of edges": (
        lambda x: np.histogram(x, bins=np.ones((2, 2))),
        (X,),
    ),
    "the weights of no elements sum to zero": (lambda x: np.average(x[:0], weights=x[:0]), (X,)),
    "q must be in [0,": (lambda x: np.quantile(x, 2.0), (X,)),
    "order= is for fields": (lambda x: np.sort(x, order="a"), (X,)),
    "sort kind must be one of": (lambda x: np.sort(x, kind="bogo"), (X,)),
    "need sequence of keys with len > 0": (lambda x: np.lexsort(x[:0].reshape(0, 2)), (X,)),
    "all keys need to be the same shape": (lambda x: np.lexsort((x, x[:2])), (X,)),
    "search side must be": (lambda x: np.searchsorted(x, 1.0, side="up"), (X,)),
    "bins must be a 1-d array": (lambda x: np.digitize(x, np.ones((2, 2))), (X,)),
    "either both or neither of x and y": (lambda x: np.where(x > 0, x), (X,)),
    "list of cases must be same length": (lambda x: np.select([x > 0], [x, x]), (X,)),
    "in condlist: should be boolean ndarray": (lambda x: np.select([x], [x]), (X,)),
    "np.interp: the period must be a scalar": (lambda x: np.interp(x, x, x, period=x), (X,)),
    "which has no order": (lambda x: np.interp(x + 1j, x, x), (X,)),
    "axis= is required": (lambda m: np.cumulative_sum(m), (M,)),
    "out has shape": (lambda x: np.sum(x, out=np.zeros_like(x)), (X,)),
    "select with an empty condition list": (lambda x: np.select([], [], x), (X,)),
    "unique: size= is for axis=None or 1-d arrays": (
        lambda m: fg.numpy.unique(m, axis=0, size=2),
        (M,),
    ),
    "one_hot: the axis": (
        lambda n: fg.vmap(lambda n: nn.one_hot(n, 3, axis="i"), axis_name="i")(n[:2]),
        (N,),
    ),
    "segment numbers of shape": (lambda x: fg.lax.segment_sum(x, np.zeros(7, int)), (X,)),
    "the operands need at least": (lambda s: np.vecdot(s, s), (S,)),
    "`initial` must be `None` or `0`": (
        lambda x: fg.scipy.integrate.cumulative_trapezoid(x, initial=3),
        (X,),
    ),
    "the dtype must be inexact": (lambda x: np.nanmean(x, dtype=int), (X,)),
    "np.cov: fweights of shape (1,) for 3": (lambda x: np.cov(x, fweights=np.ones(1, int)), (X,)),
    "homogeneous eigenvalues": (lambda m: fg.scipy.linalg.eig(m, homogeneous_eigvals=True), (M,)),
    # Indices
    "cannot replace elements of an empty array": (
        lambda x: x[:0].put([0], 1.0, mode="wrap"),
        (X,),
    ),
    "mode must be 'raise', 'wrap' or 'clip', not": (lambda x: np.take(x, 0, mode="jump"), (X,)),
    "cannot do a non-empty take from an empty axis": (lambda x: np.take(x[:0], [0]), (X,)),
    "`indices` must be an integer array": (lambda x: np.take_along_axis(x, x, 0), (X,)),
    "condition must be a 1-d array": (lambda m: np.compress(np.ones((2, 2), bool), m), (M,)),
    "cannot delete array elements": (lambda x: x.__delitem__(0), (X,)),
    "array must be at least 2-d": (lambda x: np.fill_diagonal(x.copy(), 1.0), (X,)),
    "place: mask and data must be the same size": (
        lambda x: np.place(x.copy(), [True], [1.0]),
        (X,),
    ),
    "putmask: mask and data must be the same size": (
        lambda x: np.putmask(x.copy(), [True], [1.0]),
        (X,),
    ),
    "fill takes a scalar, not": (lambda x: x.copy().fill(np.ones(2)), (X,)),
    "Casting complex values to real": (
        lambda x: x.copy().__setitem__(0, np.complex128(1j)),
        (X,),
    ),
    "was stored where one number belongs": (lambda x: x.copy().__setitem__(0, np.ones(2)), (X,)),
    # Polynomials, transforms, signals
    "vander takes a vector": (lambda m: np.vander(m), (M,)),
    "roots takes a vector of coefficients": (lambda m: np.roots(m), (M,)),
    "poly takes a vector of roots or a square matrix": (lambda m: np.poly(m[None]), (M,)),
    "polyfit: ": (lambda x: np.polyfit(x, x[:2], 1), (X,)),
    "Invalid number of FFT data points": (lambda x: np.fft.fft(x, 0), (X,)),
    "np.fft.fft of a scalar": (lambda s: np.fft.fft(s), (S,)),
    "fft: fft_type is one of": (lambda x: lax.fft(x, "slow", (3,)), (X,)),
    "fft: fft_lengths": (lambda x: lax.fft(x + 0j, "fft", (7, 7)), (X,)),
    "takes real numbers, not": (lambda x: lax.fft(x + 0j, "rfft", (3,)), (X,)),
    "mode must be one of 'full', 'same', 'valid', not": (lambda x: np.convolve(x, x, "part"), (X,)),
    "acceptable mode flags are": (lambda x: fg.scipy.signal.convolve(x, x, "part"), (X,)),
    "acceptable method flags are": (lambda x: fg.scipy.signal.convolve(x, x, method="slow"), (X,)),
    "sos must have shape (n_sections, 6)": (
        lambda x: fg.scipy.signal.sosfilt(np.ones((1, 5)), x),
        (X,),
    ),
    "Breakpoints must be less than": (lambda x: fg.scipy.signal.detrend(x, bp=9), (X,)),
    "hilbert: x must be real": (lambda x: fg.scipy.signal.hilbert(x + 1j), (X,)),
    "Unknown scaling": (lambda x: fg.scipy.signal.welch(x, nperseg=2, scaling="odd"), (X,)),
    "nfft must be greater than or equal to nperseg": (
        lambda x: fg.scipy.signal.welch(x, nperseg=3, nfft=2),
        (X,),
    ),
    "noverlap must be less than nperseg": (
        lambda x: fg.scipy.signal.welch(x, nperseg=2, noverlap=3),
        (X,),
    ),
    "but the window has": (lambda x: fg.scipy.signal.welch(x, window=np.ones(2), nperseg=3), (X,)),
    "exact=True takes no traced values": (lambda n: fg.scipy.special.comb(n, 1, exact=True), (N,)),
    "i0 not supported for complex values": (lambda x: np.i0(x + 1j), (X,)),
    "whose infinities have no sign": (lambda x: np.isposinf(x + 1j), (X,)),
    "an array of bits has an integer dtype": (lambda x: np.packbits(x), (X,)),
    "-count larger than number of elements": (
        lambda b: np.unpackbits(b, count=-99),
        (np.array([3], np.uint8),),
    ),
    # lax, nn, control flow
    "sort: num_keys must be between 1 and": (lambda x: lax.sort((x, x), num_keys=3), (X,)),
    "top_k: k must be between 0 and": (lambda x: lax.top_k(x, 7), (X,)),
    "has no axis": (lambda x: lax.associative_scan(np.add, x, axis=4), (X,)),
    "glu splits an axis in two halves": (lambda x: nn.glu(x), (X,)),
    "slice_sizes (7,) need 0 <= size <= length": (lambda x: lax.dynamic_slice(x, (0,), (7,)), (X,)),
    "starts at an integer for each axis, not at": (
        lambda x: lax.dynamic_slice(x, (0, 0), (1,)),
        (X,),
    ),
    "must be an integer, not": (lambda x: lax.fori_loop(0.5, 2, lambda i, c: c, x), (X,)),
    "not an array or a number": (lambda x: lax.scan(lambda c, _: (c, c), "text", x), (X,)),
    "results are described by fg.ShapeDtypeStruct": (
        lambda x: fg.pure_callback(np.sin, "f64", x),
        (X,),
    ),
    "a result cannot have dtype": (
        lambda x: fg.pure_callback(np.sin, np.zeros(3, "U1"), x),
        (X,),
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_refused(words: str) -> None:
    fun, args = REFUSED[words]
    with pytest.raises(Exception, match=re.escape(words)):
        fg.jit(fun)(*args)


# What takes no traced values: options of transforms, and functions of structures.
OPTIONS: dict[str, Callable[[], Any]] = {
    "check_grads: modes has 'up'; it takes 'fwd' and 'rev'": lambda: fg.check_grads(
        np.sin, (1.0,), 1, modes=["up"]
    ),
    "profile: repeat must be at least 1, not 0": lambda: fg.profile(np.sin, 1.0, repeat=0),
    "vmap: in_axes takes ints and None, not": lambda: fg.vmap(np.sin, in_axes=("a",))(X),
    "as_text: stage must be one of": lambda: fg.jit(np.sin).lower(1.0).as_text("what"),
    "jet: 1 primals need as many lists in series": lambda: fg.experimental.jet.jet(
        np.sin, (1.0,), ([1.0], [1.0])
    ),
    "jet: the term of order 1 of leaf 0 has the shape (2,), its primal ()": lambda: (
        fg.experimental.jet.jet(np.sin, (1.0,), ([np.ones(2)],))
    ),
    "unravel takes a vector of shape (3,), not an array of shape (2,)": lambda: ravel_pytree(X)[1](
        X[:2]
    ),
    "defprimitive: a primitive is named 'sin' already": lambda: fg.defprimitive(np.sin, name="sin"),
    "gives numbers of": lambda: fg.random.normal(fg.random.key(0), dtype=int),
    "gumbel's mode is": lambda: fg.random.gumbel(fg.random.key(0), mode="up"),
    "a key's impl is": lambda: fg.random.key(0, impl="dice"),
    "too few leaves": lambda: fg.tree_util.tree_structure([1, 2]).unflatten([1]),
    "is already registered as a tree node": lambda: fg.tree_util.register_pytree_node(
        dict, lambda d: ((), None), lambda *_: {}
    ),
    "scipy.linalg has no": lambda: fg.scipy.linalg.nothing,
}


@pytest.mark.parametrize("words", OPTIONS)
def test_refused_options(words: str) -> None:
    with pytest.raises(Exception, match=re.escape(words)):
        OPTIONS[words]()
