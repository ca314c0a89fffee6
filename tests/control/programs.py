"""Programs with control flow, each written once for funcgrad and for JAX.

A program is `program(np, lax)(*args) -> scalar`. Where JAX has no reverse mode (`while_loop`), `reference` is the
same computation without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Make = Callable[[Any, Any], Callable[..., Any]]


class Program(NamedTuple):
    name: str
    make: Make
    args: tuple[Any, ...]
    reference: Make | None = None


_rng = np.random.default_rng(0)
W = _rng.normal(size=(3, 3)) * 0.5
X = _rng.normal(size=3)
XS = _rng.normal(size=(5, 3))


def rnn(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, h: Any, xs: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            h = np.tanh(np.dot(w, h) + np.dot(np.exp(w), x) * 0.1)
            return h, (np.sum(h), x[0] * h)

        h, (sums, rows) = lax.scan(step, h, xs)
        return np.sum(h * h) + np.sum(sums * rows[:, 1])

    return loss


def backwards(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, h: Any, xs: Any) -> Any:
        def step(carry: Any, x: Any) -> Any:
            h, count = carry
            return (np.sin(np.dot(w, h)) + x, count + 1), {"h": h * x, "n": count * np.sum(w)}

        (h, _), ys = lax.scan(step, (h, 0), xs, reverse=True)
        return np.sum(h**2) + np.sum(ys["h"] ** 2) + np.sum(ys["n"])

    return loss


def power_sum(np: Any, lax: Any) -> Callable[..., Any]:
    """Only sums and what does not depend on the carry."""

    def loss(w: Any, h: Any, xs: Any) -> Any:
        def step(total: Any, x: Any) -> Any:
            y = np.dot(w, x) * h
            return total + np.sum(y**2), np.sin(y)

        total, ys = lax.scan(step, 0.0, xs)
        return total + np.sum(ys)

    return loss


def without_inputs(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(x: Any, a: Any) -> Any:
        y, ys = lax.scan(lambda c, _: (np.sin(c) * a + 0.1, c * c), x, None, length=4)
        return y + np.sum(ys)

    return loss


def nested_scans(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, h: Any, xs: Any) -> Any:
        def outer(h: Any, x: Any) -> Any:
            inner = lambda c, a: (np.cos(c * a) + x, np.sum(c))
            h, sums = lax.scan(inner, h, w)
            return h, np.sum(sums)

        h, sums = lax.scan(outer, h, xs)
        return np.sum(h) + np.sum(sums**2)

    return loss


def fori_static(np: Any, lax: Any) -> Callable[..., Any]:
    return lambda x, a: np.sum(lax.fori_loop(1, 4, lambda i, y: np.sin(y * a) + i * x, x))


def fori_with_branches(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, h: Any) -> Any:
        def body(i: Any, y: Any) -> Any:
            inner = lambda c, a: (np.sin(c + a * h), np.sum(c))
            return lax.cond(
                np.sum(y) > 0, lambda y: lax.scan(inner, y, w)[0], lambda y: y * 0.9 + h, y
            )

        return np.sum(lax.fori_loop(0, 4, body, h))

    return loss


def branches(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(x: Any, w: Any) -> Any:
        y = lax.cond(x > 0.0, lambda x: np.sin(x) * np.sum(np.exp(w)), lambda x: x**2 * w[0], x)
        z = lax.switch(
            (x * 3).astype(int),
            [lambda a: a * w, lambda a: np.tanh(a) * w[::-1], lambda a: w * 0 + a],
            y,
        )
        return np.sum(z * z) + y

    return loss


def branches_of_pairs(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(x: Any, w: Any) -> Any:
        a, b = lax.cond(np.sum(x) > 0, lambda: (np.sin(x), w[0]), lambda: (x * w, np.sum(w)))
        return np.sum(a) * b

    return loss


def counted(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, b: Any) -> Any:
        def body(c: Any) -> Any:
            i, x, y = c
            return i + 1, np.tanh(np.dot(w, x)) + b * np.sum(y), y * x[0] + np.sin(b)

        return np.sum(lax.while_loop(lambda c: c[0] < 3, body, (0, b, b * 2.0))[1] ** 2)

    return loss


def counted_reference(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, b: Any) -> Any:
        x, y = b, b * 2.0
        for _ in range(3):
            x, y = np.tanh(np.dot(w, x)) + b * np.sum(y), y * x[0] + np.sin(b)
        return np.sum(x**2)

    return loss


def until_large(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(x: Any, a: Any) -> Any:
        def body(c: Any) -> Any:
            y, steps = c
            y = lax.cond(np.sum(y) > 1.0, lambda y: y * 1.5 + a, lambda y: y * y + 1.0, y)
            return y, steps + 1

        y, steps = lax.while_loop(lambda c: np.sum(c[0]) < 9.0, body, (x * x, 0))
        return np.sum(y) + steps * a

    return loss


def until_large_reference(np: Any, lax: Any) -> Callable[..., Any]:
    """As many steps as `x` below takes."""

    def loss(x: Any, a: Any) -> Any:
        y = x * x
        for step in range(6):
            y = y * y + 1.0 if step == 0 else y * 1.5 + a
        return np.sum(y) + 6 * a

    return loss


def scan_in_while(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, h: Any) -> Any:
        def body(c: Any) -> Any:
            i, y = c
            return i + 1, lax.scan(lambda c, a: (np.sin(c + a * h), np.sum(c)), y, w)[0]

        return np.sum(lax.while_loop(lambda c: c[0] < 2, body, (0, h))[1])

    return loss


def scan_in_while_reference(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, h: Any) -> Any:
        y = h
        for _ in range(2):
            for k in range(3):
                y = np.sin(y + w[k] * h)
        return np.sum(y)

    return loss


def prefix_products(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(xs: Any, h: Any) -> Any:
        def combine(a: Any, b: Any) -> Any:
            return a[0] * b[0], a[1] * b[0] + b[1]

        rows = lax.associative_scan(combine, (xs, np.sin(xs)))[1]
        return np.sum(rows**2 * h)

    return loss


PROGRAMS = [
    Program("rnn", rnn, (W, X, XS)),
    Program("backwards", backwards, (W, X, XS)),
    Program("power_sum", power_sum, (W, X, XS)),
    Program("without_inputs", without_inputs, (np.float64(0.3), np.float64(1.2))),
    Program("nested_scans", nested_scans, (W, X, XS)),
    Program("fori_static", fori_static, (X, np.float64(0.7))),
    Program("fori_with_branches", fori_with_branches, (W, X)),
    Program("branches, first", branches, (np.float64(-1.0), X)),
    Program("branches, second", branches, (np.float64(0.5), X)),
    Program("branches, third", branches, (np.float64(0.9), X)),
    Program("branches_of_pairs", branches_of_pairs, (X, XS[0])),
    Program("counted", counted, (W, X), counted_reference),
    Program("until_large", until_large, (np.float64(0.5), np.float64(0.4)), until_large_reference),
    Program("scan_in_while", scan_in_while, (W, X), scan_in_while_reference),
    Program("prefix_products", prefix_products, (XS, X)),
]
