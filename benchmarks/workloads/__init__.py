"""All workloads."""

from __future__ import annotations

from benchmarks.workload import Workload
from benchmarks.workloads import arrays, fitting, networks, science, small

WORKLOADS: dict[str, Workload] = {
    w.name: w for module in (small, networks, fitting, arrays, science) for w in module.WORKLOADS
}
