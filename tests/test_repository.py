"""The promises that the repository makes about itself: its commands and its requirements."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

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
