"""Keys, and what samplers say about wrong arguments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.random as r
from funcgrad.errors import ArgumentError, ConcretizationError

KEY = r.key(0)

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: r.normal(0), "normal takes a key, not 0"),
    (
        lambda: r.normal(np.zeros(2)),
        r"of shape \(2,\) \(threefry2x32\) or \(4,\) \(philox\), not f64\[2\]",
    ),
    (lambda: r.normal(np.zeros(3, np.uint32)), r"not u32\[3\]"),
    (lambda: r.normal(r.split(KEY, 3)), r"single key, not \(3,\) of them"),
    (lambda: r.split(r.split(KEY, 3)), "use fg.vmap over the keys"),
    (lambda: r.key(1.5), "a key is made from an integer, not from f64"),
    (lambda: r.key(np.arange(3)), r"not from an array of shape \(3,\)"),
    (lambda: r.key(2**64), "a seed has at most 64 bits"),
    (lambda: r.key(0, impl="mt19937"), "'threefry2x32' or 'philox', not 'mt19937'"),
    (lambda: r.fold_in(KEY, 2**32), "fold_in takes an integer of 32 bits"),
    (lambda: r.fold_in(KEY, 1.0), "fold_in takes an integer, not f64"),
    (lambda: r.wrap_key_data(np.zeros(3, np.uint32)), "a last axis of length 2 or 4"),
    (lambda: r.wrap_key_data(KEY, impl="philox"), r"a last axis of length 4, not u32\[2\]"),
    (lambda: r.normal(KEY, (2, -1)), r"integers that are not negative, not \(2, -1\)"),
    (lambda: r.normal(KEY, (2.5,)), r"not \(2.5,\)"),
    (lambda: r.normal(KEY, (2,), int), "floating or complex dtypes, not int64"),
    (lambda: r.uniform(KEY, (2,), "longdouble"), "floating dtypes, not"),
    (lambda: r.bits(KEY, (2,), "int32"), "unsigned integer dtypes, not int32"),
    (lambda: r.randint(KEY, (2,), 0, 3, float), "integer dtypes, not float64"),
    (
        lambda: r.gamma(KEY, np.ones(3), (2,)),
        r"shape \(3,\) does not broadcast to the shape \(2,\)",
    ),
    (lambda: r.beta(KEY, np.ones(3), np.ones(2)), r"shapes \(3,\) and \(2,\) cannot be broadcast"),
    (lambda: r.gamma(KEY, 1j), "a parameter must be real"),
    (lambda: r.bernoulli(KEY, 1), "bernoulli takes probabilities, not i64"),
    (lambda: r.bernoulli(KEY, 0.5, (), "medium"), "'low' or 'high', not 'medium'"),
    (lambda: r.gumbel(KEY, mode="medium"), "not 'medium'"),
    (lambda: r.permutation(KEY, 2.0), "an array or an integer"),
    (lambda: r.permutation(KEY, np.ones(3), 1), "has no axis 1"),
    (lambda: r.choice(KEY, 0, (2,)), "nothing to choose from"),
    (lambda: r.choice(KEY, 3, (4,), replace=False), "4 different ones of 3"),
    (lambda: r.choice(KEY, 3, p=np.ones(2)), r"3 elements need 3 probabilities, not shape \(2,\)"),
    (lambda: r.categorical(KEY, 0.0), "an array of logits"),
    (lambda: r.categorical(KEY, np.zeros(2), shape=(3,), replace=False), "3 different ones of 2"),
    (lambda: r.dirichlet(KEY, 1.0), r"parameters \(..., n\)"),
    (lambda: r.multinomial(KEY, 3, 1.0), r"probabilities \(..., k\)"),
    (lambda: r.multivariate_normal(KEY, np.zeros(2), np.eye(3)), r"\(2,\) and \(3, 3\)"),
    (lambda: r.multivariate_normal(KEY, np.zeros(2), np.eye(2), method="qr"), "not 'qr'"),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[m for _, m in WRONG])
def test_errors_say_what_is_wrong_and_where(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        call()
    assert "test_keys.py" in str(caught.value)


def test_a_traced_length_needs_its_value() -> None:
    with pytest.raises(ConcretizationError):
        fg.jit(lambda n: r.permutation(KEY, n))(3)
    with pytest.raises(ConcretizationError):
        fg.jit(lambda n: r.normal(KEY, (n,)))(3)


def test_keys_are_arrays_that_tell_their_generator() -> None:
    assert (r.key(1).shape, r.key(1, impl="philox").shape) == ((2,), (4,))
    assert [r.key_impl(r.key(1, impl=i)) for i in ("threefry2x32", "philox")] == [
        "threefry2x32",
        "philox",
    ]
    assert r.key_impl(r.split(r.key(1, impl="philox"), (2, 3))) == "philox"
    np.testing.assert_array_equal(r.wrap_key_data(r.key_data(KEY)), KEY)
    np.testing.assert_array_equal(r.clone(KEY), KEY)
    np.testing.assert_array_equal(r.PRNGKey(7), r.key(7))


def test_a_key_gives_the_same_numbers_whenever_it_is_used() -> None:
    for impl in ("threefry2x32", "philox"):
        key = r.key(5, impl=impl)
        before = key.copy()
        np.testing.assert_array_equal(r.normal(key, (9,)), r.normal(key, (9,)))
        np.testing.assert_array_equal(key, before)


def test_philox_bits_are_numpys() -> None:
    key = r.key(5, impl="philox")
    words = key.astype(np.uint64)
    own = np.random.Philox(
        key=[words[0] << np.uint64(32) | words[1], words[2] << np.uint64(32) | words[3]]
    )
    expected = own.random_raw(5)
    np.testing.assert_array_equal(r.bits(key, (5,)), expected)
    np.testing.assert_array_equal(r.bits(key, (10,), "uint32"), expected.astype("<u8").view("<u4"))
    # Known numbers, so that they stay what they are.
    np.testing.assert_array_equal(key, KNOWN_KEY)
    np.testing.assert_array_equal(r.split(key, 1)[0], KNOWN_SPLIT)


KNOWN_KEY = [0, 5, 2482520746, 2155926325]
KNOWN_SPLIT = [2724472204, 3573582090, 90662413, 1983388343]


def test_few_hashes_are_those_of_many() -> None:
    from funcgrad.ops.random import threefry

    many = r.bits(KEY, (100,))
    for n in (1, 2, 5, 6, 7):
        np.testing.assert_array_equal(r.bits(KEY, (n,)), many[:n])
    words = [np.array([w], np.uint32) for w in (0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3)]
    threefry.hash_words(*words)
    # From the authors' table of known answers.
    assert [int(words[2][0]), int(words[3][0])] == [0xC4923A9C, 0x483DF7A0]


def test_split_under_transforms() -> None:
    def draws(key: Any) -> Any:
        first, second = r.split(key)
        return r.normal(first, (2,)) + r.uniform(r.fold_in(second, 3))

    keys = r.split(r.key(9), 4)
    expected = np.stack([draws(k) for k in keys])
    np.testing.assert_allclose(fg.vmap(draws)(keys), expected)
    np.testing.assert_allclose(fg.jit(fg.vmap(draws))(keys), expected)
    steps = np.arange(4)
    folded = fg.vmap(lambda i: r.fold_in(KEY, i))(steps)
    np.testing.assert_array_equal(folded, np.stack([r.fold_in(KEY, int(i)) for i in steps]))
    seeded = fg.vmap(r.key)(steps)
    np.testing.assert_array_equal(seeded, np.stack([r.key(int(i)) for i in steps]))


def test_scan_over_keys() -> None:
    def walk(position: Any, key: Any) -> Any:
        position = position + r.normal(key)
        return position, position

    keys = r.split(KEY, 5)
    _, path = fg.lax.scan(walk, 0.0, keys)
    np.testing.assert_allclose(path, np.cumsum([r.normal(k) for k in keys]))


def test_scipy_is_not_needed() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import funcgrad as fg, numpy as np\n"
        "key = fg.random.key(0)\n"
        "for name in fg.random.__all__:\n"
        "    getattr(fg.random, name)\n"
        "print(fg.random.truncated_normal(key, -1.0, 1.0), fg.random.gamma(key, 2.0), fg.random.poisson(key, 30.0))\n"
        "print(fg.grad(lambda a: fg.random.beta(key, a, 2.0))(1.5))\n"
        "print(fg.grad(lambda a: fg.random.truncated_normal(key, a, 1.0))(-1.0))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    numbers = np.array(ended.stdout.split(), float)
    expected = [
        r.truncated_normal(KEY, -1.0, 1.0),
        r.gamma(KEY, 2.0),
        r.poisson(KEY, 30.0),
        fg.grad(lambda a: r.beta(KEY, a, 2.0))(1.5),
        fg.grad(lambda a: r.truncated_normal(KEY, a, 1.0))(-1.0),
    ]
    np.testing.assert_allclose(numbers, expected, rtol=1e-9)
