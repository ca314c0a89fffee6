"""The system's C compiler: from source to a function that ctypes calls. What was compiled once is kept on disk."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Each product and sum is rounded, as NumPy's are: no fused operations, and no other order than what is written.
_FLAGS = (
    "-O3",
    "-march=native",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fwrapv",
    "-fopenmp-simd",
)
_TIMEOUT = 60


@functools.cache
def compiler() -> str | None:
    """The path of a C compiler, None if there is none."""
    if sys.platform == "win32":
        return None
    return shutil.which(os.environ.get("CC", "cc"))


@functools.cache
def _machine() -> str:
    """What compiled code depends on besides its source: the processor's instructions."""
    text = platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            text += next((line for line in info if line.startswith(("flags", "Features"))), "")
    except OSError:
        text += platform.processor()
    return text


def _folder() -> Path:
    base = os.environ.get("FUNCGRAD_CACHE_DIR")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "funcgrad"


@functools.lru_cache(maxsize=256)
def load(source: str) -> Any:
    """The function `loop` of C source; None if it cannot be compiled."""
    path = compiler()
    if path is None:
        return None
    key = hashlib.sha256("\0".join([source, path, *_FLAGS, _machine()]).encode()).hexdigest()[:32]
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_private(folder):
            return None
        library = folder / f"{key}.so"
        if not library.exists():
            _build(path, source, library)
        function = ctypes.CDLL(str(library)).loop
    except (OSError, RuntimeError, subprocess.SubprocessError, AttributeError):
        return (
            None  # no home, nowhere to write to, no headers, a compiler that knows other flags, ...
        )
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return function


def _is_private(folder: Path) -> bool:
    """Whether nobody else can have put a library there for us to load."""
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def _build(path: str, source: str, library: Path) -> None:
    """Compile to a name of its own, then rename: processes that do the same meet no half-written file."""
    with tempfile.TemporaryDirectory(dir=library.parent) as work:
        file = Path(work, "loop.c")
        file.write_text(source)
        made = Path(work, "loop.so")
        subprocess.run(
            [path, *_FLAGS, "-shared", "-fPIC", "-o", str(made), str(file), "-lm"],
            check=True,
            capture_output=True,
            timeout=_TIMEOUT,
        )
        made.replace(library)
