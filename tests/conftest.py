"""Settings for all tests: jaxprs are checked after every transform, JAX computes in float64."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Read when NumPy is first imported. Matrices are tiny and the workers of xdist use all processors already:
# threads of BLAS would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Read when JAX is first imported. Its programs are tiny and run once, so optimising them is a waste.
os.environ["XLA_FLAGS"] = " ".join(
    [
        os.environ.get("XLA_FLAGS", ""),
        "--xla_backend_optimization_level=0",
        "--xla_llvm_disable_expensive_passes=true",
        "--xla_cpu_multi_thread_eigen=false",
    ]
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parent.parent / ".cache/jax"))
os.environ.setdefault("FUNCGRAD_CACHE_DIR", str(Path(__file__).parent.parent / ".cache/loops"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import hypothesis
import pytest

from funcgrad.core.config import config

# The same examples in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
PHASES = [phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain]
hypothesis.settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, print_blob=False, phases=PHASES
)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000, phases=PHASES)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

sys.setrecursionlimit(1000)  # so that recursion over a program's length shows


@pytest.fixture(autouse=True)
def _check_jaxprs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "check_jaxprs", True)
