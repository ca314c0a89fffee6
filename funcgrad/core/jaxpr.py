"""Jaxprs: programs as data.

A `Jaxpr` is a pure function in A-normal form: constants and inputs, a sequence of equations, each of
which applies a primitive to atoms (variables or literals) and binds new variables, and outputs. It
is immutable. `memo` holds what was derived from it (its linearization, its compiled program), so
that a bounded cache of jaxprs bounds everything that hangs on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, final

import numpy as np

from funcgrad.core.printer import format_equation, format_jaxpr, html_jaxpr
from funcgrad.core.source import locate
from funcgrad.core.types import ShapedArray, aval_of

if TYPE_CHECKING:
    from funcgrad.core.primitive import Primitive
    from funcgrad.core.source import Source

T = TypeVar("T")


@final  # so that `type(atom) is Literal` tells type checkers what the other case is
class Var:
    """A variable of a jaxpr; identity is its name."""

    __slots__ = ("aval",)

    def __init__(self, aval: ShapedArray) -> None:
        self.aval = aval

    def __repr__(self) -> str:
        return f"Var({id(self) % 100_000}):{self.aval}"


@final
class Literal:
    """A constant that stands in an equation: a scalar, or an array that a rule made."""

    __slots__ = ("aval", "val")

    def __init__(self, val: Any, aval: ShapedArray | None = None) -> None:
        self.val = val
        self.aval = aval_of(val) if aval is None else aval

    def __repr__(self) -> str:
        return f"{self.val}:{self.aval}"


Atom = Var | Literal


class Equation:
    """`outvars = primitive[params] invars`, with its effects and the user's line it comes from."""

    __slots__ = ("effects", "invars", "outvars", "params", "primitive", "source")

    def __init__(
        self,
        primitive: Primitive,
        invars: tuple[Atom, ...],
        outvars: tuple[Var, ...],
        params: dict[str, Any],
        source: Source | None = None,
        effects: frozenset[str] = frozenset(),
    ) -> None:
        self.primitive = primitive
        self.invars = invars
        self.outvars = outvars
        self.params = params
        self.source = source
        self.effects = effects

    def replace(self, **changes: Any) -> Equation:
        fields = {name: getattr(self, name) for name in Equation.__slots__}
        return Equation(**(fields | changes))

    def __reduce__(self) -> Any:
        # A code object cannot be pickled; the line that it stands for can.
        fields = {name: getattr(self, name) for name in Equation.__slots__}
        return _make_equation, (fields | {"source": locate(self.source)},)

    def __repr__(self) -> str:
        return format_equation(self)


class Jaxpr:
    """A program: `constvars; invars -> eqns -> outvars`. Immutable.

    >>> import numpy as np, funcgrad as fg
    >>> jaxpr = fg.make_jaxpr(lambda x: np.sin(x) * 2.0)(1.0).jaxpr
    >>> [eqn.primitive.name for eqn in jaxpr.eqns]
    ['sin', 'mul']
    """

    __slots__ = ("__weakref__", "_memo", "constvars", "eqns", "invars", "outvars")

    def __init__(
        self,
        constvars: Sequence[Var],
        invars: Sequence[Var],
        outvars: Sequence[Atom],
        eqns: Sequence[Equation],
    ) -> None:
        self.constvars = tuple(constvars)
        self.invars = tuple(invars)
        self.outvars = tuple(outvars)
        self.eqns = tuple(eqns)
        self._memo: dict[Any, Any] = {}

    @property
    def in_avals(self) -> tuple[ShapedArray, ...]:
        return tuple(v.aval for v in self.invars)

    @property
    def out_avals(self) -> tuple[ShapedArray, ...]:
        return tuple(v.aval for v in self.outvars)

    @property
    def effects(self) -> frozenset[str]:
        return frozenset(effect for eqn in self.eqns for effect in eqn.effects)

    def replace(self, **changes: Any) -> Jaxpr:
        fields = {name: getattr(self, name) for name in ("constvars", "invars", "outvars", "eqns")}
        return Jaxpr(**(fields | changes))

    def memo(self, key: Any, make: Callable[[], T]) -> T:
        """`make()`, remembered under `key` for as long as this jaxpr lives.

        Two threads may both make it; the first to finish wins, and both get the same object.
        """
        if key in self._memo:
            return self._memo[key]
        return self._memo.setdefault(key, make())

    def open_consts(self) -> Jaxpr:
        """The same program with its constants as leading inputs."""
        if not self.constvars:
            return self
        return self.memo(
            "open_consts", lambda: self.replace(constvars=(), invars=self.constvars + self.invars)
        )

    def __reduce__(self) -> Any:
        return Jaxpr, (self.constvars, self.invars, self.outvars, self.eqns)

    def __deepcopy__(self, memo: dict[int, Any]) -> Jaxpr:
        return self  # immutable

    def __str__(self) -> str:
        return self.pretty_print()

    __repr__ = __str__

    def pretty_print(self, *, source_info: bool = False) -> str:
        """The program in JAX's notation; `source_info` adds the user's line to each equation."""
        return format_jaxpr(self, source_info=source_info)

    def _repr_html_(self) -> str:
        return html_jaxpr(self)


class ClosedJaxpr:
    """A jaxpr with the values of its constants.

    >>> import numpy as np, funcgrad as fg
    >>> closed = fg.make_jaxpr(lambda x: x + np.array([1.0, 2.0]))(0.0)
    >>> closed.consts
    [array([1., 2.])]
    >>> closed
    { lambda a:f64[2]; b:f64[]. let c:f64[2] = add b a in (c,) }
    """

    __slots__ = ("consts", "jaxpr")

    def __init__(self, jaxpr: Jaxpr, consts: Sequence[Any]) -> None:
        self.jaxpr = jaxpr
        self.consts = list(consts)

    @property
    def literals(self) -> list[Any]:
        return self.consts

    @property
    def in_avals(self) -> tuple[ShapedArray, ...]:
        return self.jaxpr.in_avals

    @property
    def out_avals(self) -> tuple[ShapedArray, ...]:
        return self.jaxpr.out_avals

    @property
    def eqns(self) -> tuple[Equation, ...]:
        return self.jaxpr.eqns

    @property
    def effects(self) -> frozenset[str]:
        return self.jaxpr.effects

    def __str__(self) -> str:
        return str(self.jaxpr)

    __repr__ = __str__

    def pretty_print(self, *, source_info: bool = False) -> str:
        return self.jaxpr.pretty_print(source_info=source_info)

    def _repr_html_(self) -> str:
        return self.jaxpr._repr_html_()


def _make_equation(fields: dict[str, Any]) -> Equation:
    return Equation(**fields)


def vars_in(atoms: Iterable[Atom]) -> list[Var]:
    """The variables among atoms."""
    return [atom for atom in atoms if type(atom) is Var]


def subjaxprs(params: dict[str, Any]) -> list[tuple[str, Jaxpr]]:
    """The jaxprs inside an equation's params, with a name for each."""
    found: list[tuple[str, Jaxpr]] = []
    for name, value in params.items():
        if isinstance(value, Jaxpr):
            found.append((name, value))
        elif isinstance(value, tuple):
            found += [(f"{name}[{i}]", v) for i, v in enumerate(value) if isinstance(v, Jaxpr)]
    return found


def dce(jaxpr: Jaxpr) -> Jaxpr:
    """Drop equations whose outputs nobody reads."""
    live = set(vars_in(jaxpr.outvars))
    kept = []
    pruned = False
    for eqn in reversed(jaxpr.eqns):
        if has_side_effects(eqn) or not live.isdisjoint(eqn.outvars):
            if eqn.primitive.dce is not None and not live.issuperset(eqn.outvars):
                smaller = eqn.primitive.dce(eqn, [v in live for v in eqn.outvars])
                pruned = pruned or smaller is not eqn
                eqn = smaller
            kept.append(eqn)
            live.update(vars_in(eqn.invars))
    if len(kept) == len(jaxpr.eqns) and not pruned:
        return jaxpr
    return jaxpr.replace(eqns=tuple(reversed(kept)))


def has_side_effects(eqn: Equation) -> bool:
    """Whether an equation does something besides computing; to name an axis ("axis:i") is no such thing."""
    return any(not effect.startswith("axis:") for effect in eqn.effects)


def runs_side_effects(*jaxprs: Jaxpr) -> bool:
    """Whether an equation of these jaxprs does something besides computing."""
    return any(has_side_effects(eqn) for jaxpr in jaxprs for eqn in jaxpr.eqns)


def scalar_key(value: Any) -> Any:
    """A hashable stand-in for a scalar that tells 0.0 from -0.0 and finds NaN equal to itself."""
    array = np.asarray(value)
    return (type(value), array.dtype.str, array.shape, array.tobytes())
