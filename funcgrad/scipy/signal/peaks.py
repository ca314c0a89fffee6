"""`scipy.signal`: peaks. Their places are integers, which depend on values."""

from __future__ import annotations

from typing import Any

from funcgrad.core.naming import named
from funcgrad.core.tracing import Tracer
from funcgrad.numpy.arguments import operand
from funcgrad.scipy.mirror import mirrors, scipy_module


def _value(name: str, x: Any) -> Any:
    x = operand(x)
    if not isinstance(x, Tracer):
        return x
    return x._concrete(
        f"data of {name}", "find the places of extrema outside of the compiled function"
    )


@mirrors("signal")
def find_peaks(x: Any, height: Any = None, **conditions: Any) -> tuple[Any, dict[str, Any]]:
    """`scipy.signal.find_peaks`: the places of local maxima, as plain integers, and their heights if `height` is given.

    Not under `jit`, where there are no values. Other conditions select peaks, and give no properties of them.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.find_peaks(x, height=0.0)[1]["peak_heights"].sum()
    >>> fg.grad(f)(np.array([0.0, 2.0, 1.0, 3.0, 0.0]))
    array([0., 1., 0., 1., 0.])
    """
    peaks, _ = scipy_module("signal").find_peaks(_value("find_peaks", x), height, **conditions)
    return peaks, {} if height is None else {"peak_heights": operand(x)[peaks]}


def _extrema(name: str) -> Any:
    @mirrors("signal", name)
    def function(data: Any, *args: Any, **options: Any) -> Any:
        return getattr(scipy_module("signal"), name)(_value(name, data), *args, **options)

    return named(
        function,
        name,
        f"`scipy.signal.{name}`: the places of extrema, as plain integers; not under `jit`.",
    )


argrelmax, argrelmin, argrelextrema = map(_extrema, ("argrelmax", "argrelmin", "argrelextrema"))
