"""For the documentation: show the package's own code, by reference."""

from __future__ import annotations

import inspect
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def source(*objects: Any) -> str:
    """The source of functions and classes as blocks that name their file."""
    blocks = []
    for each in objects:
        path = Path(inspect.getsourcefile(each) or "").relative_to(ROOT)
        blocks.append(block(path, dedent(inspect.getsource(each))))
    return "\n".join(blocks)


def lines(path: str, start: str, stop: str) -> str:
    """The lines of a file from the first that starts with `start` until one that starts with `stop`."""
    shown: list[str] = []
    for line in (ROOT / path).read_text().splitlines():
        if shown and line.startswith(stop):
            break
        if shown or line.startswith(start):
            shown.append(line)
    if not shown:
        raise LookupError(f"{path} has no line that starts with {start!r}")
    return block(path, "\n".join(shown))


def block(path: Path | str, text: str) -> str:
    return f'```python title="{path}"\n{text.rstrip()}\n```\n'
