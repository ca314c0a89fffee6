"""What a program will cost: operations, traffic and memory, from its equations."""

from __future__ import annotations

from typing import NamedTuple

from funcgrad.compile.buffers import peak_bytes, plan_buffers
from funcgrad.compile.costs import flops_of, is_transcendental
from funcgrad.compile.storage import storage_of
from funcgrad.core.jaxpr import Jaxpr, Var


class MemoryAnalysis(NamedTuple):
    """Sizes in bytes, under the names that JAX gives them.

    Attributes:
        argument_size_in_bytes: of all inputs.
        output_size_in_bytes: of all results.
        alias_size_in_bytes: of donated inputs, whose memory results may take.
        temp_size_in_bytes: the most that intermediate results hold at one time, besides the results.
        peak_memory_in_bytes: arguments, results and intermediates at the worst moment.
        generated_code_size_in_bytes: of the source.
    """

    argument_size_in_bytes: int
    output_size_in_bytes: int
    alias_size_in_bytes: int
    temp_size_in_bytes: int
    peak_memory_in_bytes: int
    generated_code_size_in_bytes: int


def cost_analysis(jaxpr: Jaxpr) -> dict[str, float]:
    """Operations, transcendental functions, and bytes that move between memory and equations."""
    flops = transcendentals = moved = n_equations = 0
    for eqn in jaxpr.eqns:
        moved += sum(a.aval.nbytes for a in eqn.invars if type(a) is Var)
        moved += sum(v.aval.nbytes for v in eqn.outvars)
        for inner in eqn.params["jaxpr"].eqns if eqn.primitive.name == "fused" else (eqn,):
            n_equations += 1
            if is_transcendental(inner):
                transcendentals += inner.outvars[0].aval.size
            else:
                flops += flops_of(inner)
    return {
        "flops": float(flops),
        "transcendentals": float(transcendentals),
        "bytes accessed": float(moved),
        "equations": float(n_equations),
    }


def memory_analysis(
    jaxpr: Jaxpr, donated: frozenset[Var] = frozenset(), code_size: int = 0
) -> MemoryAnalysis:
    """The memory that the buffer plan of an optimised jaxpr needs."""
    plan = plan_buffers(jaxpr, storage_of, donated)
    peak = peak_bytes(jaxpr, plan)
    arguments = sum(v.aval.nbytes for v in jaxpr.invars)
    outputs = sum(a.aval.nbytes for a in jaxpr.outvars)
    made = {plan.roots.get(a, a) for a in jaxpr.outvars if type(a) is Var} - set(jaxpr.invars)
    results = sum(root.aval.nbytes for root in made if root not in donated)
    alias = sum(v.aval.nbytes for v in donated)
    return MemoryAnalysis(
        arguments,
        outputs,
        alias,
        max(0, peak - results),
        arguments + max(peak, outputs - alias),
        code_size,
    )
