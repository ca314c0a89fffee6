"""One script per peer for what only a fresh process can show: start-up, first calls, long programs, memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

_FIRST = {
    "numpy": "import numpy as np\nx = np.linspace(0, 1, 10)\nnp.cos(x) * x + np.sin(x)",
    "funcgrad": "import numpy as np, funcgrad as fg\n"
    "fg.grad(lambda x: np.sum(np.sin(x) * x))(np.linspace(0, 1, 10))",
    "autograd": "import autograd, autograd.numpy as np\n"
    "autograd.grad(lambda x: np.sum(np.sin(x) * x))(np.linspace(0, 1, 10))",
    "jax": "import jax, jax.numpy as np\n"
    "jax.block_until_ready(jax.grad(lambda x: np.sum(np.sin(x) * x))(np.linspace(0, 1, 10)))",
    "jax.jit": "import jax, jax.numpy as np\n"
    "jax.block_until_ready(jax.jit(jax.grad(lambda x: np.sum(np.sin(x) * x)))(np.linspace(0, 1, 10)))",
    "torch": "import torch\nx = torch.linspace(0, 1, 10, requires_grad=True)\n"
    "torch.sum(torch.sin(x) * x).backward()",
}

_LOOP = """
import time
{imports}
def loss(x):
    for _ in range({steps}):
        x = np.sin(x) * 1.1 + 0.1 * x * x
    return np.sum(x)
x = np.linspace(0, 1, 5)
start = time.perf_counter()
{call}
print(time.perf_counter() - start)
"""
_LOOP_PEERS = {
    "funcgrad": ("import numpy as np, funcgrad as lib", "lib.grad(loss)(x)"),
    "funcgrad.jit": ("import numpy as np, funcgrad as lib", "lib.jit(lib.grad(loss))(x)"),
    "autograd": ("import autograd.numpy as np, autograd as lib", "lib.grad(loss)(x)"),
    "jax": ("import jax.numpy as np, jax as lib", "lib.block_until_ready(lib.grad(loss)(x))"),
    "jax.jit": (
        "import jax.numpy as np, jax as lib",
        "lib.block_until_ready(lib.jit(lib.grad(loss))(x))",
    ),
}

_MEMORY = """
import resource, sys
sys.path.insert(0, {root!r})
from benchmarks.peers import prepare
from benchmarks.workloads import WORKLOADS
import numpy as np
call = prepare({peer!r}, WORKLOADS[{workload!r}])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
for _ in range(3):
    result = call()
print(peak() - before)
"""


def _run(code: str) -> tuple[float, str]:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stderr.strip().split("\n")[-1][:200])
    return seconds, done.stdout.strip()


def first_gradients(rounds: int, log: Any) -> dict[str, float]:
    """Seconds from the start of Python to the end of a first gradient; the least of all rounds."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for peer, code in _FIRST.items():
            try:
                best[peer] = min(best.get(peer, 1e9), _run(code)[0])
            except Exception as error:
                log(f"first gradient, {peer}: {error}")
    return best


def unrolled(steps: int, peers: list[str], log: Any) -> dict[str, float]:
    """Seconds of a first gradient through a loop of this many steps."""
    seconds = {}
    for peer in peers:
        imports, call = _LOOP_PEERS[peer]
        try:
            seconds[peer] = float(_run(_LOOP.format(imports=imports, call=call, steps=steps))[1])
        except Exception as error:
            log(f"{steps} steps, {peer}: {error}")
    return seconds


def peak_memory(root: str, workload: str, peers: list[str], log: Any) -> dict[str, float]:
    """MiB that calls need beyond the arguments."""
    mebibytes = {}
    for peer in peers:
        try:
            code = _MEMORY.format(root=root, peer=peer, workload=workload)
            mebibytes[peer] = float(json.loads(_run(code)[1]))
        except Exception as error:
            log(f"memory of {workload}, {peer}: {error}")
    return mebibytes
