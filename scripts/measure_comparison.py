"""Measure size, start-up, speed and features of funcgrad and its peers, for the home page's table.

    python scripts/measure_comparison.py [--runs N]

Run it in an environment that holds funcgrad's checkout, jax, autograd and torch. It writes
docs/data/comparison.json, from which the build of the documentation makes the table.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = {
    "funcgrad": "import funcgrad as fg; grad = fg.grad",
    "autograd": "from autograd import grad",
    "jax": "from jax import grad",
    "torch": "from torch.func import grad",
}
# What users ask for, as a program per library that fails where it cannot do it.
AUTOGRAD = "import numpy as onp, autograd.numpy as np; from autograd import grad; "
JAX = "import numpy as onp, jax, jax.numpy as np; from jax import grad; "
TORCH = "import numpy as onp, torch; from torch.func import grad; "
FUNCGRAD = "import numpy as onp, numpy as np, funcgrad as fg; from funcgrad import grad; "
FEATURES: dict[str, tuple[str, str, str, str]] = {
    "functions that say `import numpy as np`, unchanged": (
        FUNCGRAD + "grad(lambda x: onp.sum(onp.where(x > 0, onp.sin(x), x)))(onp.ones(3))",
        AUTOGRAD + "grad(lambda x: onp.sum(onp.where(x > 0, onp.sin(x), x)))(onp.ones(3))",
        JAX + "grad(lambda x: onp.sum(onp.where(x > 0, onp.sin(x), x)))(onp.ones(3))",
        TORCH + "grad(lambda x: onp.sum(onp.where(x > 0, onp.sin(x), x)))(torch.ones(3))",
    ),
    "`if` and `while` on values in a gradient": (
        FUNCGRAD + "grad(lambda x: x * x if x > 0 else x)(1.0)",
        AUTOGRAD + "grad(lambda x: x * x if x > 0 else x)(1.0)",
        JAX + "grad(lambda x: x * x if x > 0 else x)(1.0)",
        TORCH + "x = torch.tensor(1.0, requires_grad=True); (x * x if x > 0 else x).backward()",
    ),
    "`y[i] = v` on local arrays": (
        FUNCGRAD
        + "exec('def f(x):\\n y = np.zeros(3) * x\\n y[0] = x\\n return y.sum()'); grad(f)(1.0)",
        AUTOGRAD
        + "exec('def f(x):\\n y = np.zeros(3) * x\\n y[0] = x\\n return np.sum(y)'); grad(f)(1.0)",
        JAX
        + "exec('def f(x):\\n y = np.zeros(3) * x\\n y[0] = x\\n return y.sum()'); grad(f)(1.0)",
        TORCH
        + "exec('def f(x):\\n y = torch.zeros(3) * x\\n y[0] = x\\n return y.sum()'); grad(f)(torch.tensor(1.0))",
    ),
    "float64 by default": (
        FUNCGRAD + "assert np.zeros(3).dtype == 'float64'",
        AUTOGRAD + "assert np.zeros(3).dtype == 'float64'",
        JAX + "assert np.zeros(3).dtype == 'float64'",
        TORCH + "assert torch.zeros(3).dtype == torch.float64",
    ),
    "`vmap`": (
        FUNCGRAD + "fg.vmap(grad(np.sin))(np.ones(3))",
        AUTOGRAD + "from autograd import vmap",
        JAX + "jax.vmap(grad(np.sin))(np.ones(3))",
        TORCH + "torch.func.vmap(grad(torch.sin))(torch.ones(3))",
    ),
    "compiled programs": (
        FUNCGRAD + "fg.jit(np.sin)(np.ones(3))",
        AUTOGRAD + "from autograd import jit",
        JAX + "jax.jit(np.sin)(np.ones(3))",
        TORCH + "torch.compile",
    ),
    "reads as a program (jaxpr)": (
        FUNCGRAD + "fg.make_jaxpr(np.sin)(1.0)",
        AUTOGRAD + "from autograd import make_jaxpr",
        JAX + "jax.make_jaxpr(np.sin)(1.0)",
        TORCH + "import torch.fx; torch.fx.symbolic_trace(torch.nn.Tanh())",
    ),
    "sparse Hessians": (
        FUNCGRAD + "fg.sparse_hessian(lambda x: np.sum(x**3))(np.ones(3))",
        AUTOGRAD + "from autograd import sparse_hessian",
        JAX + "jax.sparse_hessian",
        TORCH + "torch.func.sparse_hessian",
    ),
}
# How long a gradient takes, as each library's documentation says to make it fast: code that leaves a call `run`.
_DATA = "rng = onp.random.default_rng(0); "
_LOGISTIC_DATA = (
    _DATA
    + "X = rng.normal(size=(1000, 50)); y = rng.integers(0, 2, 1000) * 1.0; w = onp.zeros(50); "
)
_LOSS = "np.mean(np.logaddexp(0.0, X @ w) - y * (X @ w))"
_LARGE_DATA = _DATA + "x = rng.normal(size=1_000_000); "
_LARGE = "np.sum(np.sin(x) * np.exp(-x * x))"
_X64 = "jax.config.update('jax_enable_x64', True); "
SPEED: dict[str, tuple[str, str, str, str]] = {
    "gradient of a scalar function": (
        FUNCGRAD + "g = fg.jit(grad(lambda x: np.tanh(x) * x)); run = lambda: g(1.0)",
        AUTOGRAD + "g = grad(lambda x: np.tanh(x) * x); run = lambda: g(1.0)",
        JAX
        + _X64
        + "g = jax.jit(grad(lambda x: np.tanh(x) * x)); run = lambda: g(1.0).block_until_ready()",
        TORCH + "x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True); "
        "run = lambda: torch.autograd.grad(torch.tanh(x) * x, x)",
    ),
    "gradient of a logistic loss, 1000 x 50": (
        FUNCGRAD + _LOGISTIC_DATA + f"g = fg.jit(grad(lambda w: {_LOSS})); run = lambda: g(w)",
        AUTOGRAD + _LOGISTIC_DATA + f"g = grad(lambda w: {_LOSS}); run = lambda: g(w)",
        JAX + _X64 + _LOGISTIC_DATA + "X, y = np.asarray(X), np.asarray(y); "
        f"g = jax.jit(grad(lambda w: {_LOSS})); run = lambda: g(w).block_until_ready()",
        TORCH
        + _LOGISTIC_DATA
        + "X, y = torch.tensor(X), torch.tensor(y); w = torch.tensor(w, requires_grad=True); "
        "z = torch.zeros((), dtype=torch.float64); "
        "run = lambda: torch.autograd.grad((torch.logaddexp(z, X @ w) - y * (X @ w)).mean(), w)",
    ),
    "gradient over a million elements": (
        FUNCGRAD + _LARGE_DATA + f"g = fg.jit(grad(lambda x: {_LARGE})); run = lambda: g(x)",
        AUTOGRAD + _LARGE_DATA + f"g = grad(lambda x: {_LARGE}); run = lambda: g(x)",
        JAX + _X64 + _LARGE_DATA + "x = np.asarray(x); "
        f"g = jax.jit(grad(lambda x: {_LARGE})); run = lambda: g(x).block_until_ready()",
        TORCH + _LARGE_DATA + "x = torch.tensor(x, requires_grad=True); "
        "run = lambda: torch.autograd.grad((torch.sin(x) * torch.exp(-x * x)).sum(), x)",
    ),
}
TIME = """
import timeit
timer = timeit.Timer(run)
run(), run(), run()
count, _ = timer.autorange()
print(min(timer.repeat(7, max(count // 2, 1))) / max(count // 2, 1))
"""
# Not measured, but documented by the libraries.
DOCUMENTED = {"GPUs and TPUs": ("no", "no", "yes", "yes")}
FIRST_GRADIENT = "; grad(lambda x: x * x)(3.0)"
FIRST_GRADIENT_TORCH = "; import torch; grad(lambda x: x * x)(torch.tensor(3.0))"


def requirements(name: str, seen: set[str]) -> set[str]:
    """The distribution and all that it requires on this machine, without extras."""
    key = name.lower().replace("_", "-")
    if key in seen:
        return seen
    seen.add(key)
    required_lines = ["numpy"] if name == "funcgrad" else importlib.metadata.requires(name)
    for line in required_lines or []:
        requirement, _, marker = line.partition(";")
        if "extra" in marker or "platform_system" in marker or "sys_platform" in marker:
            continue
        required = re.match(r"[\w.-]+", requirement)
        try:
            requirements(required[0], seen) if required else None
        except importlib.metadata.PackageNotFoundError:
            continue
    return seen


def installed_bytes(name: str) -> int:
    """What a distribution's files take on disk, without compiled bytecode."""
    if name == "funcgrad":
        return sum(p.stat().st_size for p in (ROOT / "funcgrad").rglob("*.py"))
    files = importlib.metadata.files(name) or []
    paths = {Path(str(f.locate())) for f in files if f.suffix != ".pyc"}
    return sum(p.stat().st_size for p in paths if p.is_file())


def version(name: str) -> str:
    if name == "funcgrad":  # from the checkout, which need not be installed
        return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return importlib.metadata.version(name)


def seconds(code: str, folder: str) -> float:
    """The processor time of a fresh interpreter for this code; unlike the clock, other programs do not slow it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": folder, "JAX_PLATFORMS": "cpu"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=folder)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, code)
    return used.ru_utime + used.ru_stime


def fastest(code: str, folder: str, runs: int) -> float:
    """The fastest after one run that fills the caches of the file system and of bytecode."""
    seconds(code, folder)
    return min(seconds(code, folder) for _ in range(runs))


def call_seconds(code: str) -> float:
    """The time of a call, the least of several series in a fresh interpreter."""
    command = [sys.executable, "-W", "ignore", "-c", code + TIME]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    return float(ended.stdout)


def works(code: str) -> bool:
    command = [sys.executable, "-c", code]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    ended = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, env=environment)
    return ended.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "funcgrad", Path(folder) / "funcgrad")
        bare = fastest("pass", folder, runs)
        numpy_seconds = fastest("import numpy", folder, runs) - bare
        for name, code in PEERS.items():
            first = FIRST_GRADIENT_TORCH if name == "torch" else FIRST_GRADIENT
            closure = sorted(requirements(name, set()))
            measured[name] = {
                "version": version(name),
                "own_bytes": installed_bytes(name),
                "total_bytes": sum(installed_bytes(each) for each in closure),
                "requires": [each for each in closure if each != name],
                "import_seconds": round(fastest(code, folder, runs) - bare, 4),
                "first_gradient_seconds": round(fastest(code + first, folder, runs) - bare, 4),
            }
            print(name, measured[name], flush=True)
    features = [
        [title, *("yes" if works(code) else "no" for code in codes)]
        for title, codes in FEATURES.items()
    ]
    features += [[title, *answers] for title, answers in DOCUMENTED.items()]
    speed = [
        [title, *(float(f"{min(call_seconds(code) for _ in range(3)):.3g}") for code in codes)]
        for title, codes in SPEED.items()
    ]
    record = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
        "date": time.strftime("%Y-%m-%d"),
        "runs": runs,
        "numpy_import_seconds": round(numpy_seconds, 4),
        "libraries": measured,
        "speed": speed,
        "features": features,
    }
    path = ROOT / "docs" / "data" / "comparison.json"
    path.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
