"""`scipy.signal`: filters that run forwards and backwards, and the states that they start from."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer
from funcgrad.numpy.arguments import normalize_axis
from funcgrad.ops.basic import move_axis
from funcgrad.scipy.linalg.structured import companion
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.signal.filters import common, lfilter, sosfilt


@mirrors("signal")
def lfilter_zi(b: Any, a: Any) -> Any:
    """`scipy.signal.lfilter_zi`: the state of `lfilter` in the steady state of a step.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.signal.lfilter_zi([1.0, 0.0], a)[0])(np.array([1.0, -0.5]))
    array([-3., -4.])
    """
    b, a = common(b, a)
    n = max(b.shape[0], a.shape[0])
    b, a = (np.pad(v / a[0], (0, n - v.shape[0])) for v in (b, a))
    return np.linalg.solve(np.eye(n - 1) - companion(a).T, b[1:] - a[1:] * b[0])


@mirrors("signal")
def sosfilt_zi(sos: Any) -> Any:
    """`scipy.signal.sosfilt_zi`: the states of `sosfilt` in the steady state of a step."""
    (sos,) = common(sos)
    states, gain = [], 1.0
    for i in range(sos.shape[0]):
        b, a = sos[i, :3], sos[i, 3:]
        states.append(gain * lfilter_zi(b, a))
        gain = gain * (np.sum(b) / np.sum(a))
    return np.stack(states)


def _padded(name: str, x: Any, padtype: str | None, edge: int) -> Any:
    """The signal with more of it at both ends of the last axis."""
    n = x.shape[-1]
    if padtype is None or edge == 0:
        return x
    if n <= edge:
        raise ArgumentError(
            f"{name}: the length of the input, {n}, must be greater than padlen, which is {edge}{here()}"
        )
    before, after = x[..., edge:0:-1], x[..., -2 : -(edge + 2) : -1]
    first, last = x[..., :1], x[..., -1:]
    if padtype == "odd":
        before, after = 2.0 * first - before, 2.0 * last - after
    elif padtype == "constant":
        before, after = (np.broadcast_to(v, before.shape) for v in (first, last))
    elif padtype != "even":
        raise ArgumentError(
            f"{name}: padtype is 'even', 'odd', 'constant' or None, not {padtype!r}{here()}"
        )
    return np.concatenate([before, x, after], axis=-1)


def _both_ways(name: str, x: Any, axis: int, padtype: Any, edge: int, run: Any) -> Any:
    """Run a filter on the padded signal along its last axis, and on the reversed result."""
    d, last = normalize_axis(axis, len(x.shape)), len(x.shape) - 1
    edge = 0 if padtype is None else edge
    y = _padded(name, move_axis(x, d, last), padtype, edge)
    for _ in range(2):
        y = run(y)[..., ::-1]
    return move_axis(y[..., edge : y.shape[-1] - edge], last, d)


@mirrors("signal")
def filtfilt(
    b: Any, a: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: Any = None,
    method: str = "pad", irlen: Any = None,
) -> Any:  # fmt: skip
    """`scipy.signal.filtfilt`: `lfilter` forwards and backwards, which shifts no phase; by padding only.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.filtfilt([0.5, 0.5], [1.0], x, padlen=1)[1]
    >>> fg.grad(f)(np.zeros(3))
    array([0.25, 0.5 , 0.25])
    """
    if method != "pad":
        raise UnsupportedError(
            f"filtfilt: method={method!r} has no traced implementation{here()}\n  use method='pad'"
        )
    b, a = (np.reshape(v, (-1,)) for v in common(b, a))
    (x,) = common(x)
    zi = lfilter_zi(b, a)
    edge = 3 * max(b.shape[0], a.shape[0]) if padlen is None else padlen
    run = lambda y: lfilter(b, a, y, zi=zi * y[..., :1])[0]
    return _both_ways("filtfilt", x, axis, padtype, edge, run)


@mirrors("signal")
def sosfiltfilt(
    sos: Any, x: Any, axis: int = -1, padtype: str | None = "odd", padlen: Any = None
) -> Any:
    """`scipy.signal.sosfiltfilt`: `sosfilt` forwards and backwards, which shifts no phase.

    >>> import numpy as np, funcgrad as fg
    >>> sos = np.array([[0.5, 0.5, 0.0, 1.0, 0.0, 0.0]])
    >>> f = lambda x: fg.scipy.signal.sosfiltfilt(sos, x, padlen=1)[1]
    >>> fg.grad(f)(np.zeros(3))
    array([0.25, 0.5 , 0.25])
    """
    (sos,), (x,) = common(sos), common(x)
    if padlen is None:
        known = sos._concrete("zeros", "give padlen") if isinstance(sos, Tracer) else sos
        zeros = min(np.sum(known[:, 2] == 0), np.sum(known[:, 5] == 0))
        padlen = 3 * (2 * sos.shape[0] + 1 - int(zeros))
    zi = sosfilt_zi(sos)
    spread = (sos.shape[0], *(1,) * (len(x.shape) - 1), 2)
    run = lambda y: sosfilt(sos, y, zi=zi.reshape(spread) * y[..., :1])[0]
    return _both_ways("sosfiltfilt", x, axis, padtype, padlen, run)
