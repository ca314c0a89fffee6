"""Threads, recycled memory, forks: results do not depend on any of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compile import memory, threads
from funcgrad.core.config import config
from funcgrad.errors import ArgumentError

N = 300_000


def work(x: Any) -> Any:
    y = np.sin(x) * np.exp(-x * x)
    return np.sum(y), np.max(y), y


@pytest.fixture
def eager_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_WORTHWHILE", 1)


@pytest.mark.usefixtures("eager_threads")
def test_results_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=N)
    program = fg.jit(work)
    results = []
    for n in (1, 2, 3, 7):
        monkeypatch.setattr(config, "num_threads", n)
        results.append(program(x))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_sums_are_as_accurate_as_numpys() -> None:
    x = np.random.default_rng(1).uniform(size=1_000_000).astype(np.float32)
    exact = np.sum(x.astype(float) * 1.5)
    got = fg.jit(lambda x: np.sum(x * np.float32(1.5)))(x)
    numpy = np.sum(x * np.float32(1.5))
    assert abs(got - exact) <= 2 * abs(numpy - exact) + 1e-6 * exact


@pytest.mark.usefixtures("eager_threads")
def test_concurrent_calls() -> None:
    gradient = fg.jit(fg.grad(lambda x: work(x)[0]))
    inputs = [np.random.default_rng(i).normal(size=60_000) for i in range(6)]
    expected = [gradient(x).copy() for x in inputs]

    def call(i: int) -> bool:
        return all(np.array_equal(gradient(inputs[i % 6]), expected[i % 6]) for _ in range(5))

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(call, range(24)))


def test_errors_of_blocks_reach_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "num_threads", 3)

    def kernel(k: int, i: int, j: int, scratch: Any) -> None:
        if k == 5:
            raise RuntimeError("block 5")

    bounds = [(k, k, k + 1) for k in range(20)]
    with pytest.raises(RuntimeError, match="block 5"):
        threads.for_blocks(kernel, bounds, (), (), 1e9)


def test_every_block_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "num_threads", 4)
    lock = threading.Lock()
    seen: list[int] = []

    def kernel(k: int, i: int, j: int, scratch: Any) -> None:
        with lock:
            seen.append(k)

    for _ in range(50):
        seen.clear()
        threads.for_blocks(kernel, [(k, k, k + 1) for k in range(30)], (), (), 1e9)
        assert sorted(seen) == list(range(30))


def test_memory_serves_again_once_the_caller_has_let_go() -> None:
    double = fg.jit(lambda x: x * 2.0 + 1.0)
    x = np.ones(N)
    memory.release_memory()  # what other tests left
    first = double(x)
    kept = first[10:20]
    address = first.ctypes.data
    del first
    second = double(x)
    assert second.ctypes.data != address  # a view of the first is still alive
    assert np.all(kept == 3.0)
    del kept
    # A thread may hold its last block for a moment after the results are there.
    tries = 0
    while double(x).ctypes.data != address and tries < 100:
        tries += 1
        time.sleep(0.01)
    assert tries < 100
    del second
    memory.release_memory()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    code = (
        "import os, numpy as np, funcgrad as fg\n"
        "from funcgrad.compile import threads\n"
        "threads._WORTHWHILE = 1\n"
        "fg.config.num_threads = 3\n"
        "f = fg.jit(lambda x: np.sum(np.sin(x) * x))\n"
        "x = np.ones(300_000)\n"
        "before = f(x)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os._exit(0 if f(x) == before else 1)\n"
        "_, status = os.waitpid(pid, 0)\n"
        "assert status == 0, status\n"
        "assert f(x) == before\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_invalid_numbers_of_threads() -> None:
    for wrong in (0, -1, 1.5, "many"):
        with pytest.raises(ArgumentError, match="num_threads"):
            config.num_threads = wrong  # type: ignore[assignment]
