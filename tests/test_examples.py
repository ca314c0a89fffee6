"""Each example runs as a user runs it, and prints what the documentation says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name, *args):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=EXAMPLES.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_linear_regression():
    assert run("linear_regression.py").splitlines() == [
        "Epoch 20: Loss = 2.3416, w = 0.6630, b = 0.3662",
        "Epoch 40: Loss = 1.0303, w = 1.1058, b = 0.5999",
        "Epoch 60: Loss = 0.4566, w = 1.4017, b = 0.7487",
        "Epoch 80: Loss = 0.2051, w = 1.5996, b = 0.8432",
        "Epoch 100: Loss = 0.0947, w = 1.7320, b = 0.9030",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "f(2) = 11, f'(2) = 7",
        "loss = 35, gradient = [5. 7. 9.]",
        "y = 6, z = 48",
        "dz/dx = 98, dz/da = 14, dz/db = 14",
        "after pass 1: 2",
        "after pass 2: 4",
        "after pass 3: 6",
        "cleared: 0",
        "d/dx of x * stop_gradient(x) at 3: 3",
        "round(2.6)**2 = 9, its straight-through gradient = 6",
    ],
)
def test_from_pytorch(line, lesson):
    assert line in lesson


@pytest.fixture(scope="module")
def lesson():
    return run("from_pytorch.py").splitlines()


def test_digits(tmp_path):
    pytest.importorskip("matplotlib")  # for the picture
    output = run("digits.py", "--plot", str(tmp_path / "surprises.png"))
    accuracy = float(re.search(r"accuracy on held-out images: ([\d.]+)%", output).group(1))
    assert accuracy >= 97.0
    assert output.count("seen as") == 10
    assert (tmp_path / "surprises.png").stat().st_size > 10_000
