"""The process of one peer: reads names of workloads, writes times.

It is told which workload to run and for how long, and answers with one line of JSON; so the parent
can take turns between peers, and noise of the machine meets all of them alike.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from benchmarks.peers import prepare
from benchmarks.workloads import WORKLOADS


def flat(result: Any) -> Any:
    """A result as one vector of numbers, to compare peers by."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        return np.concatenate([np.zeros(0), *[flat(item) for item in result]])
    if hasattr(result, "detach"):
        result = result.detach().numpy()
    return np.asarray(result, dtype=float).ravel()


def measure(call: Any, seconds: float) -> tuple[float, int]:
    """The median time of a call, and how many calls were made."""
    start = time.perf_counter()
    call()
    once = time.perf_counter() - start
    # Calls that are too short for the clock are timed in batches.
    batch = max(1, min(1000, int(2e-4 / max(once, 1e-7))))
    times = []
    end = time.perf_counter() + seconds
    least = 3 if once < 0.3 else 1  # of slow calls there is one in each round
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(batch):
            call()
        times.append((time.perf_counter() - start) / batch)
    return float(np.median(times)), len(times) * batch


def main() -> None:
    peer = sys.argv[1]
    calls: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name, seconds = request["workload"], request["seconds"]
        answer: dict[str, Any] = {"peer": peer, "workload": name}
        try:
            if name not in calls:
                start = time.perf_counter()
                calls[name] = prepare(peer, WORKLOADS[name])
                vector = flat(calls[name]())
                answer["first"] = time.perf_counter() - start
                # The sum and a weighted sum tell results apart without sending them.
                weights = np.cos(np.arange(vector.size))
                answer["checks"] = [float(vector.sum()), float(weights @ vector), int(vector.size)]
                for _ in range(3):
                    calls[name]()
            answer["time"], answer["calls"] = measure(calls[name], seconds)
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
