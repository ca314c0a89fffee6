"""What callers receive: NumPy scalars, and writable arrays that share memory with nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.compile.blas_threads import blas_use, limit_blas, release_blas, wants_one_thread
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr

Program = Callable[..., list[Any]]


def finalize(jaxpr: Jaxpr, args: Sequence[Any], results: Sequence[Any]) -> list[Any]:
    """The results of an evaluation as a caller may keep and change them.

    A result that may share memory with an argument, a literal, another result or a buffer is copied. An
    array that owns its memory and has not been met yet shares it with none of them, which costs no search.
    """
    owners = {id(arg) for arg in args}
    owners.update(id(v.val) for v in jaxpr.outvars if hasattr(v, "val"))
    final = []
    for var, value in zip(jaxpr.outvars, results, strict=True):
        aval = var.aval
        if not aval.shape:
            final.append(aval.dtype.type(value) if type(value) is not aval.dtype.type else value)
            continue
        if (
            type(value) is not np.ndarray
            or value.base is not None
            or not value.flags.writeable
            or id(value) in owners
        ):
            value = np.array(value, aval.dtype)
        owners.add(id(value))
        final.append(value)
    return final


def interpret(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """What a program returns, by the definition of the jaxpr."""
    if not jaxpr.memo("one_blas_thread", lambda: wants_one_thread({*map(blas_use, jaxpr.eqns)})):
        return finalize(jaxpr, args, eval_jaxpr(jaxpr, (), *args))
    limit_blas()
    try:
        return finalize(jaxpr, args, eval_jaxpr(jaxpr, (), *args))
    finally:
        release_blas()
