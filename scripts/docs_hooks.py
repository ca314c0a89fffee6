"""For the documentation: let the pages' code import from `scripts` and `examples`, from any folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def on_startup(**_: Any) -> None:
    """Put the checkout first on the path; draw without a display."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("MPLBACKEND", "svg")
