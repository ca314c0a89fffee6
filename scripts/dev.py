#!/usr/bin/env python3
"""Set up funcgrad's own virtual environment and run a task in it. Needs only Python >= 3.11.

    python3 scripts/dev.py digits [ARGS]   train a classifier on real digits (examples/digits.py)
    python3 scripts/dev.py test [ARGS]     run the tests, in parallel (ARGS go to pytest)
    python3 scripts/dev.py lint            ruff, mypy and the import contracts
    python3 scripts/dev.py docs [ARGS]     build the documentation into site/ (ARGS go to mkdocs)
    python3 scripts/dev.py env [GROUP ...] only install, and print the environment's folder

The environment is `.venv` in the checkout, or the folder that FUNCGRAD_VENV names. What it needs is
read from pyproject.toml, and installed again only when that file has changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("FUNCGRAD_VENV", ROOT / ".venv")).resolve()
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "funcgrad-installed.json"
OLDEST = (3, 11)


def main(arguments: list[str]) -> int:
    """Run the task that the command line names, and return its exit status."""
    if sys.version_info < OLDEST:
        return restart_with_newer_python()
    task, *rest = arguments or ["help"]
    if task == "digits":
        install()
        return call(PYTHON, "examples/digits.py", *rest)
    if task == "test":
        install("test")
        chosen = any(option.startswith(("-n", "--numprocesses")) for option in rest)
        workers = [] if chosen else ["-n", "auto"]
        return call(PYTHON, "-m", "pytest", *workers, *rest)
    if task == "lint":
        install("lint")
        checks = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["lint-imports"])
        return max(call(SCRIPTS / tool, *options) for tool, *options in checks)
    if task == "docs":
        install("docs")
        os.environ["NO_MKDOCS_2_WARNING"] = "1"
        return call(SCRIPTS / "mkdocs", "build", "--strict", *rest)
    if task == "env":
        install(*rest)
        print(VENV)
        return 0
    print(__doc__)
    return 0 if task in ("help", "-h", "--help") else 2


def install(*groups: str) -> None:
    """Make the environment hold funcgrad and these dependency groups of pyproject.toml."""
    wanted = ["funcgrad", *groups]
    fingerprint = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    installed = read_stamp() if usable() else create()
    missing = [name for name in wanted if installed.get(name) != fingerprint]
    if not missing:
        return
    started = time.perf_counter()
    say(f"installing {', '.join(missing)} into {VENV} ...")
    requirements = ["--editable", "."] if "funcgrad" in missing else []
    for group in missing:
        if group != "funcgrad":
            requirements += ["--group", group]
    if "--group" in requirements and "pip" not in installed:
        pip("--upgrade", "pip>=25.1")  # the first release that reads dependency groups
        installed["pip"] = "25.1 or newer"
    pip(*requirements)
    installed.update(dict.fromkeys(missing, fingerprint))
    STAMP.write_text(json.dumps(installed, indent=2) + "\n")
    say(f"installed in {time.perf_counter() - started:.0f} s; later runs start at once")


def usable() -> bool:
    """Whether the environment is there, starts, and has pip."""
    if not PYTHON.exists():
        return False
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.call([PYTHON, "-c", probe], stderr=subprocess.DEVNULL) == 0


def create() -> dict[str, str]:
    """Create the environment afresh; nothing of funcgrad is installed in it yet."""
    if VENV.exists() and any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").exists():
        raise failure(
            f"{VENV} holds something else than a virtual environment; move it, or set FUNCGRAD_VENV"
        )
    say(f"creating {VENV} with Python {sys.version.split()[0]}")
    command = [sys.executable, "-m", "venv", "--clear"]
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        run_or_stop([*command, str(VENV)], "could not create the virtual environment")
    elif importlib.util.find_spec("pip") and importlib.util.find_spec("venv"):
        # Debian without python3-venv: no ensurepip, but the system's pip can serve the environment.
        run_or_stop([*command, "--without-pip", str(VENV)], "could not create the environment")
        outer = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"]
        run_or_stop(outer, "could not install pip into the virtual environment")
    else:
        package = f"python3.{sys.version_info.minor}-venv"
        raise failure(
            f"this Python ({sys.executable}) cannot create virtual environments:\n"
            "its modules `venv` and `ensurepip` are not installed.\n"
            f"On Debian and Ubuntu install them with: sudo apt-get install {package}\n"
            "or run this command with another Python, 3.11 or newer."
        )
    return {}


def read_stamp() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def pip(*options: str) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run_or_stop([*command, *options], "pip could not install what funcgrad needs")


def call(*command: str | Path) -> int:
    """Run a command in the checkout and return its exit status."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


def run_or_stop(command: list[str], problem: str) -> None:
    # What pip and venv say is not the task's output: `env` prints a folder for programs to read.
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode:
        raise failure(f"{problem} (see above): {' '.join(command)}")


def restart_with_newer_python() -> int:
    found = (shutil.which(f"python3.{minor}") for minor in range(20, OLDEST[1] - 1, -1))
    for python in filter(None, found):
        if subprocess.call([python, "-c", "import venv"], stderr=subprocess.DEVNULL) == 0:
            return subprocess.call([python, *sys.argv])
    this = f"{sys.version.split()[0]} ({sys.executable})"
    raise failure(f"funcgrad needs Python 3.11 or newer, and this is {this}")


def say(message: str) -> None:
    print(f"[dev] {message}", file=sys.stderr, flush=True)


def failure(message: str) -> SystemExit:
    return SystemExit(f"[dev] {message}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
