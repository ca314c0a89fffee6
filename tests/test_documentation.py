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

from scripts import check_outputs, check_site

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


# The checks of the built site


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("loss 0.31", "loss 0.3101", True),
        ("loss 0.31", "loss 0.41", False),
        ("[1.  2.5]", "[1. 2.50001]", True),
        ("{ lambda ; a:f64[]. let in (a,) }", "{ lambda ; a:f32[]. let in (a,) }", False),
        ("498 us in 1 equations", "733 us in 1 equations", True),
        ("at <code block: session x; n5>:2", "at <code block: session x; n6>:2", True),
        ("at <code block: n5>:2 in f", "at <code block: n5>:2 in g", False),
    ],
)
def test_outputs_are_compared_up_to_rounding(before: str, now: str, same: bool) -> None:
    assert check_outputs.alike(before, now) is same


def test_a_page_whose_output_changed_is_named() -> None:
    found = list(check_outputs.problems({"a.html": ["1", "2"]}, {"a.html": ["1", "3"]}))
    assert [line.splitlines()[0] for line in found] == ["a.html: output 2 differs"]
    found = list(check_outputs.problems({}, {"b.html": ["1"]}))
    assert found == ["b.html: 1 outputs where 0 are recorded"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("p.html", '<a href="q.html">', "p.html: q.html leads nowhere"),
        ("p.html", '<a href="#far">', "p.html: #far has no such anchor"),
        ("p.html", '<img src="https://a.invalid/x.png">', "<img> asks another server"),
        ("p.html", '<a href="https://a.invalid/">', None),
        ("s.css", "b { background: url(https://a.invalid/x.png) }", "s.css asks another server"),
        ("s.js", 'fetch("https://a.invalid/x")', "s.js asks another server"),
        ("s.js", "// see https://a.invalid/x", None),
    ],
)
def test_what_leads_nowhere_or_elsewhere_is_named(
    name: str, text: str, problem: str | None, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(f'{check_site.POLICY}">{text}' if name == "p.html" else text)
    found = list(check_site.problems(tmp_path))
    assert len(found) == (problem is not None)
    if problem is not None:
        assert problem in found[0]


def test_a_page_without_the_policy_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.html").write_text("<p>")
    assert list(check_site.problems(tmp_path)) == [
        "p.html does not forbid the browser to ask other servers"
    ]
