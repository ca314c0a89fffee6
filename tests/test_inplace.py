"""In-place code on local arrays: NumPy's aliasing rules, on random programs and one by one.

A program is a list of statements on arrays that a function made: it takes views and copies, reads, and
writes. It is run on plain arrays by NumPy and on traced ones by funcgrad; results, errors, derivatives
and batches must agree.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core.errors import ConcretizationError

Rng = random.Random
Arrays = list[Any]


# Random programs: each statement is chosen by the shapes of the arrays, never by their values.


def random_slice(rng: Rng, n: int) -> slice:
    ends = [None, *range(-n - 1, n + 2)]
    return slice(rng.choice(ends), rng.choice(ends), rng.choice([None, 1, 2, -1, -2]))


def random_basic(rng: Rng, shape: tuple[int, ...]) -> Any:
    entries: list[Any] = []
    for n in shape:
        if rng.random() < 0.2:
            break
        kinds = [lambda n=n: random_slice(rng, n), lambda: slice(None)]
        if n:
            kinds.append(lambda n=n: rng.randrange(-n, n))
        entries.append(rng.choice(kinds)())
    if rng.random() < 0.2:
        entries.insert(rng.randrange(len(entries) + 1), None)
    if rng.random() < 0.2:
        entries.append(...)
    return entries[0] if len(entries) == 1 and rng.random() < 0.5 else tuple(entries)


def random_key(rng: Rng, a: Any) -> Any:
    shape = a.shape
    kind = rng.random()
    if kind < 0.5 or not shape or 0 in shape:
        return random_basic(rng, shape)
    rows = [rng.randrange(-shape[0], shape[0]) for _ in range(rng.randrange(4))]
    if kind < 0.65:
        return np.array(rows, int)
    if kind < 0.75 and len(shape) > 1:
        columns = [rng.randrange(shape[-1]) for _ in rows]
        return (np.array(rows, int), ..., np.array(columns, int))
    if kind < 0.85:
        return a > rng.uniform(-0.5, 0.5)
    if kind < 0.9:
        return np.array([rng.random() < 0.5 for _ in range(shape[0])])
    if kind < 0.95:
        return np.argmax(a) % shape[0]
    return (slice(None), rng.choice([rows, 0, None]))


def random_value(rng: Rng, arrays: Arrays, shape: tuple[int, ...]) -> Any:
    kind = rng.random()
    if kind < 0.3:
        return rng.uniform(-1, 1)
    other = rng.choice(arrays)
    if kind < 0.5:
        return other.ravel()[:1].sum()
    if kind < 0.7:
        return np.sin(np.resize(other, shape[rng.randrange(len(shape) + 1) :]))
    if kind < 0.9:
        return np.resize(other, shape) * 0.5
    return other  # which may not fit


def random_reshape(rng: Rng, a: Any) -> Any:
    shapes = [s for s in ((-1,), (2, -1), (3, -1), (2, 2, -1), (1, -1, 1), (4, 3)) if _fits(a, s)]
    shape = rng.choice([*shapes, a.shape, a.shape[::-1]])
    return a.reshape(shape, order=rng.choice("CCF"))


def _fits(a: Any, shape: tuple[int, ...]) -> bool:
    known = -int(np.prod(shape)) if -1 in shape else int(np.prod(shape))
    return a.size % known == 0 if -1 in shape else a.size == known


VIEWS: dict[str, Callable[[Rng, Any], Any]] = {
    "index": lambda rng, a: a[random_basic(rng, a.shape)],
    "T": lambda rng, a: a.T,
    "reshape": random_reshape,
    "ravel": lambda rng, a: a.ravel(rng.choice("CFA")),
    "flip": lambda rng, a: np.flip(a),
    "moveaxis": lambda rng, a: np.moveaxis(a, 0, -1),
    "expand_dims": lambda rng, a: np.expand_dims(a, rng.choice([0, -1])),
    "squeeze": lambda rng, a: np.squeeze(a),
    "atleast_2d": lambda rng, a: np.atleast_2d(a),
    "split": lambda rng, a: np.array_split(a, 2)[rng.randrange(2)],
    "rot90": lambda rng, a: np.rot90(a, rng.randrange(4)),
    "broadcast_to": lambda rng, a: np.broadcast_to(a, (2, *a.shape)),
    "diagonal": lambda rng, a: np.diagonal(a),
    "einsum": lambda rng, a: np.einsum("...i->i...", a),
    "everything": lambda rng, a: a[...],
    "view": lambda rng, a: a.view(),
    "real": lambda rng, a: a.real,
    "copy": lambda rng, a: a.copy(rng.choice("CFAK")),
    "np.copy": lambda rng, a: np.copy(a, rng.choice("CFAK")),
    "flatten": lambda rng, a: a.flatten(),
    # The order of NumPy's results in memory depends on their operands'; that of these copies does not.
    "sin": lambda rng, a: np.sin(a).copy(),
    "concatenate": lambda rng, a: np.concatenate([a]).copy(),
    "sum of nothing": lambda rng, a: np.sum(a, axis=()).copy(),
    "gather": lambda rng, a: a[[0, -1]].copy(),
    "zeros_like": lambda rng, a: np.zeros_like(a, order=rng.choice("CFAK")),
    "astype": lambda rng, a: a.astype(a.dtype, order=rng.choice("CFAK")),
    "row": lambda rng, a: list(a)[rng.randrange(2)],
    # Arrays of numbers that no argument takes part in, until something is written into them.
    "zeros": lambda rng, a: np.zeros(a.shape, order=rng.choice("CF")),
    "full": lambda rng, a: np.full(a.shape, rng.uniform(-1, 1)),
    "eye": lambda rng, a: np.eye(3, 4, rng.randrange(-1, 2)) * 0.5,
    "array": lambda rng, a: np.array([[rng.uniform(-1, 1) for _ in range(4)] for _ in range(3)]),
}


def store(rng: Rng, arrays: Arrays, a: Any) -> None:
    key = random_key(rng, a)
    a[key] = random_value(rng, arrays, np.shape(a[key]))


def augment(rng: Rng, arrays: Arrays, a: Any) -> None:
    key = random_key(rng, a)
    value = random_value(rng, arrays, np.shape(a[key]))
    if rng.random() < 0.5:
        a[key] += value
    else:
        a[key] *= value


def add_in_place(rng: Rng, arrays: Arrays, a: Any) -> None:
    a += random_value(rng, arrays, a.shape)


def swap(rng: Rng, arrays: Arrays, a: Any) -> None:
    a[0], a[-1] = a[-1], a[0]


def functions(rng: Rng, arrays: Arrays, a: Any) -> None:
    rng.choice(
        [
            lambda: a.fill(0.5),
            lambda: a.sort(),
            lambda: np.copyto(a, random_value(rng, arrays, a.shape)),
            lambda: np.put(a, [0, -1], [0.25, 0.75]),
            lambda: np.fill_diagonal(a, random_value(rng, arrays, ())),
            # NumPy's `at` writes into read-only views too, and crashes on values that do not fit.
            lambda: a.flags.writeable and np.add.at(a, random_key(rng, a), np.sum(arrays[0])),
            lambda: np.multiply(a, 0.5, out=a),
            lambda: a.flat.__setitem__(slice(None, None, 2), 0.5),
        ]
    )()


WRITES = {
    "store": store,
    "augment": augment,
    "add in place": add_in_place,
    "swap": swap,
    "functions": functions,
}
Statement = tuple[str, int, int]
statements = st.tuples(
    st.sampled_from([*VIEWS, *[w for w in WRITES for _ in range(5)]]),
    st.integers(0, 5),
    st.integers(0, 1 << 16),
)
programs = st.lists(statements, min_size=1, max_size=8)
MOST_ELEMENTS = 100


def run(program: list[Statement], x: Any, errors: list[Any]) -> Any:
    """Run a program on an array made of `x`; a statement that fails is noted and left out."""
    arrays = [x * 1.0, np.ones((3, 4))]
    for name, which, seed in program:
        a = arrays[which % len(arrays)]
        rng = random.Random(seed)
        try:
            if name in WRITES:
                if a.ndim:
                    WRITES[name](rng, arrays, a)
            else:
                new = VIEWS[name](rng, a)
                if new.size <= MOST_ELEMENTS:
                    arrays.append(new)
            errors.append(None)
        except (ValueError, IndexError, TypeError) as error:
            if isinstance(error, ConcretizationError):
                raise
            errors.append(error)
    return np.concatenate([a.ravel() for a in arrays])


X = np.random.default_rng(0).uniform(-1, 1, (3, 4))
T = np.random.default_rng(1).uniform(-1, 1, (3, 4))
H = 1e-6


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(programs)
def test_random_programs_do_what_numpy_does(program: list[Statement]) -> None:
    expected_errors: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = run(program, X, expected_errors)
        numeric = (run(program, X + H * T, []) - run(program, X - H * T, [])) / (2 * H)
    errors: list[Any] = []
    value, tangent = fg.jvp(lambda x: run(program, x, errors), (X,), (T,))
    for error, wanted in zip(errors, expected_errors, strict=True):
        assert (error is None) == (wanted is None), (error, wanted)
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    np.testing.assert_allclose(tangent, numeric, rtol=1e-4, atol=1e-6)
    ct = np.random.default_rng(2).uniform(-1, 1, value.shape)
    value, pullback = fg.vjp(lambda x: run(program, x, []), X)
    (cotangent,) = pullback(ct)
    np.testing.assert_allclose(np.sum(cotangent * T), np.sum(ct * tangent), rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(programs)
def test_random_programs_in_batches(program: list[Statement]) -> None:
    batch = np.stack([X, T, X - T])
    try:
        got = fg.vmap(lambda x: run(program, x, []))(batch)
    except ConcretizationError:
        return  # a mask, whose shape differs per example
    for row, x in zip(got, batch, strict=True):
        np.testing.assert_allclose(row, run(program, x, []), rtol=1e-13)


# One by one


def both(f: Callable[[Any], Any], x: Any = X) -> None:
    """`f` gives the same on plain and traced arrays, and has a derivative."""
    expected = f(x)
    got, tangent = fg.jvp(f, (x,), (np.ones_like(x),))
    np.testing.assert_allclose(got, expected, rtol=1e-14)
    np.testing.assert_allclose(fg.jit(f)(x), expected, rtol=1e-14)
    np.testing.assert_allclose(fg.vmap(f)(x[None])[0], expected, rtol=1e-14)
    numeric = (f(x + H) - f(x - H)) / (2 * H)
    np.testing.assert_allclose(tangent, numeric, rtol=1e-5, atol=1e-7)


def test_issue_example() -> None:
    def f(x: Any) -> Any:
        z = np.zeros_like(x)
        z[0] = x[1]
        z[1:] += x[:-1]
        z[z > 0.3] *= 2
        v = z[:, ::2]
        v += 1
        z[0, 0], z[1, 1] = z[1, 1], z[0, 0]
        acc = np.zeros(4)
        acc += z[2]
        np.add.at(z, ([0, 0, 1], 1), acc[:3])
        return z

    both(f)


def test_rows_are_views() -> None:
    def f(x: Any) -> Any:
        z = x * 2
        for i, row in enumerate(z):
            row *= i
            row[0] = row[1]
        return z

    both(f)


def test_siblings_see_each_other() -> None:
    def f(x: Any) -> Any:
        z = x * 2
        even, odd, all_ = z[:, ::2], z[:, 1::2], z.reshape(-1)
        even += odd
        all_[3] = 0.0
        odd *= even
        return z + all_.reshape(3, 4)

    both(f)


def test_scalars_are_copies() -> None:
    def f(x: Any) -> Any:
        z = x * 2
        s = z[0, 0]
        t = s
        s += 1.0
        z[0, 0] = 5.0
        total = z.sum()
        before = total
        total += 1.0
        return np.stack([s, t, z[0, 0], before, total])

    both(f)


def test_zero_dimensional_arrays_are_not() -> None:
    def f(x: Any) -> Any:
        z = x * 2
        a = z[0, 0, ...]
        a[...] = 3.0
        b = np.zeros_like(z[0, 0])
        c = b
        b += z[0, 1]
        return np.stack([z[0, 0], c, b])

    both(f)


def test_the_row_of_a_traced_index_is_a_view() -> None:
    def f(x: Any) -> Any:
        z = x * 2
        row = z[np.argmax(x[:, 0])]
        row += 1.0
        z[np.argmin(x[:, 0]), 1] -= row[0]
        return z

    both(f)


def test_copies_are_independent() -> None:
    def f(x: Any) -> Any:
        z = x * 2
        copies = [
            z.copy(),
            np.copy(z),
            z.flatten().reshape(3, 4),
            z.astype(float),
            +z,
            z[[0, 1, 2]],
        ]
        copies += [np.sum(z, axis=()), np.concatenate([z]), np.where(True, z, 0.0), abs(z)]
        copies += [z.T.ravel().reshape(4, 3).T, np.tile(z, (1, 1)), np.sort(z, 0), np.roll(z, 0, 0)]
        for k, c in enumerate(copies):
            c[...] = k
        return z + sum(copies)

    both(f)


def test_a_copy_of_an_argument_may_be_written_to() -> None:
    def f(x: Any) -> Any:
        z = x.copy()
        z[0] = 1.0
        w = np.array(z) if isinstance(z, np.ndarray) else fnp.array(z)
        w[1] = 2.0
        return z + w + x

    both(f)


def test_out_arguments() -> None:
    def f(x: Any) -> Any:
        z = np.empty_like(x)
        np.sin(x, out=z)
        np.multiply(z[0], 2.0, out=z[1])
        np.sum(z, axis=0, out=z[2])
        np.add(z, x, out=z, where=x > 0.0)
        return z

    both(f)


def test_complex_parts() -> None:
    def f(x: Any) -> Any:
        z = x.astype(complex)
        z.imag = x[::-1]
        z.real[0] += z.imag[1]
        return abs(z * z)

    both(f)


def test_inner_functions_see_the_state_at_their_call() -> None:
    def f(x: Any) -> Any:
        z = np.zeros_like(x)
        z[0] = x[0]
        first = fg.grad(lambda t: np.sum(z * z) * t)(2.0)
        z[1] = x[1]
        second = fg.grad(lambda t: np.sum(z[:2] * z[:2]) * t)(2.0)
        return np.stack([first, second])

    got, tangent = fg.jvp(f, (X,), (T,))
    squares = np.cumsum(np.sum(X * X, 1))[:2]
    np.testing.assert_allclose(got, squares)
    np.testing.assert_allclose(tangent, np.cumsum(2 * np.sum(X * T, 1))[:2])


def test_a_pde_solver() -> None:
    def heat(u0: Any) -> Any:
        u = u0.copy()
        for _ in range(4):
            new = np.empty_like(u)
            new[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
            new[0], new[-1] = new[1], new[-2]
            u[:] = new
        return u

    both(heat, np.linspace(0.0, 1.0, 7) ** 2)
