"""`funcgrad.numpy` is a namespace of the Python array API standard, for plain and for traced arrays.

The names and signatures are those of the standard's version 2024.12 (data-apis.org/array-api). On plain arrays the
functions are NumPy's own, so what the standard's test suite says of them it has said of NumPy; the few that are
replaced are compared here with NumPy's, on plain arrays and while tracing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.errors import ConcretizationError, LostDerivativeError


def words(text: str) -> list[str]:
    return text.split()


NAMES = words("""
    e inf nan newaxis pi arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones
    ones_like tril triu zeros zeros_like astype can_cast finfo iinfo isdtype result_type abs acos acosh add
    asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or bitwise_right_shift
    bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide greater
    greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and
    logical_not logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow real
    reciprocal remainder round sign signbit sin sinh square sqrt subtract tan tanh trunc take take_along_axis
    matmul matrix_transpose tensordot vecdot broadcast_arrays broadcast_to concat expand_dims flip moveaxis
    permute_dims repeat reshape roll squeeze stack tile unstack argmax argmin count_nonzero nonzero
    searchsorted where unique_all unique_counts unique_inverse unique_values argsort sort cumulative_prod
    cumulative_sum max mean min prod std sum var all any diff bool int8 int16 int32 int64 uint8 uint16 uint32
    uint64 float32 float64 complex64 complex128 __array_namespace_info__ __array_api_version__ linalg.cholesky
    linalg.cross linalg.det linalg.diagonal linalg.eigh linalg.eigvalsh linalg.inv linalg.matmul
    linalg.matrix_norm linalg.matrix_power linalg.matrix_rank linalg.matrix_transpose linalg.outer linalg.pinv
    linalg.qr linalg.slogdet linalg.solve linalg.svd linalg.svdvals linalg.tensordot linalg.trace
    linalg.vecdot linalg.vector_norm fft.fft fft.ifft fft.fftn fft.ifftn fft.rfft fft.irfft fft.rfftn
    fft.irfftn fft.hfft fft.ihfft fft.fftfreq fft.rfftfreq fft.fftshift fft.ifftshift
""")
# Names of this standard that NumPy has only in later versions than the oldest that is supported.
LATER = {"unstack", "cumulative_prod", "cumulative_sum", "take_along_axis"}


# Which of them are not NumPy's own objects: those whose signatures could differ.
OWN = [
    name
    for name in NAMES
    if callable(getattr(np, name, None)) and getattr(fnp, name) is not getattr(np, name)
]


def find(namespace: Any, name: str) -> Any:
    for part in name.split("."):
        namespace = getattr(namespace, part)
    return namespace


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_standard_is_there(name: str) -> None:
    try:
        find(np, name)
    except AttributeError:
        assert name in LATER
        return
    assert hasattr(
        find(fnp, name.rpartition(".")[0]) if "." in name else fnp, name.rpartition(".")[2]
    )


@pytest.mark.parametrize("name", OWN)
def test_parameters_are_numpys(name: str) -> None:
    """The standard's suite compares names, order and kinds of parameters; further ones stand behind."""
    numpys, ours = (inspect.signature(find(xp, name)).parameters for xp in (np, fnp))
    wanted = [p for p in numpys.values() if p.kind is not p.VAR_KEYWORD and p.name[:2] != "a_"]
    named = [p.name for p in wanted if p.kind is not p.POSITIONAL_ONLY]
    if name == "clip":  # whose names before version 2.1 are NumPy's first ones
        assert list(ours)[1:3] == ["min", "max"]
        return
    assert [n for n in ours if n in named] == named
    assert all(
        ours[p.name].kind in (p.kind, p.POSITIONAL_OR_KEYWORD) for p in wanted if p.name in ours
    )


A = np.array([[0.5, 0.25, 0.125], [0.75, 0.1, 0.3], [0.2, 0.6, 0.9]])
B = A[::-1] + 0.1
J = np.array([[3, 1, 2], [0, 5, 1]])
S = A @ A.T + 2 * np.eye(3)

UNARY = words("""
    acos acosh asin asinh atan atanh abs ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log
    log1p log2 log10 negative positive real reciprocal round sign signbit sin sinh square sqrt tan tanh trunc
""")
BINARY = words("""
    add atan2 copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp maximum
    minimum multiply nextafter not_equal pow remainder subtract
""")
INTEGER = words("""
    bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor
""")
REDUCING = words("""
    max mean min prod std sum var all any argmax argmin count_nonzero
""")

# How the standard calls each function: `call(xp, x)`, compared between funcgrad.numpy while tracing and NumPy.
CALLS: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {
    **{n: (lambda xp, x, n=n: find(xp, n)(x), A + (n == "acosh")) for n in UNARY},
    **{n: (lambda xp, x, n=n: find(xp, n)(x, xp.asarray(B)), A) for n in BINARY},
    **{n: (lambda xp, x, n=n: find(xp, n)(x, xp.asarray(J % 3)), J) for n in INTEGER},
    **{n: (lambda xp, x, n=n: find(xp, n)(x, axis=1, keepdims=True), A) for n in REDUCING},
    "bitwise_invert": (lambda xp, x: xp.bitwise_invert(x), J),
    "logical_and": (lambda xp, x: xp.logical_and(x > 0.2, x < 0.6), A),
    "logical_or": (lambda xp, x: xp.logical_or(x > 0.2, x < 0.6), A),
    "logical_xor": (lambda xp, x: xp.logical_xor(x > 0.2, x < 0.6), A),
    "logical_not": (lambda xp, x: xp.logical_not(x > 0.2), A),
    "clip": (lambda xp, x: xp.clip(x, min=0.2, max=0.5), A),
    "clip from below": (lambda xp, x: xp.clip(x, 0.2, None), A),
    "std with correction": (lambda xp, x: xp.std(x, axis=0, correction=1), A),
    "var with correction": (lambda xp, x: xp.var(x, axis=(0, 1), correction=1.0), A),
    "sum with dtype": (lambda xp, x: xp.sum(x, dtype=xp.float32), A),
    "astype": (lambda xp, x: xp.astype(x, xp.float32, copy=False), A),
    "arange": (lambda xp, x: x[0, 0] + xp.arange(0, 4, 2, dtype=xp.float64, device=x.device), A),
    "asarray": (lambda xp, x: xp.asarray(x, dtype=xp.float64, device=x.device, copy=True), A),
    "empty": (lambda xp, x: xp.empty((2, 3), dtype=x.dtype, device=x.device) * 0, A),
    "empty_like": (lambda xp, x: xp.empty_like(x, dtype=xp.float32, device=x.device) * 0, A),
    "eye": (lambda xp, x: x @ xp.eye(3, 4, k=1, dtype=x.dtype, device=x.device), A),
    "full": (lambda xp, x: xp.full((2, 2), x[0, 0], dtype=x.dtype, device=x.device), A),
    "full_like": (lambda xp, x: xp.full_like(x, 2.0, device=x.device), A),
    "linspace": (
        lambda xp, x: xp.linspace(x[0, 0], 2.0, num=3, endpoint=False, device=x.device),
        A,
    ),
    "meshgrid": (lambda xp, x: xp.meshgrid(x[0], x[1], indexing="ij"), A),
    "ones": (lambda xp, x: xp.ones((2,), dtype=x.dtype, device=x.device) * x[0, 0], A),
    "ones_like": (lambda xp, x: xp.ones_like(x, dtype=xp.int64, device=x.device), A),
    "tril": (lambda xp, x: xp.tril(x, k=-1), A),
    "triu": (lambda xp, x: xp.triu(x, k=1), A),
    "zeros": (lambda xp, x: xp.zeros(3, dtype=x.dtype, device=x.device) + x, A),
    "zeros_like": (lambda xp, x: xp.zeros_like(x, device=x.device), A),
    "take": (lambda xp, x: xp.take(x, xp.asarray([2, 0]), axis=1), A),
    "take_along_axis": (lambda xp, x: xp.take_along_axis(x, xp.argsort(x, axis=1), axis=1), A),
    "matmul": (lambda xp, x: xp.matmul(x, xp.matrix_transpose(x)), A),
    "tensordot": (lambda xp, x: xp.tensordot(x, x, axes=((0,), (1,))), A),
    "vecdot": (lambda xp, x: xp.vecdot(x, x, axis=0), A),
    "broadcast_arrays": (lambda xp, x: tuple(xp.broadcast_arrays(x, x[0])), A),
    "broadcast_to": (lambda xp, x: xp.broadcast_to(x, shape=(2, 3, 3)), A),
    "concat": (lambda xp, x: xp.concat((x, x), axis=None), A),
    "expand_dims": (lambda xp, x: xp.expand_dims(x, axis=1), A),
    "flip": (lambda xp, x: xp.flip(x, axis=(0, 1)), A),
    "moveaxis": (lambda xp, x: xp.moveaxis(x, 0, 1), A),
    "permute_dims": (lambda xp, x: xp.permute_dims(x, axes=(1, 0)), A),
    "repeat": (lambda xp, x: xp.repeat(x, 2, axis=1), A),
    "reshape": (lambda xp, x: xp.reshape(x, shape=(9,), copy=True), A),
    "roll": (lambda xp, x: xp.roll(x, shift=(1, 2), axis=(0, 1)), A),
    "squeeze": (lambda xp, x: xp.squeeze(x[None], axis=0), A),
    "stack": (lambda xp, x: xp.stack([x, x], axis=-1), A),
    "tile": (lambda xp, x: xp.tile(x, (2, 1)), A),
    "unstack": (lambda xp, x: xp.unstack(x, axis=1), A),
    "searchsorted": (lambda xp, x: xp.searchsorted(xp.sort(x[0]), x[1], side="right"), A),
    "where": (lambda xp, x: xp.where(x > 0.2, x, 0.0), A),
    "argsort": (lambda xp, x: xp.argsort(x, axis=0, stable=True), A),
    "sort": (lambda xp, x: xp.sort(x, axis=0, stable=True), A),
    "cumulative_prod": (lambda xp, x: xp.cumulative_prod(x, axis=1, include_initial=True), A),
    "cumulative_sum": (lambda xp, x: xp.cumulative_sum(x, axis=0, include_initial=True), A),
    "diff": (lambda xp, x: xp.diff(x, axis=1, n=2, prepend=x), A),
    "linalg.cholesky": (lambda xp, x: xp.linalg.cholesky(x, upper=True), S),
    "linalg.cross": (lambda xp, x: xp.linalg.cross(x, x[::-1], axis=1), A),
    "linalg.det": (lambda xp, x: xp.linalg.det(x), A),
    "linalg.diagonal": (lambda xp, x: xp.linalg.diagonal(x, offset=1), A),
    "linalg.eigh": (lambda xp, x: xp.linalg.eigh(x).eigenvalues, S),
    "linalg.eigvalsh": (lambda xp, x: xp.linalg.eigvalsh(x), S),
    "linalg.inv": (lambda xp, x: xp.linalg.inv(x), A),
    "linalg.matrix_norm": (lambda xp, x: xp.linalg.matrix_norm(x, ord="nuc", keepdims=True), A),
    "linalg.matrix_power": (lambda xp, x: xp.linalg.matrix_power(x, 3), A),
    "linalg.matrix_rank": (lambda xp, x: xp.linalg.matrix_rank(x, rtol=1e-3), A),
    "linalg.matrix_transpose": (lambda xp, x: xp.linalg.matrix_transpose(x) + x.mT, A),
    "linalg.outer": (lambda xp, x: xp.linalg.outer(x[0], x[1]), A),
    "linalg.pinv": (lambda xp, x: xp.linalg.pinv(x, rtol=1e-9), A),
    "linalg.qr": (lambda xp, x: tuple(xp.linalg.qr(x, mode="complete")), A),
    "linalg.slogdet": (lambda xp, x: xp.linalg.slogdet(x).logabsdet, A),
    "linalg.solve": (lambda xp, x: xp.linalg.solve(x, x[:, :1]), A),
    "linalg.svd": (lambda xp, x: xp.linalg.svd(x, full_matrices=False).S, A),
    "linalg.svdvals": (lambda xp, x: xp.linalg.svdvals(x), A),
    "linalg.trace": (lambda xp, x: xp.linalg.trace(x, offset=1, dtype=xp.float64), A),
    "linalg.vecdot": (lambda xp, x: xp.linalg.vecdot(x, x, axis=-1), A),
    "linalg.vector_norm": (lambda xp, x: xp.linalg.vector_norm(x, axis=(0, 1), ord=3), A),
    "fft.fft": (lambda xp, x: xp.fft.fft(x, n=4, axis=0, norm="ortho"), A),
    "fft.ifft": (lambda xp, x: xp.fft.ifft(x, axis=0, norm="forward"), A),
    "fft.fftn": (lambda xp, x: xp.fft.fftn(x, s=(2, 4), axes=(0, 1)), A),
    "fft.ifftn": (lambda xp, x: xp.fft.ifftn(x, axes=(1,)), A),
    "fft.rfft": (lambda xp, x: xp.fft.rfft(x), A),
    "fft.irfft": (lambda xp, x: xp.fft.irfft(x, n=5), A),
    "fft.rfftn": (lambda xp, x: xp.fft.rfftn(x), A),
    "fft.irfftn": (lambda xp, x: xp.fft.irfftn(x, axes=(0, 1)), A),
    "fft.hfft": (lambda xp, x: xp.fft.hfft(x), A),
    "fft.ihfft": (lambda xp, x: xp.fft.ihfft(x), A),
    "fft.fftfreq": (lambda xp, x: x[0, 0] * xp.fft.fftfreq(4, d=0.5, device=x.device), A),
    "fft.rfftfreq": (lambda xp, x: x[0, 0] * xp.fft.rfftfreq(4, d=0.5, device=x.device), A),
    "fft.fftshift": (lambda xp, x: xp.fft.fftshift(x, axes=(0,)), A),
    "fft.ifftshift": (lambda xp, x: xp.fft.ifftshift(x), A),
    "operators": (
        lambda xp, x: (+x, -x, abs(x), x + 1, 2 - x, x * x, x / 2, x // 0.2, x % 0.3, x**2, x @ x),
        A,
    ),
    "bit operators": (lambda xp, x: (~x, x & 1, x | 2, x ^ 3, x << 1, x >> 1), J),
    "attributes": (lambda xp, x: x.T.sum() + x.mT[0, 0] + x.size + x.ndim + x.shape[0], A),
    "to_device": (lambda xp, x: x.to_device(x.device), A),
    "0-d results are arrays": (lambda xp, x: written(xp.asarray(xp.sum(x), copy=True)), A),
    "0-d arrays of numbers": (lambda xp, x: written(xp.full((), x[0, 0])), A),
    "cumulative_sum of 0-d": (lambda xp, x: xp.cumulative_sum(xp.asarray(x[0, 0])), A),
    "argsort of 0-d": (lambda xp, x: xp.argsort(xp.asarray(x[0, 0]), axis=0), A),
    "repeat of 0-d": (lambda xp, x: xp.repeat(xp.asarray(x[0, 0]), 2, axis=0), A),
}


def written(x: Any) -> Any:
    """A 0-d array after assignments to it, which other names see."""
    other = x
    x[()] = x[()] * 2.0
    x[x > 0.0] += 1.0
    x *= 3.0
    return other


# Their shapes depend on values, which are known under derivatives only.
VALUES_ON_DEMAND: dict[str, Callable[[Any, Any], Any]] = {
    "nonzero": lambda xp, x: xp.nonzero(x > 0.4),
    "unique_all": lambda xp, x: tuple(xp.unique_all(x)),
    "unique_counts": lambda xp, x: tuple(xp.unique_counts(x)),
    "unique_inverse": lambda xp, x: tuple(xp.unique_inverse(x)),
    "unique_values": lambda xp, x: xp.unique_values(x),
    "boolean mask": lambda xp, x: x[x > 0.4],
}
# They compute nothing with arrays.
OTHERS = words("""
    can_cast finfo iinfo isdtype result_type from_dlpack linalg.matmul linalg.tensordot e inf nan newaxis pi
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
    __array_namespace_info__ __array_api_version__ matrix_transpose
""")


def test_every_name_of_the_standard_is_tested() -> None:
    assert set(NAMES) <= {*CALLS, *VALUES_ON_DEMAND, *OTHERS}


def assert_same(ours: Any, numpys: Any) -> None:
    if isinstance(numpys, (tuple, list)):
        assert len(ours) == len(numpys)
        for a, b in zip(ours, numpys, strict=True):
            assert_same(a, b)
        return
    np.testing.assert_allclose(ours, numpys, rtol=1e-12, atol=1e-13)
    assert ours.dtype == numpys.dtype


@pytest.mark.parametrize("name", CALLS)
def test_traced_as_numpy_computes(name: str) -> None:
    call, x = CALLS[name]
    if name in LATER and not hasattr(np, name):
        pytest.skip(f"this NumPy has no {name}")
    with np.errstate(all="ignore"):
        expected = call(np, x)
        assert_same(call(fnp, x), expected)
        assert_same(fg.jit(lambda t: call(t.__array_namespace__(), t))(x), expected)


@pytest.mark.parametrize("name", VALUES_ON_DEMAND)
def test_shapes_that_depend_on_values(name: str) -> None:
    call = VALUES_ON_DEMAND[name]
    out, _ = fg.jvp(lambda t: call(t.__array_namespace__(), t), (A,), (A,))
    assert_same(out, call(np, A))


def test_types_are_numpys() -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__(api_version="2024.12")
        assert xp.result_type(x, xp.float32) == xp.float64
        assert xp.can_cast(x.dtype, xp.complex128)
        assert xp.isdtype(x.dtype, "real floating")
        assert xp.finfo(x.dtype).bits == 64
        return x.sum()

    assert fg.grad(f)(np.ones(2)).tolist() == [1.0, 1.0]


def test_namespace_information() -> None:
    info = fnp.__array_namespace_info__()
    assert fnp.__array_api_version__ == np.__array_api_version__
    assert info.default_device() == "cpu"
    assert list(info.devices()) == ["cpu"]
    assert info.default_dtypes()["real floating"] == np.float64
    assert set(info.capabilities()) >= {"boolean indexing", "data-dependent shapes"}
    assert info.dtypes(kind="bool") == {"bool": np.dtype(bool)}


def test_versions_of_the_standard_are_numpys() -> None:
    def f(x: Any) -> Any:
        assert x.__array_namespace__(api_version="2022.12") is fnp
        with pytest.raises(ValueError, match="not supported"):
            x.__array_namespace__(api_version="2000.01")
        return x

    fg.jit(f)(np.ones(2))


def test_exchange_with_other_libraries() -> None:
    def f(x: Any) -> Any:
        assert x.__dlpack_device__() == np.ones(1).__dlpack_device__()
        known = np.from_dlpack(fg.stop_gradient(x))
        assert known.tolist() == [1.0, 2.0]
        with pytest.raises(LostDerivativeError, match="test_array_api.py"):
            np.from_dlpack(x)
        return np.sum(x * known)

    assert fg.grad(f)(np.array([1.0, 2.0])).tolist() == [1.0, 2.0]
    with pytest.raises(ConcretizationError, match="no value under jit"):
        fg.jit(lambda x: x * np.from_dlpack(fg.stop_gradient(x)))(np.ones(2))


METHODS = words("""
    __abs__ __array_namespace__ __bool__ __complex__ __dlpack__ __dlpack_device__ __eq__ __float__ __ge__
    __getitem__ __gt__ __index__ __int__ __invert__ __le__ __lt__ __ne__ __neg__ __pos__ __setitem__ to_device
    dtype device mT ndim shape size T
""")
BINARY_OPERATORS = words("add sub mul truediv floordiv mod pow matmul and or xor lshift rshift")


def test_traced_arrays_have_the_methods_of_the_standard() -> None:
    operators = [f"__{kind}{name}__" for name in BINARY_OPERATORS for kind in ("", "r", "i")]

    def f(x: Any) -> Any:
        assert not [name for name in [*METHODS, *operators] if not hasattr(x, name)]
        return x

    fg.jit(f)(np.ones((2, 2)))


def test_another_device_is_refused() -> None:
    with pytest.raises(ValueError, match="unsupported device 'gpu'"):
        fg.jit(lambda x: x.to_device("gpu"))(np.ones(2))


def test_array_api_compat_accepts_traced_arrays() -> None:
    compat = pytest.importorskip("array_api_compat")

    def f(x: Any) -> Any:
        assert compat.is_array_api_obj(x)
        assert not compat.is_numpy_array(x)
        xp = compat.array_namespace(x, 1.0, None)
        assert xp is fnp
        assert compat.device(x) == "cpu"
        assert compat.size(x) == 3
        return xp.sum(compat.to_device(x, "cpu") ** 2)

    assert fg.grad(f)(np.arange(3.0)).tolist() == [0.0, 2.0, 4.0]


# Special values of the arguments, in every dtype, on 0-d and other arrays.
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-40, 1e30]
REAL_BINARY = words("""
    add atan2 copysign divide floor_divide hypot logaddexp maximum minimum multiply nextafter pow remainder
    subtract less equal greater_equal
""")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", REAL_BINARY)
def test_special_values_of_two_arguments(name: str, dtype: str) -> None:
    x, y = (a.ravel().astype(dtype) for a in np.meshgrid(SPECIAL, SPECIAL))
    with np.errstate(all="ignore"):
        expected = find(np, name)(x, y)
        compiled = fg.jit(lambda x, y: find(x.__array_namespace__(), name)(x, y))
        assert_special(compiled(x, y), expected)
        for a, b, wanted in list(zip(x, y, expected, strict=True))[
            ::7
        ]:  # scalars are compiled otherwise
            assert_special(compiled(a, b), wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("name", UNARY)
def test_special_values_of_one_argument(name: str, dtype: str) -> None:
    x = np.array(SPECIAL)
    if dtype == "complex128":
        if name in ("ceil", "floor", "trunc", "signbit"):
            pytest.skip("of real numbers")
        real, imaginary = np.meshgrid(x, x)
        x = (real.astype(complex) + 0.0).ravel()
        x.imag = imaginary.ravel()
    x = x.astype(dtype)
    with np.errstate(all="ignore"):
        expected = find(np, name)(x)
        compiled = fg.jit(lambda x: find(x.__array_namespace__(), name)(x))
        assert_special(compiled(x), expected)
        for value, wanted in list(zip(x, expected, strict=True))[:12]:
            assert_special(compiled(value), wanted)


def assert_special(got: Any, wanted: Any) -> None:
    assert got.dtype == wanted.dtype
    eps = np.finfo(wanted.dtype).eps if wanted.dtype.kind in "fc" else 0
    np.testing.assert_allclose(got, wanted, rtol=8 * eps, atol=0)
    for part in (np.real, np.imag):
        zeros = part(wanted) == 0
        np.testing.assert_array_equal(np.signbit(part(got))[zeros], np.signbit(part(wanted))[zeros])


def test_indices_and_in_place_operators_raise_what_numpy_raises() -> None:
    def attempt(change: Callable[[Any, Any], Any], x: Any) -> type[Exception]:
        def f(x: Any) -> Any:
            return change(x.__array_namespace__() if hasattr(x, "aval") else np, x + 0)

        with pytest.raises((TypeError, ValueError, IndexError)) as numpys:
            f(x)
        with pytest.raises((TypeError, ValueError, IndexError)) as ours:
            fg.jit(f)(x)
        assert any(
            isinstance(ours.value, kind) and isinstance(numpys.value, kind)
            for kind in (TypeError, ValueError, IndexError)
        )
        return type(ours.value)

    def matmul_of_vectors(xp: Any, x: Any) -> Any:
        x @= x
        return x

    def other_kind(xp: Any, x: Any) -> Any:
        x += 1.5
        return x

    def larger(xp: Any, x: Any) -> Any:
        x += xp.ones((2, 3), dtype=x.dtype)
        return x

    attempt(matmul_of_vectors, np.arange(3))
    attempt(other_kind, np.arange(3))
    attempt(larger, np.arange(3))
    attempt(lambda xp, x: x[3], np.arange(3))
    attempt(lambda xp, x: x[0, 0], np.arange(3))
    attempt(lambda xp, x: xp.squeeze(x, axis=0), np.arange(3))
    attempt(lambda xp, x: xp.concat((x, x[None])), np.arange(3))
    attempt(lambda xp, x: xp.reshape(x, (2, 2)), np.arange(3))
    attempt(lambda xp, x: xp.sum(x, axis=1), np.arange(3))
    attempt(lambda xp, x: xp.matmul(x, x[:2]), np.arange(3))


def test_masks_without_values_in_array_agnostic_code() -> None:
    """`apply_where` of array-api-extra: both branches on the elements where they apply."""

    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        inside = x > 0.3
        first, second = xp.clip(xp.log(x[inside]), -1.0, None), 2.0 * xp.sin(x[~inside])
        out = xp.empty_like(inside, dtype=xp.result_type(first, second))
        outside = ~inside
        second = xp.where(x[outside] > 0.2, xp.sin(x[outside]), 0.0)
        out[inside] = xp.astype(first, out.dtype)
        out[outside] = second
        return out

    expected = np.where(A > 0.3, np.clip(np.log(A), -1.0, None), np.where(A > 0.2, np.sin(A), 0.0))
    assert_same(fg.jit(f)(A), expected)
    assert_same(fg.vmap(f)(A), expected)
    slopes = np.where(np.exp(-1) < A, 1.0 / A, np.where((A > 0.2) & (A <= 0.3), np.cos(A), 0.0))
    assert_same(fg.jit(fg.grad(lambda x: f(x).sum()))(A), slopes)


def test_array_api_extra_on_traced_arrays() -> None:
    xpx = pytest.importorskip("array_api_extra")
    calls: dict[str, Callable[[Any], Any]] = {
        "apply_where": lambda x: xpx.apply_where(x > 0.3, (x,), lambda x: x * 2, lambda x: -x),
        "at": lambda x: xpx.at(x)[x > 0.3].multiply(2.0, copy=True),
        "kron": lambda x: xpx.kron(x, x),
        "pad": lambda x: xpx.pad(x, 2, constant_values=1.0),
        "cov": xpx.cov,
        "sinc": xpx.sinc,
        "isclose": lambda x: xpx.isclose(x, x + 1e-12),
        "lazy_apply": lambda x: xpx.lazy_apply(lambda x: 2.0 * x, x, shape=x.shape, dtype=x.dtype),
    }
    for call in calls.values():
        expected = call(A)
        assert_same(fg.jit(call)(A), expected)
        assert_same(fg.vmap(call)(np.stack([A, A]))[1], expected)


LIBRARY = """
def f(x):
    xp = x.__array_namespace__()
    made = [xp.asarray(2.0), xp.zeros(2), xp.full((2,), 1.0), xp.arange(2.0), xp.eye(2), xp.linspace(0.0, 1.0, 2)]
    assert all((y + 1.0).__array_namespace__() is xp for y in made)
    total = xp.sum(x) * made[0]
    total[total > 100.0] = xp.nan
    total[()] = total + made[3][1]
    made[1][0] = x[0]
    return total + xp.sum(made[1])
"""


def test_libraries_that_compare_namespaces_get_arrays_of_ours() -> None:
    module: dict[str, Any] = {}
    exec(compile(LIBRARY, "/lib/site-packages/array_api_extra/_lib.py", "exec"), module)
    x = np.array([1.0, 2.0])
    assert fg.jit(module["f"])(x) == 8.0
    assert fg.grad(module["f"])(x).tolist() == [3.0, 2.0]
    assert fg.vmap(module["f"])(np.stack([x, 2.0 * x])).tolist() == [8.0, 15.0]
