"""What holds for a part of the tracing: a name for it, or that nothing is traced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from funcgrad.core import patch
from funcgrad.core.source import scoped
from funcgrad.core.trace import _STATE


def enter_scope(name: str) -> None:
    """What is traced from now on belongs to a named scope."""
    trace = _STATE.trace
    _STATE.scopes = (*_STATE.scopes, (name, trace, 0 if trace is None else len(trace.records)))


def leave_scope() -> None:
    name, trace, start = _STATE.scopes[-1]
    _STATE.scopes = _STATE.scopes[:-1]
    if trace is not None:
        # Sources are named afterwards, so that recording an equation need not ask for scopes.
        trace.sources[start:] = [scoped(source, name) for source in trace.sources[start:]]


def in_scope() -> bool:
    """Whether what is traced now belongs to a named scope."""
    return bool(_STATE.scopes)


@contextlib.contextmanager
def without_trace() -> Iterator[None]:
    """Within the block, nothing is recorded that does not depend on a traced value."""
    trace, _STATE.trace = _STATE.trace, None
    if trace is not None:
        patch.leave()
    try:
        yield
    finally:
        if trace is not None:
            patch.enter()
        _STATE.trace = trace
