"""Every test here validates each pass; `small_blocks` brings clusters and threads down to small arrays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from funcgrad.compile import clusters, kernel, threads
from funcgrad.core.cache import clear_caches
from funcgrad.core.config import config


@pytest.fixture(autouse=True)
def validated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "check_jaxprs", True)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clusters, "MIN_SIZE", 4)
    monkeypatch.setattr(clusters, "MAX_ROW", 24)
    monkeypatch.setattr(kernel, "BLOCK", 12)
    monkeypatch.setattr(threads, "_WORTHWHILE", 1)
    monkeypatch.setattr(config, "num_threads", 2)
    clear_caches()
    yield
    clear_caches()
