"""`print_saved_residuals`: what reverse mode keeps between the forward and the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from funcgrad.api.traced_call import TracedCall
from funcgrad.core.jaxpr import Jaxpr, Var
from funcgrad.core.source import Location, locate
from funcgrad.core.tree import keystr, tree_flatten_with_path
from funcgrad.core.types import ShapedArray
from funcgrad.transforms import forward


class Residual(NamedTuple):
    """A value that the backward pass needs.

    Attributes:
        aval: its shape and dtype.
        origin: what it is: "argument 0['w']", "a constant" or "output of tanh".
        location: the user's line that it comes from; None for arguments and constants.
    """

    aval: ShapedArray
    origin: str
    location: Location | None

    @property
    def nbytes(self) -> int:
        return self.aval.nbytes


def saved_residuals(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Residual]:
    """What the backward pass of a function needs of the forward pass, largest first.

    Args:
        fun: a function of arrays or pytrees.
        args: arrays, or `ShapeDtypeStruct`s.
        kwargs: further arguments, which are not differentiated.

    >>> import numpy as np, funcgrad as fg
    >>> [str(r.aval) for r in fg.saved_residuals(lambda x: np.sum(np.sin(x)), np.ones(3))]
    ['f64[3]']
    """

    def call(*args: Any) -> Any:
        return fun(*args, **kwargs)

    traced = TracedCall(call, args, "saved_residuals", values=False)
    split = forward.linearize(traced.jaxpr, traced.nonzero(), instantiate=traced.instantiate())
    n = len(traced.jaxpr.outvars)
    names = [
        f"argument {path[0].idx}{keystr(path[1:])}" for path, _ in tree_flatten_with_path(args)[0]
    ]
    residuals = _describe(split.known, split.known.outvars[n:], names)
    return sorted(residuals, key=lambda r: -r.nbytes)


def _describe(known: Jaxpr, atoms: Sequence[Any], names: Sequence[str]) -> list[Residual]:
    makers = {v: e for e in known.eqns for v in e.outvars}
    n_consts = len(known.invars) - len(names)
    arguments = dict(zip(known.invars[n_consts:], names, strict=True))
    found = []
    for atom in dict.fromkeys(a for a in atoms if type(a) is Var):
        eqn = makers.get(atom)
        if eqn is not None:
            origin, location = f"output of {eqn.primitive.name}", locate(eqn.source)
        else:
            origin, location = arguments.get(atom, "a constant"), None
        found.append(Residual(atom.aval, origin, location))
    return found


def print_saved_residuals(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Print what the backward pass of a function needs of the forward pass, with bytes and lines, largest first.

    Args:
        fun: a function of arrays or pytrees.
        args: arrays, or `ShapeDtypeStruct`s.
        kwargs: further arguments, which are not differentiated.

    >>> import numpy as np, funcgrad as fg
    >>> fg.print_saved_residuals(lambda x: x * x, np.ones(1000))
    8.0 kB  f64[1000]  argument 0
    8.0 kB  in 1 value
    """
    residuals = saved_residuals(fun, *args, **kwargs)
    rows = [
        (_bytes(r.nbytes), str(r.aval), r.origin + (f" at {r.location}" if r.location else ""))
        for r in residuals
    ]
    total = _bytes(sum(r.nbytes for r in residuals))
    widths = [max([len(row[k]) for row in [*rows, (total, "", "")]]) for k in range(2)]
    for size, aval, origin in rows:
        print(f"{size:>{widths[0]}}  {aval:{widths[1]}}  {origin}")
    n = len(residuals)
    print(f"{total:>{widths[0]}}  in {n} value{'' if n == 1 else 's'}")


def _bytes(n: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000 or unit == "GB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return ""
