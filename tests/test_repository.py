"""The promises that the repository makes about itself: its commands and its requirements."""

import doctest
import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Document, Region
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown import CodeBlockParser, SkipParser

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()


def readme_commands() -> list[str]:
    """The lines of the README's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_numpy_is_the_only_requirement() -> None:
    requirements = PYPROJECT["project"]["dependencies"]
    assert [re.split(r"[<>=!~ ]", r)[0] for r in requirements] == ["numpy"]


def test_readme_has_two_commands() -> None:
    assert readme_commands() == ["python3 scripts/dev.py digits", "python3 scripts/dev.py test"]


def test_readme_commands_name_tasks_that_exist() -> None:
    script = ROOT / "scripts" / "dev.py"
    shown = subprocess.run(
        [sys.executable, script, "help"], capture_output=True, text=True, check=True
    ).stdout
    for command in readme_commands():
        assert command in shown


def test_an_unknown_task_shows_the_help_and_fails() -> None:
    command = [sys.executable, ROOT / "scripts" / "dev.py", "no-such-task"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "python3 scripts/dev.py test" in ended.stdout


def test_ci_runs_the_readme_test_command() -> None:
    [test_command] = [c for c in readme_commands() if c.endswith("test")]
    task = test_command.removeprefix("python3 ")
    stages = [line for line in (ROOT / ".ci/run").read_text().splitlines() if "stage " in line]
    assert f'stage "tests" "$python" {task}' in stages


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


def interactive_sessions(document: Document) -> Iterator[Region]:
    """The `>>>` examples of the page's ```pycon blocks."""
    parse = DocTestStringParser(DocTestEvaluator())
    for block in CodeBlockParser("pycon")(document):
        for example in parse(block.parsed, document.path):
            example.adjust(block, block.parsed)
            yield example


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_on_the_page_print_what_they_say(page: Path) -> None:
    # Blocks marked exec="on" are run by the build of the documentation instead.
    for example in Document.parse(str(page), SkipParser(), interactive_sessions):
        example.evaluate()


def python_prints(code: str, **variables: str) -> str:
    """What a fresh interpreter with these environment variables prints for this code."""
    command = [sys.executable, "-W", "error", "-c", code]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


def test_import_loads_neither_scipy_nor_jax() -> None:
    loaded = python_prints("import sys, funcgrad; print(*sys.modules)").split()
    assert not {"scipy", "jax", "jaxlib", "numba", "autograd", "matplotlib"}.intersection(loaded)


def test_import_loads_only_what_every_call_needs() -> None:
    # `python -m benchmarks startup` measures the time; a test on it would fail on a busy machine.
    loaded = python_prints("import sys, funcgrad; print(*sys.modules)").split()
    ours = [name for name in loaded if name.split(".")[0] == "funcgrad"]
    on_demand = ("funcgrad.scipy", "funcgrad.random", "funcgrad.nn", "funcgrad.compile.compiler")
    assert not [name for name in ours if name.startswith(on_demand)]
    assert len(ours) <= 90
    # NumPy loads none of them, and each costs as much as a fifth of funcgrad.
    assert not {"dataclasses", "asyncio", "concurrent.futures", "numpy.ma"}.intersection(loaded)


def test_all_names_exactly_what_is_public() -> None:
    import funcgrad

    for name in funcgrad.__all__:
        getattr(funcgrad, name)  # also brings in the names that are imported on first use
    present = {n: v for n, v in vars(funcgrad).items() if not n.startswith("_")}
    submodules = {n for n, v in present.items() if isinstance(v, ModuleType)}
    public = present.keys() - submodules - {"annotations", "TYPE_CHECKING"}
    assert public == set(funcgrad.__all__) - submodules - {"__version__"}
    assert len(funcgrad.__all__) == len(set(funcgrad.__all__))


def test_version_is_the_packages() -> None:
    import funcgrad

    assert funcgrad.__version__ == PYPROJECT["project"]["version"]


def modules() -> list[str]:
    """Every module of the package, by its dotted name."""
    paths = sorted((ROOT / "funcgrad").rglob("*.py"))
    return [
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in paths
    ]


# Modules whose examples need more than NumPy, SciPy and JAX.
OPTIONAL = {"funcgrad.api.drawing": "networkx"}


@pytest.mark.parametrize("module", modules())
def test_docstrings_print_what_they_say(module: str) -> None:
    if module in OPTIONAL:
        pytest.importorskip(OPTIONAL[module])
    failures, _ = doctest.testmod(importlib.import_module(module), verbose=False)
    assert not failures, f"the docstrings of {module} differ, see the captured output"


@pytest.mark.parametrize("namespace", [m for m in modules() if m.count(".") < 2])
def test_every_public_function_and_class_shows_an_example(namespace: str) -> None:
    module = importlib.import_module(namespace)
    named = {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    ours = {n: v for n, v in named.items() if getattr(v, "__module__", "").startswith("funcgrad")}
    shown = {n: v for n, v in ours.items() if isinstance(v, type) or callable(v)}
    assert [n for n, v in shown.items() if ">>>" not in (v.__doc__ or "")] == []
