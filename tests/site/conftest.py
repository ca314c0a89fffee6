"""Fixtures of the tests in a browser; without one they are skipped, with a message that says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.browser import Browser, installed


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if installed() is None:
        pytest.skip("no Chromium is installed; on Debian: apt-get install chromium")
    with Browser() as started:
        yield started


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built documentation, which FUNCGRAD_SITE names."""
    named = os.environ.get("FUNCGRAD_SITE")
    if named is None:
        pytest.skip("set FUNCGRAD_SITE to the folder of the documentation that `mkdocs build` made")
    return Path(named).resolve()
