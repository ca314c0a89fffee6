"""Loops run both ways: by the interpreter, and compiled."""

from __future__ import annotations

import pytest

from funcgrad.control import run
from funcgrad.core.cache import clear_caches


@pytest.fixture(params=["interpreted", "compiled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How loops run; programs of other tests are forgotten."""
    clear_caches()
    if request.param == "compiled":
        monkeypatch.setattr(run, "_WORTH_COMPILING", 0)
    else:
        monkeypatch.setattr(run, "COMPILERS", [])
    return request.param
