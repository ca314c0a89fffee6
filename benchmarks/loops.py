"""Loops with gradients: funcgrad's `lax`, `jax.jit` on JAX's `lax`, and autograd on a Python loop.

    python -m benchmarks.loops [names] [--seconds 2] [--peers funcgrad,jax,autograd]

Each peer runs in a process of its own, and they take turns, so that noise of the machine meets all of them alike. The
time is the median of a call of the gradient; results are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Loop(NamedTuple):
    """A workload.

    Attributes:
        title: what it is.
        args: makes the arguments of the loss.
        loss: `loss(np, lax)` gives the function for a library's namespaces.
        argnums: what to differentiate with respect to.
        steps: of the loop. The Python loop does `python_steps`, and its time is scaled.
    """

    title: str
    args: Callable[[int], tuple[Any, ...]]
    loss: Callable[[Any, Any], Callable[..., Any]]
    argnums: tuple[int, ...]
    steps: int
    python_steps: int


def _rnn_args(steps: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    inputs, hidden, batch = 64, 128, 32
    return (
        rng.normal(size=(hidden, hidden)) / np.sqrt(hidden),
        rng.normal(size=(inputs, hidden)) / np.sqrt(inputs),
        np.zeros(hidden),
        rng.normal(size=(steps, batch, inputs)),
        rng.normal(size=(batch, hidden)),
    )


def _rnn(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w: Any, u: Any, b: Any, xs: Any, target: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            return np.tanh(np.dot(h, w) + np.dot(x, u) + b), None

        h, _ = lax.scan(step, np.zeros(target.shape), xs)
        return np.mean((h - target) ** 2)

    return loss


def _ode_args(steps: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    n, hidden = 8, 32
    return (
        rng.normal(size=(hidden, n)) / np.sqrt(n),
        np.zeros(hidden),
        rng.normal(size=(n, hidden)) / np.sqrt(hidden),
        np.zeros(n),
        rng.normal(size=n),
        np.zeros((steps, 0)),
    )


def _ode(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(w1: Any, b1: Any, w2: Any, b2: Any, y0: Any, steps: Any) -> Any:
        def f(y: Any) -> Any:
            return np.dot(w2, np.tanh(np.dot(w1, y) + b1)) + b2

        def step(y: Any, _: Any) -> Any:
            h = 0.02
            k1 = f(y)
            k2 = f(y + 0.5 * h * k1)
            k3 = f(y + 0.5 * h * k2)
            k4 = f(y + h * k3)
            return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

        y, _ = lax.scan(step, y0, steps)
        return np.sum(y**2)

    return loss


def _kalman_args(steps: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(2)
    f = np.array(
        [[1.0, 0.1, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.1], [0.0, 0.0, 0.0, 1.0]]
    )
    h = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    return (f, h, np.zeros(4), np.zeros(2), np.cumsum(rng.normal(size=(steps, 2)), axis=0) * 0.1)


def _kalman(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(f: Any, h: Any, log_q: Any, log_r: Any, ys: Any) -> Any:
        q, r = np.diag(np.exp(log_q)), np.diag(np.exp(log_r))

        def step(state: Any, y: Any) -> Any:
            m, p = state
            m = np.dot(f, m)
            p = np.dot(np.dot(f, p), f.T) + q
            innovation = y - np.dot(h, m)
            hp = np.dot(h, p)
            s = np.dot(hp, h.T) + r
            gain = np.linalg.solve(s, hp).T
            fit = np.dot(innovation, np.linalg.solve(s, innovation))
            m = m + np.dot(gain, innovation)
            p = p - np.dot(gain, hp)
            return (m, p), fit + np.linalg.slogdet(s)[1]

        _, terms = lax.scan(step, (np.zeros(4), np.eye(4)), ys)
        return 0.5 * np.sum(terms)

    return loss


def _recurrence_args(steps: int) -> tuple[Any, ...]:
    return 0.3, 3.6, 0.01 * np.sin(np.arange(steps) * 0.1)


def _recurrence(np: Any, lax: Any) -> Callable[..., Any]:
    def loss(x: Any, r: Any, forcing: Any) -> Any:
        def step(x: Any, e: Any) -> Any:
            return 0.5 * x + 0.1 * np.sin(r * x) + e, None

        return lax.scan(step, x, forcing)[0] ** 2

    return loss


LOOPS = {
    "rnn": Loop(
        "recurrent network, 100 steps, batch 32, hidden 128", _rnn_args, _rnn, (0, 1, 2), 100, 100
    ),
    "ode": Loop("neural ODE, 8 variables, RK4, 200 steps", _ode_args, _ode, (0, 1, 2, 3), 200, 200),
    "kalman": Loop(
        "Kalman filter, 4 states, 200 observations", _kalman_args, _kalman, (0, 2, 3), 200, 200
    ),
    "recurrence": Loop(
        "scalar recurrence, 300,000 steps", _recurrence_args, _recurrence, (0, 1), 300_000, 3_000
    ),
}


class PythonLax:
    """`scan` as a Python loop."""

    @staticmethod
    def scan(f: Any, init: Any, xs: Any) -> Any:
        import autograd.numpy as anp

        carry, ys = init, []
        for x in xs:
            carry, y = f(carry, x)
            ys.append(y)
        return carry, anp.array(ys) if ys and ys[0] is not None else None


def prepare(peer: str, loop: Loop) -> Callable[[], Any]:
    """A call of the gradient without arguments."""
    args = loop.args(loop.python_steps if peer == "autograd" else loop.steps)
    if peer == "funcgrad":
        import funcgrad as fg

        gradient = fg.jit(fg.grad(loop.loss(np, fg.lax), loop.argnums))
        return lambda: gradient(*args)
    if peer == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        compiled = jax.jit(jax.grad(loop.loss(jax.numpy, jax.lax), loop.argnums))
        on_device = jax.device_put(args)
        return lambda: jax.block_until_ready(compiled(*on_device))
    import autograd
    import autograd.numpy as anp

    by_autograd = autograd.grad(loop.loss(anp, PythonLax), loop.argnums)
    return lambda: by_autograd(*args)  # type: ignore[no-any-return]


def worker(peer: str) -> None:
    """Answer requests, one line of JSON each."""
    calls: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name, answer = request["name"], {}
        loop = LOOPS[name]
        if name not in calls:
            start = time.perf_counter()
            calls[name] = prepare(peer, loop)
            result = calls[name]()
            answer["first"] = time.perf_counter() - start
            answer["check"] = float(sum(np.abs(np.asarray(x)).sum() for x in result))
            calls[name]()
        times = []
        end = time.perf_counter() + request["seconds"]
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            calls[name]()
            times.append(time.perf_counter() - start)
        scale = loop.steps / loop.python_steps if peer == "autograd" else 1.0
        answer["time"] = float(np.median(times)) * scale
        print(json.dumps(answer), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(LOOPS))
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--peers", default="funcgrad,jax,autograd")
    parser.add_argument("--worker", default="")
    options = parser.parse_args()
    if options.worker:
        worker(options.worker)
        return
    peers = options.peers.split(",")
    processes = {
        peer: subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.loops", "--worker", peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"JAX_PLATFORMS": "cpu"},
        )
        for peer in peers
    }
    for name in options.names or LOOPS:
        print(f"{name}: {LOOPS[name].title}")
        found: dict[str, list[float]] = {peer: [] for peer in peers}
        checks: dict[str, float] = {}
        for _ in range(2):
            for peer, process in processes.items():
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(
                    json.dumps({"name": name, "seconds": options.seconds / 2}) + "\n"
                )
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
                found[peer].append(answer["time"])
                checks.setdefault(peer, answer.get("check", 0.0))
        for peer in peers:
            best = min(found[peer])
            against = best / min(found[peers[0]])
            print(
                f"  {peer:10} {best * 1e3:10.2f} ms  {against:7.2f} x  (sum of |gradient| {checks[peer]:.10g})"
            )


if __name__ == "__main__":
    main()
