"""OpenBLAS is kept to one thread while programs run, and large products are shared out among our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compile import blas_threads, products, threads
from funcgrad.core.config import config


class FakeLibrary(blas_threads._Library):
    """An OpenBLAS that counts four threads and remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.number = 4
        super().__init__(lambda: self.number, self.change)

    def change(self, number: int) -> None:
        self.number = number
        self.told.append(number)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    fake = FakeLibrary()
    monkeypatch.setattr(blas_threads.limit, "libraries", {"numpy": [fake], "scipy": []})
    return fake


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(products, "_LEAST_WORK", 1 << 10)
    monkeypatch.setattr(products, "_LEAST_LENGTH", 5)
    monkeypatch.setattr(threads, "_WORTHWHILE", 1)
    fg.clear_caches()
    yield
    fg.clear_caches()


def spread(n: int) -> Any:
    a = np.random.default_rng(n).normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


def log_determinant(a: Any) -> Any:
    return 2 * np.sum(np.log(np.diag(np.linalg.cholesky(a))))


def test_a_program_keeps_openblas_to_one_thread(library: FakeLibrary) -> None:
    a = spread(80)
    gradient = fg.grad(log_determinant)
    for _ in range(3):  # interpreted, then compiled
        library.told.clear()
        np.testing.assert_allclose(gradient(a), np.linalg.inv(a), rtol=1e-9, atol=1e-12)
        assert library.told == [1, 4]


@pytest.mark.parametrize("size", [8, 1100])
def test_small_and_huge_matrices_leave_openblas_alone(library: FakeLibrary, size: int) -> None:
    fg.jit(np.linalg.det)(spread(size) / size)
    assert library.told == []


def test_convolutions_leave_openblas_alone(library: FakeLibrary) -> None:
    def fun(x: Any, kernel: Any, w: Any) -> Any:
        return fg.lax.conv(x, kernel, (1, 1), "SAME")[0, 0] @ w

    fg.jit(fun)(np.ones((1, 1, 80, 80)), np.ones((1, 1, 3, 3)), np.ones((80, 80)))
    assert library.told == []


def test_the_number_comes_back_after_an_error(library: FakeLibrary) -> None:
    solve = fg.jit(np.linalg.inv)
    with pytest.raises(np.linalg.LinAlgError):
        solve(np.zeros((80, 80)))
    assert library.told == [1, 4]
    assert blas_threads.limit.running == 0


def test_programs_that_overlap_restore_the_number_once(library: FakeLibrary) -> None:
    inside, end = threading.Event(), threading.Event()

    def wait(x: Any) -> Any:
        inside.set()
        assert end.wait(60)
        return x

    def fun(a: Any) -> Any:
        a = fg.pure_callback(wait, fg.ShapeDtypeStruct(a.shape, a.dtype), a)
        return np.linalg.inv(a)

    other = threading.Thread(target=fg.jit(fun), args=(spread(80),))
    other.start()
    assert inside.wait(60)
    fg.jit(np.linalg.inv)(spread(90))
    assert library.told == [1]
    end.set()
    other.join()
    assert library.told == [1, 4]


def test_it_can_be_turned_off(library: FakeLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "manage_blas_threads", False)
    fg.jit(np.linalg.inv)(spread(80))
    assert library.told == []


def test_numpys_openblas_is_found() -> None:
    if "openblas" not in str(np.show_config(mode="dicts")).lower():
        pytest.skip("this NumPy uses another BLAS")
    (library,) = blas_threads._libraries(np)
    before = library.get()
    try:
        library.set(1)
        assert library.get() == 1
    finally:
        library.set(before)
    assert library.get() == before


CONTRACTIONS: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [
    ("ij,jk->ik", (64, 30), (30, 20)),
    ("ij,jk->ik", (20, 30), (30, 64)),
    ("ji,jk->ik", (30, 64), (30, 20)),
    ("ij,kj->ik", (7, 30), (64, 30)),
    ("ij,j->i", (300, 40), (40,)),
    ("i,ij->j", (40,), (40, 300)),
    ("i,ji->j", (40,), (300, 40)),
    ("bij,bjk->bik", (6, 20, 10), (6, 10, 20)),
    ("bcij,bckj->bcik", (6, 2, 20, 10), (6, 2, 20, 10)),
    ("iajb,bka->ijk", (20, 5, 4, 6), (6, 30, 5)),
    ("bqhd,bkhd->bhqk", (2, 20, 4, 8), (2, 20, 4, 8)),
]


@pytest.mark.usefixtures("small_pieces", "library")
@pytest.mark.parametrize(("formula", "left", "right"), CONTRACTIONS)
def test_shared_products(
    formula: str, left: tuple[int, ...], right: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blas_threads, "_THREADED", 1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=left), rng.normal(size=right)
    shared: list[int] = []

    def count(*args: Any) -> None:
        shared.append(len(args[1]))
        threads.for_blocks(*args)

    monkeypatch.setattr(products, "for_blocks", count)
    program = fg.jit(lambda x, y: np.einsum(formula, x, y))
    results = []
    for n in (1, 2, 3):
        monkeypatch.setattr(config, "num_threads", n)
        results.append(program(x, y))
    assert shared
    assert min(shared) > 1
    np.testing.assert_allclose(results[0], np.einsum(formula, x, y), rtol=1e-12, atol=1e-12)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)
