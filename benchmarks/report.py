"""The page of the documentation that shows the results."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.workloads import WORKLOADS

SHOWN = ("numpy", "funcgrad", "funcgrad.jit", "autograd", "jax", "jax.jit", "torch")


def machine() -> str:
    """Processor, number of cores, Python and libraries."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [
            line.split(":")[1].strip()
            for line in info.read_text().split("\n")
            if "model name" in line
        ]
        name = models[0] if models else name
    versions = []
    for package in ("numpy", "scipy", "autograd", "jax", "torch"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, Python {platform.python_version()}, {', '.join(versions)}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def ratio(times: dict[str, float], of: str, to: str) -> float | None:
    """How many times faster `of` is than `to`."""
    return times[to] / times[of] if of in times and to in times else None


def _mean(ratios: list[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def page(results: dict[str, dict[str, float]], fresh: dict[str, Any], load: str) -> str:
    """The page, in Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks`. Each library runs in a process of its own; they take turns, round by",
        "round, and the table shows the median over all rounds of the median time of a call. All compute in",
        "float64. *NumPy* is the derivative written by hand.",
        "",
        f"Machine: {machine()}. {load} The more other processes run, the less the ratios mean.",
        "",
        "How fast a gradient is next to these libraries also stands in the [table on the home",
        "page](index.md#compared), and [Performance](tutorials/performance.md) says what makes programs fast.",
        "",
        "## Times",
        "",
        "| workload | " + " | ".join(SHOWN) + " |",
        "| --- |" + " ---: |" * len(SHOWN),
    ]
    for name, times in results.items():
        cells = [duration(times.get(peer)) for peer in SHOWN]
        lines.append(f"| {WORKLOADS[name].title} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## How many times faster",
        "",
        "![How many times faster funcgrad.jit is than NumPy by hand and than jax.jit](assets/benchmarks.svg)",
        "",
    ]
    pairs = (
        ("funcgrad.jit", "numpy"),
        ("funcgrad.jit", "jax.jit"),
        ("funcgrad", "autograd"),
        ("funcgrad", "jax"),
    )
    lines.append("| workload | " + " | ".join(f"{a} over {b}" for a, b in pairs) + " |")
    lines.append("| --- |" + " ---: |" * len(pairs))
    columns: list[list[float]] = [[] for _ in pairs]
    for name, times in results.items():
        cells = []
        for column, (a, b) in zip(columns, pairs, strict=True):
            found = ratio(times, a, b)
            cells.append("–" if found is None else f"{found:.2g}")
            if found is not None:
                column.append(found)
        lines.append(f"| {WORKLOADS[name].title} | " + " | ".join(cells) + " |")
    means = " | ".join(f"**{_mean(column):.2g}**" if column else "–" for column in columns)
    lines.append(f"| geometric mean | {means} |")
    lines += _fresh_section(fresh)
    return "\n".join(lines) + "\n"


def _fresh_section(fresh: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if fresh.get("first"):
        lines += [
            "",
            "## A first gradient in a fresh process",
            "",
            "From the start of Python to the result.",
            "",
        ]
        lines += ["| library | time |", "| --- | ---: |"]
        lines += [f"| {peer} | {duration(t)} |" for peer, t in fresh["first"].items()]
    if fresh.get("unrolled"):
        lines += ["", "## A first gradient through an unrolled loop", ""]
        peers = list(dict.fromkeys(p for times in fresh["unrolled"].values() for p in times))
        lines += ["| steps | " + " | ".join(peers) + " |", "| ---: |" + " ---: |" * len(peers)]
        for steps, times in fresh["unrolled"].items():
            lines.append(f"| {steps} | " + " | ".join(duration(times.get(p)) for p in peers) + " |")
    if fresh.get("memory"):
        lines += ["", "## Peak memory of a call", "", "Beyond the arguments, in MiB.", ""]
        peers = list(dict.fromkeys(p for sizes in fresh["memory"].values() for p in sizes))
        lines += ["| workload | " + " | ".join(peers) + " |", "| --- |" + " ---: |" * len(peers)]
        for name, sizes in fresh["memory"].items():
            cells = [f"{sizes[p]:.0f}" if p in sizes else "–" for p in peers]
            lines.append(f"| {WORKLOADS[name].title} | " + " | ".join(cells) + " |")
    return lines


def plot(results: dict[str, dict[str, float]]) -> str:
    """Bars on a logarithmic scale: how many times faster funcgrad.jit is, as SVG."""
    width, label, row = 720, 200, 34
    span, low, high = width - label - 60, -1.0, 2.0  # tenth to hundredfold

    def place(value: float) -> float:
        return label + span * (min(max(math.log10(value), low), high) - low) / (high - low)

    parts = []
    for exponent in range(int(low), int(high) + 1):
        x, height = place(10.0**exponent), row * len(results) + 30
        colour = "#444" if exponent == 0 else "#ccc"
        parts.append(f'<line x1="{x:.0f}" y1="24" x2="{x:.0f}" y2="{height}" stroke="{colour}"/>')
        parts.append(f'<text x="{x:.0f}" y="16" text-anchor="middle">{10.0**exponent:g}x</text>')
    for i, (name, times) in enumerate(results.items()):
        y = 30 + row * i
        parts.append(f'<text x="{label - 8}" y="{y + 17}" text-anchor="end">{name}</text>')
        for k, (peer, colour) in enumerate((("numpy", "#4c72b0"), ("jax.jit", "#dd8452"))):
            value = ratio(times, "funcgrad.jit", peer)
            if value is None:
                continue
            start, end = sorted((place(1.0), place(value)))
            top = y + 3 + 12 * k
            parts.append(
                f'<rect x="{start:.1f}" y="{top}" width="{max(end - start, 1):.1f}" height="11" fill="{colour}"/>'
            )
            parts.append(
                f'<text x="{place(value) + 4:.1f}" y="{top + 10}" font-size="10">{value:.2g}</text>'
            )
    bottom = 30 + row * len(results) + 14
    parts.append(
        f'<text x="{label}" y="{bottom}"><tspan fill="#4c72b0">■ than NumPy by hand</tspan>  '
        '<tspan fill="#dd8452">■ than jax.jit</tspan></text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 10}" '
        'font-family="sans-serif" font-size="12">\n'
        + f'<rect width="{width}" height="{bottom + 10}" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
