"""Buffer planning: which dead array's memory takes an equation's result, by liveness.

A buffer is owned by the program if the program has allocated it (or was given it, a donated argument)
and everything that may be a view of it is known; only such buffers are written to again. An operation
whose aliasing is not known pins its operands' memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var

# Below this size the allocator is as fast as reuse, and memory may wait for the end of the program.
_POOLED_BYTES = 1 << 14


class Storage(NamedTuple):
    """What an equation does with memory.

    Attributes:
        kind: FRESH allocates results, VIEW may return a view of the first operand, UNKNOWN of any.
        out: whether results can be written to given memory.
        over: pairs (result k, operand) where result k may be written over the operand as it is read.
    """

    kind: str
    out: bool = False
    over: tuple[tuple[int, Var], ...] = ()


FRESH, VIEW, UNKNOWN = "fresh", "view", "unknown"


class Plan(NamedTuple):
    """Where results go.

    Attributes:
        outs: by (equation, result), the variable whose memory takes the result.
        dead: by equation, large variables to forget after it.
        roots: for each array the variable that its memory was made for.
        owned: the roots that the program may return without a copy, once each.
        last_use: of each root, the last equation that reads it or a view of it; infinity for results.
    """

    outs: dict[tuple[int, int], Var]
    dead: dict[int, list[Var]]
    roots: dict[Var, Var]
    owned: set[Var]
    last_use: dict[Var, float]


class _Planner:
    """Goes over the equations once, keeping track of who owns what."""

    def __init__(self, jaxpr: Jaxpr, storages: list[Storage], donated: frozenset[Var]) -> None:
        self.jaxpr = jaxpr
        self.storages = storages
        roots, self.pinned = _aliases(jaxpr, storages)
        self.plan = Plan(
            {}, {}, roots, {v for v in donated if v.aval.shape}, _last_uses(jaxpr, roots)
        )
        self.plan.owned.difference_update(self.pinned)
        # Results that are still to be made, by type: memory that nobody will want is given back.
        self.wanted = Counter(
            _type(v)
            for eqn, storage in zip(jaxpr.eqns, storages, strict=True)
            if storage.out
            for v in eqn.outvars
        )
        self.free: dict[Any, list[Var]] = defaultdict(list)
        # All names of a buffer; to forget it is to forget all of them.
        self.names: dict[Var, list[Var]] = defaultdict(list)

    def run(self) -> Plan:
        for i, (eqn, storage) in enumerate(zip(self.jaxpr.eqns, self.storages, strict=True)):
            dying = self._dying(i, eqn.invars)
            if storage.out or storage.over:
                for k, out in enumerate(eqn.outvars):
                    if out.aval.shape:
                        self._place(i, k, out, storage, dying)
            for var in eqn.outvars:
                if var.aval.shape:
                    root = self.plan.roots[var]
                    self.names[root].append(var)
                    if storage.kind is FRESH and var not in self.pinned:
                        self.plan.owned.add(var)
                    if self.plan.last_use[root] <= i:
                        dying.setdefault(root)
            for root in dying:
                self._retire(i, root)
        return self.plan

    def _dying(self, i: int, atoms: Iterable[Any]) -> dict[Var, None]:
        roots, last_use = self.plan.roots, self.plan.last_use
        read = [roots[a] for a in atoms if type(a) is Var and a in roots]
        return dict.fromkeys(root for root in read if last_use[root] == i)

    def _place(self, i: int, k: int, out: Var, storage: Storage, dying: dict[Var, None]) -> None:
        """Find memory for a result."""
        kind = _type(out)
        if storage.out:
            self.wanted[kind] -= 1
        for result, operand in storage.over:
            root = self.plan.roots.get(operand)
            if result == k and _type(operand) == kind and root in dying and self._whole(operand):
                del dying[root]
                break
        else:
            if not storage.out or not self.free[kind]:
                return
            operand = root = self.free[kind].pop()
        self.plan.outs[i, k] = operand
        self.plan.owned.discard(root)
        self.names[out] = self.names.pop(root, [])

    def _whole(self, operand: Var) -> bool:
        """Whether an operand is a buffer of the program's own, or a view of all of one."""
        root = self.plan.roots[operand]
        same = root.aval.size == operand.aval.size and root.aval.dtype == operand.aval.dtype
        return same and root in self.plan.owned

    def _retire(self, i: int, root: Var) -> None:
        """Keep the memory of a dead array for a later result, or give it back."""
        kind, large = _type(root), root.aval.nbytes >= _POOLED_BYTES
        if root in self.plan.owned and large and self.wanted[kind] > len(self.free[kind]):
            self.free[kind].append(root)
        else:
            gone = self.names.pop(root, [])
            if gone and large:
                self.plan.dead.setdefault(i, []).extend(gone)


def plan_buffers(
    jaxpr: Jaxpr, storage: Callable[[Equation], Storage], donated: frozenset[Var] = frozenset()
) -> Plan:
    """Plan the memory of a program that runs the equations in order."""
    return _Planner(jaxpr, [storage(eqn) for eqn in jaxpr.eqns], donated).run()


def peak_bytes(jaxpr: Jaxpr, plan: Plan) -> int:
    """The most bytes that arrays made by the program hold at one time."""
    buffer_of: dict[Var, int] = {}  # the buffer of each root
    sizes: list[int] = []
    births: list[int] = []
    deaths: list[float] = []
    for i, eqn in enumerate(jaxpr.eqns):
        for k, var in enumerate(eqn.outvars):
            root = plan.roots.get(var, var)
            if root is not var:
                continue
            target = plan.outs.get((i, k))
            target = plan.roots.get(target, target) if target is not None else None
            if target is not None and target in buffer_of:
                buffer_of[var] = buffer_of[target]
            elif target is None:
                buffer_of[var] = len(sizes)
                sizes.append(var.aval.nbytes)
                births.append(i)
                deaths.append(i)
            else:
                continue  # in the memory of a donated argument
            buffer = buffer_of[var]
            deaths[buffer] = max(deaths[buffer], plan.last_use.get(root, i))
    change = Counter({0: 0})
    for size, birth, death in zip(sizes, births, deaths, strict=True):
        change[birth] += size
        if death < len(jaxpr.eqns):
            change[int(death) + 1] -= size
    live = peak = 0
    for i in sorted(change):
        live += change[i]
        peak = max(peak, live)
    return peak


def _type(var: Var) -> tuple[Any, Any]:
    return (var.aval.shape, var.aval.dtype)


def _aliases(jaxpr: Jaxpr, storages: list[Storage]) -> tuple[dict[Var, Var], set[Var]]:
    """For each array the one whose memory it may share, and those that may share with several."""
    roots: dict[Var, Var] = {v: v for v in jaxpr.invars if v.aval.shape}
    pinned: set[Var] = set()
    for eqn, storage in zip(jaxpr.eqns, storages, strict=True):
        unknown = storage.kind is UNKNOWN
        if unknown:
            pinned.update(roots[a] for a in eqn.invars if type(a) is Var and a in roots)
        first: Any = eqn.invars[0] if eqn.invars else None
        shares = storage.kind is VIEW and type(first) is Var and first in roots
        for var in eqn.outvars:
            if var.aval.shape:
                roots[var] = roots[first] if shares else var
                if unknown:
                    pinned.add(var)
    return roots, pinned


def _last_uses(jaxpr: Jaxpr, roots: dict[Var, Var]) -> dict[Var, float]:
    last: dict[Var, float] = {roots[v]: -1 for v in jaxpr.invars if v in roots}
    for i, eqn in enumerate(jaxpr.eqns):
        for atom in (*eqn.invars, *eqn.outvars):
            if type(atom) is not Literal and atom in roots:
                last[roots[atom]] = i
    for atom in jaxpr.outvars:
        if type(atom) is Var and atom in roots:
            last[roots[atom]] = float("inf")
    return last
