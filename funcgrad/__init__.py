"""funcgrad: JAX's function transformations for plain NumPy code.

>>> import numpy as np, funcgrad as fg
>>> fg.grad(lambda x: np.tanh(x))(0.0)
np.float64(1.0)
"""

from __future__ import annotations

import importlib as _importlib
from typing import Any as _Any

import funcgrad.numpy as _numpy  # noqa: F401  # fills the tables of NumPy functions
import funcgrad.ops.operators as _operators  # noqa: F401  # gives tracers their operators
from funcgrad.api.check_grads import check_grads
from funcgrad.api.grad import grad, value_and_grad
from funcgrad.api.inspection import ShapeDtypeStruct, eval_shape, make_jaxpr
from funcgrad.api.jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from funcgrad.api.jit import jit
from funcgrad.api.products import jvp, linear_transpose, linearize, vjp
from funcgrad.api.stop import stop_gradient
from funcgrad.api.vmap import vmap
from funcgrad.core.cache import cache_info, clear_caches
from funcgrad.core.check import check_jaxpr
from funcgrad.core.config import config
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import ClosedJaxpr, Jaxpr
from funcgrad.core.types import float0

__version__ = "0.1.0"

# Namespaces, imported when they are first used: start-up is paid for by every script.
_NAMESPACES = frozenset(
    {
        "debug",
        "dtypes",
        "errors",
        "experimental",
        "flatten_util",
        "lax",
        "nn",
        "numpy",
        "random",
        "scipy",
        "test_util",
        "tree",
        "tree_util",
    }
)


def __getattr__(name: str) -> _Any:
    if name in _NAMESPACES:
        return _importlib.import_module(f"funcgrad.{name}")
    raise AttributeError(f"module 'funcgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_NAMESPACES})


__all__ = [
    "ClosedJaxpr",
    "Jaxpr",
    "ShapeDtypeStruct",
    "cache_info",
    "check_grads",
    "check_jaxpr",
    "clear_caches",
    "config",
    "eval_jaxpr",
    "eval_shape",
    "float0",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "linear_transpose",
    "linearize",
    "make_jaxpr",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
