"""The configuration: the only global state of funcgrad."""

from __future__ import annotations

import os
from typing import Any

from funcgrad.core.errors import ArgumentError


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() not in (
        "0",
        "",
        "false",
        "off",
        "no",
    )


def _n_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _n_threads(value: Any) -> int:
    """A number of threads that somebody asked for, validated."""
    try:
        number = int(value)
        if number == float(value) and number >= 1:
            return number
    except (TypeError, ValueError):
        pass
    raise ArgumentError(
        f"num_threads (FUNCGRAD_NUM_THREADS) must be a whole number of at least 1, not {value!r}"
    )


_JAX_NAMES = {
    "jax_debug_nans": "debug_nans",
    "jax_debug_infs": "debug_infs",
    "jax_disable_jit": "disable_jit",
    "jax_enable_checks": "check_jaxprs",
}


class Config:
    """Settings, read at call time. Each starts from an environment variable.

    Attributes:
        check_jaxprs: validate every jaxpr after every transform and pass (`FUNCGRAD_CHECK_JAXPRS`).
        traceback_filtering: hide funcgrad's own frames in tracebacks (`FUNCGRAD_TRACEBACK_FILTERING`).
        debug_nans: raise `NonFiniteError` at the first equation that makes a NaN, in the forward or backward
            pass (`FUNCGRAD_DEBUG_NANS`). Everything then runs in the interpreter.
        debug_infs: the same for infinities (`FUNCGRAD_DEBUG_INFS`).
        disable_jit: run functions made by `jit` as plain Python (`FUNCGRAD_DISABLE_JIT`).
        native_loops: compile loops of small operations with the system's C compiler, if there is one
            (`FUNCGRAD_NATIVE_LOOPS`). What was compiled is kept in `FUNCGRAD_CACHE_DIR` (`~/.cache/funcgrad`).
        manage_blas_threads: keep OpenBLAS to one thread while a program runs, and share large products out among
            funcgrad's own threads (`FUNCGRAD_MANAGE_BLAS_THREADS`); other kinds of BLAS are left alone.
        warn_zero_gradients: warn of each argument whose gradient is zero because something stops the derivative, with
            the lines that do, as `fg.why_zero` (`FUNCGRAD_WARN_ZERO_GRADIENTS`). It computes everything once more.
        num_threads: how many threads share large elementwise work (`FUNCGRAD_NUM_THREADS`); the number of
            usable processors by default. Results do not depend on it.
    """

    __slots__ = (
        "_num_threads",
        "check_jaxprs",
        "debug_infs",
        "debug_nans",
        "disable_jit",
        "manage_blas_threads",
        "native_loops",
        "traceback_filtering",
        "warn_zero_gradients",
    )

    def __init__(self) -> None:
        self.check_jaxprs = _flag("FUNCGRAD_CHECK_JAXPRS", False)
        self.traceback_filtering = _flag("FUNCGRAD_TRACEBACK_FILTERING", True)
        self.debug_nans = _flag("FUNCGRAD_DEBUG_NANS", False)
        self.debug_infs = _flag("FUNCGRAD_DEBUG_INFS", False)
        self.disable_jit = _flag("FUNCGRAD_DISABLE_JIT", False)
        self.native_loops = _flag("FUNCGRAD_NATIVE_LOOPS", True)
        self.manage_blas_threads = _flag("FUNCGRAD_MANAGE_BLAS_THREADS", True)
        self.warn_zero_gradients = _flag("FUNCGRAD_WARN_ZERO_GRADIENTS", False)
        given = os.environ.get("FUNCGRAD_NUM_THREADS")
        self._num_threads = _n_processors() if given is None else _n_threads(given)

    def update(self, name: str, value: object) -> None:
        """Set a setting by its name, or by JAX's name for it (`jax_debug_nans`).

        Settings of JAX's that choose devices, precision or logs are accepted without effect.
        """
        name = _JAX_NAMES.get(name, name)
        if name in self.__slots__ or name == "num_threads":
            setattr(self, name, value)
        elif name == "jax_enable_x64" and not value:
            raise ArgumentError(
                "jax_enable_x64=False: dtypes are NumPy's; give arrays of float32 to compute in float32"
            )
        elif not name.startswith("jax_"):
            raise AttributeError(f"there is no setting {name!r}")

    def read(self, name: str) -> object:
        """A setting by its name, or by JAX's name for it."""
        if name == "jax_enable_x64":
            return True
        return getattr(self, _JAX_NAMES.get(name, name))

    @property
    def num_threads(self) -> int:
        return self._num_threads

    @num_threads.setter
    def num_threads(self, value: int) -> None:
        self._num_threads = _n_threads(value)


config = Config()
