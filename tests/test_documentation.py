"""The pages of the documentation: all of their code is run, and each can be found."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(ROOT.glob("docs/**/*.md"))


class Block(NamedTuple):
    """A fence of a page: its language, the options behind it, and the code."""

    page: str
    language: str
    options: str
    code: str


def blocks() -> Iterator[Block]:
    fence = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        for found in fence.finditer(page.read_text()):
            yield Block(name, found[2], found[3].strip(), dedent(found[4]))


def test_python_on_the_pages_is_run_by_the_build() -> None:
    # A file of the repository that is shown whole is run by its own test; a title names whose code it is.
    still = [
        block
        for block in blocks()
        if block.language in ("python", "py")
        and 'exec="on"' not in block.options
        and not block.code.startswith("--8<--")
        and not block.options.startswith("title=")
    ]
    assert still == []


def test_outputs_on_the_pages_are_printed_by_the_build() -> None:
    typed = [b for b in blocks() if b.language in ("text", "console") and "title=" not in b.options]
    assert typed == []


FOREIGN = [b for b in blocks() if b.options in ('title="PyTorch"', 'title="autograd"')]


@pytest.mark.parametrize("block", FOREIGN, ids=lambda block: block.code.splitlines()[0][:40])
def test_code_of_other_libraries_runs(block: Block) -> None:
    library = pytest.importorskip("torch" if "PyTorch" in block.options else "autograd")
    names = {"torch": library} if "PyTorch" in block.options else {}
    if names:
        x = library.tensor(np.random.default_rng(0).normal(size=(100, 3)), dtype=library.float32)
        y = x @ library.tensor([1.0, 2.0, 3.0])
        names |= {"x": x, "y": y, "batches": [(x, y)] * 100}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(block.code, block.page, "exec"), names)


def test_titles_name_libraries_or_files_of_the_repository() -> None:
    for block in blocks():
        if block.language == "python" and block.options.startswith("title="):
            title = block.options.removeprefix("title=").strip('"')
            assert title in ("PyTorch", "autograd") or (ROOT / title).exists(), block
            ast.parse(block.code)


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    named = re.findall(r"[\w/-]+\.md", navigation)
    assert sorted(named) == [page.relative_to(ROOT / "docs").as_posix() for page in PAGES]
