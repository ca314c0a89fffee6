"""The benchmarks run, and what they measure is right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report
from benchmarks.peers import prepare
from benchmarks.worker import flat
from benchmarks.workloads import WORKLOADS

_SMALL = (
    "scalar",
    "vector",
    "rosenbrock",
    "rosenbrock-hessian",
    "mlp-small",
    "per-example",
    "digits",
    "jacobian",
)


@pytest.mark.parametrize("name", _SMALL)
def test_peers_compute_what_the_expert_wrote(name: str) -> None:
    expected = flat(prepare("numpy", WORKLOADS[name])())
    for peer in ("funcgrad", "funcgrad.jit"):
        call = prepare(peer, WORKLOADS[name])
        for _ in range(3):
            np.testing.assert_allclose(flat(call()), expected, rtol=1e-8, atol=1e-10)


def test_the_command_runs() -> None:
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "benchmarks",
                "--only",
                "vector",
                "--peers",
                "numpy",
                "funcgrad.jit",
            ),
            *("--rounds", "1", "--seconds", "0.01", "--no-fresh"),
        ],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "gradient on 10 numbers" in done.stdout


def test_plot_and_page() -> None:
    results = {"vector": {"numpy": 1e-6, "funcgrad.jit": 2e-6, "jax.jit": 8e-6}}
    assert report.plot(results).startswith("<svg")
    assert "| gradient on 10 numbers | 0.5 | 4 |" in report.page(results, {}, "")
