"""Run all benchmarks: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import fresh, report
from benchmarks.peers import PEERS
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parent.parent


def log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def load() -> float:
    """How many processes want to run, on average over a minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


class Peer:
    """The process of one library."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, workload: str, seconds: float) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        print(
            json.dumps({"workload": workload, "seconds": seconds}),
            file=self.process.stdin,
            flush=True,
        )
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the process ended"}

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=30)


def run(
    names: list[str], peers: list[str], rounds: int, seconds: float
) -> dict[str, dict[str, float]]:
    """Median times by workload and peer."""
    results: dict[str, dict[str, float]] = {}
    for name in names:
        skipped = WORKLOADS[name].skip
        processes = [Peer(peer) for peer in peers if peer not in skipped]
        times: dict[str, list[float]] = {}
        checks: dict[str, list[float]] = {}
        for _ in range(rounds):
            for peer in list(processes):
                answer = peer.ask(name, seconds)
                if "error" in answer:
                    log(f"{name}, {peer.name}: {answer['error']}")
                    processes.remove(peer)
                    peer.close()
                    continue
                times.setdefault(peer.name, []).append(answer["time"])
                if "checks" in answer:
                    checks[peer.name] = answer["checks"]
        for peer in processes:
            peer.close()
        _compare(name, checks)
        results[name] = {peer: statistics.median(values) for peer, values in times.items()}
        log(f"{name}: " + ", ".join(f"{p} {report.duration(t)}" for p, t in results[name].items()))
    return results


def _compare(name: str, checks: dict[str, list[float]]) -> None:
    """Peers that compute something else have no place in the table."""
    if not checks:
        return
    first, expected = next(iter(checks.items()))
    for peer, found in checks.items():
        scale = max(1.0, *map(abs, expected))
        if any(abs(a - b) > 1e-5 * scale for a, b in zip(found, expected, strict=True)):
            raise SystemExit(f"{name}: {peer} computes {found}, {first} computes {expected}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS), metavar="WORKLOAD"
    )
    parser.add_argument(
        "--peers", nargs="+", default=list(PEERS), choices=list(PEERS), metavar="PEER"
    )
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.2, help="per workload, peer and round")
    parser.add_argument(
        "--no-fresh", action="store_true", help="leave out what needs fresh processes"
    )
    parser.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.md and its plot"
    )
    args = parser.parse_args()
    start = time.perf_counter()
    before = load()
    results = run(args.only, args.peers, args.rounds, args.seconds)
    measured: dict[str, Any] = {}
    if not args.no_fresh:
        loops = [
            p for p in ("funcgrad", "funcgrad.jit", "autograd", "jax", "jax.jit") if p in args.peers
        ]
        measured["first"] = fresh.first_gradients(args.rounds, log)
        measured["unrolled"] = {
            steps: fresh.unrolled(steps, loops if steps <= 200 else loops[:3], log)
            for steps in (20, 200, 2000)
        }
        peers = [p for p in ("numpy", "funcgrad.jit", "autograd", "jax.jit") if p in args.peers]
        measured["memory"] = {
            name: fresh.peak_memory(str(ROOT), name, peers, log)
            for name in ("polynomial", "transcendental", "black-scholes", "n-body", "attention")
        }
    loads = f"Load of the machine: {before:.1f} before the run, {load():.1f} after it."
    text = report.page(results, measured, loads)
    print(text)
    log(f"{time.perf_counter() - start:.0f} seconds in all")
    if args.write:
        page, plot = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "assets" / "benchmarks.svg"
        plot.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        plot.write_text(report.plot(results), encoding="utf-8")


if __name__ == "__main__":
    main()
