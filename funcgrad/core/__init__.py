"""The core: types, jaxprs, tracing, trees. What `jax.core` has of these stands here under its name, too."""

from __future__ import annotations

import importlib
from typing import Any

_WHERE = {
    "ClosedJaxpr": "jaxpr",
    "Jaxpr": "jaxpr",
    "JaxprEqn": "jaxpr",
    "Literal": "jaxpr",
    "Primitive": "primitive",
    "ShapedArray": "types",
    "Trace": "trace",
    "Tracer": "tracer",
    "Var": "jaxpr",
    "eval_jaxpr": "interpreter",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'funcgrad.core' has no attribute {name!r}")
    module = importlib.import_module(f"funcgrad.core.{_WHERE[name]}")
    return getattr(module, "Equation" if name == "JaxprEqn" else name)
