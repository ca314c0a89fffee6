"""funcgrad: JAX's function transformations for plain NumPy code.

>>> import numpy as np, funcgrad as fg
>>> fg.grad(lambda x: np.tanh(x))(0.0)
np.float64(1.0)
"""

from __future__ import annotations

import importlib as _importlib
from typing import TYPE_CHECKING
from typing import Any as _Any

import funcgrad.numpy as _numpy  # noqa: F401  # fills the tables of NumPy functions
import funcgrad.ops.operators as _operators  # noqa: F401  # gives tracers their operators
from funcgrad.api.grad import grad, value_and_grad
from funcgrad.core.cache import cache_info, clear_caches
from funcgrad.core.config import config
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import ClosedJaxpr, Jaxpr
from funcgrad.core.types import float0

if TYPE_CHECKING:  # the names of _LAZY, for type checkers and editors
    from funcgrad.api.arrays import Array, block_until_ready, device_get, device_put, typeof
    from funcgrad.api.check_grads import check_grads
    from funcgrad.api.debugging import debug_infs, debug_nans, disable_jit, why_zero
    from funcgrad.api.drawing import draw, to_dot, to_mermaid
    from funcgrad.api.environment import (
        Device,
        checking_leaks,
        default_backend,
        default_device,
        default_matmul_precision,
        device_count,
        devices,
        effects_barrier,
        enable_checks,
        enable_x64,
        local_device_count,
        local_devices,
        log_compiles,
        numpy_dtype_promotion,
        numpy_rank_promotion,
        process_count,
        process_index,
        transfer_guard,
    )
    from funcgrad.api.inspection import ShapeDtypeStruct, eval_shape, make_jaxpr
    from funcgrad.api.jacobians import hessian, hvp, jacfwd, jacobian, jacrev
    from funcgrad.api.jit import jit
    from funcgrad.api.products import fwd_and_bwd, jvp, linear_transpose, linearize, vjp
    from funcgrad.api.profiling import export_source, profile
    from funcgrad.api.residuals import print_saved_residuals, saved_residuals
    from funcgrad.api.scopes import ensure_compile_time_eval, named_call, named_scope
    from funcgrad.api.sparse import jacobian_sparsity, sparse_hessian, sparse_jacobian
    from funcgrad.api.stop import stop_gradient
    from funcgrad.api.vmap import vmap
    from funcgrad.control.callback import io_callback, pure_callback
    from funcgrad.control.checkpoint import checkpoint, remat
    from funcgrad.control.checkpoint_policies import checkpoint_name
    from funcgrad.control.checkpointed_scan import checkpointed_scan
    from funcgrad.control.custom_function import custom_jvp, custom_vjp
    from funcgrad.control.custom_gradient import closure_convert, custom_gradient
    from funcgrad.control.custom_vmap import custom_vmap
    from funcgrad.control.finite_differences import FiniteDifferences
    from funcgrad.control.implicit import implicit_fixed_point, implicit_root
    from funcgrad.control.runtime_check import check
    from funcgrad.control.user_function import defprimitive
    from funcgrad.control.zeros import CustomVJPPrimal, SymbolicZero
    from funcgrad.core.check import check_jaxpr

__version__ = "0.1.0"

# What is imported when it is first used, since start-up is paid for by every script: public names with
# their modules, and namespaces.
_LAZY = {
    "Array": "api.arrays",
    "CustomVJPPrimal": "control.zeros",
    "Device": "api.environment",
    "FiniteDifferences": "control.finite_differences",
    "ShapeDtypeStruct": "api.inspection",
    "SymbolicZero": "control.zeros",
    "block_until_ready": "api.arrays",
    "check": "control.runtime_check",
    "check_grads": "api.check_grads",
    "check_jaxpr": "core.check",
    "checking_leaks": "api.environment",
    "checkpoint": "control.checkpoint",
    "checkpoint_name": "control.checkpoint_policies",
    "checkpointed_scan": "control.checkpointed_scan",
    "closure_convert": "control.custom_gradient",
    "custom_gradient": "control.custom_gradient",
    "custom_jvp": "control.custom_function",
    "custom_vjp": "control.custom_function",
    "custom_vmap": "control.custom_vmap",
    "debug_infs": "api.debugging",
    "debug_nans": "api.debugging",
    "default_backend": "api.environment",
    "default_device": "api.environment",
    "default_matmul_precision": "api.environment",
    "defprimitive": "control.user_function",
    "device_count": "api.environment",
    "device_get": "api.arrays",
    "device_put": "api.arrays",
    "devices": "api.environment",
    "disable_jit": "api.debugging",
    "draw": "api.drawing",
    "effects_barrier": "api.environment",
    "enable_checks": "api.environment",
    "enable_x64": "api.environment",
    "ensure_compile_time_eval": "api.scopes",
    "eval_shape": "api.inspection",
    "export_source": "api.profiling",
    "fwd_and_bwd": "api.products",
    "hessian": "api.jacobians",
    "hvp": "api.jacobians",
    "implicit_fixed_point": "control.implicit",
    "implicit_root": "control.implicit",
    "io_callback": "control.callback",
    "jacfwd": "api.jacobians",
    "jacobian": "api.jacobians",
    "jacobian_sparsity": "api.sparse",
    "jacrev": "api.jacobians",
    "jit": "api.jit",
    "jvp": "api.products",
    "linear_transpose": "api.products",
    "linearize": "api.products",
    "local_device_count": "api.environment",
    "local_devices": "api.environment",
    "log_compiles": "api.environment",
    "make_jaxpr": "api.inspection",
    "named_call": "api.scopes",
    "named_scope": "api.scopes",
    "numpy_dtype_promotion": "api.environment",
    "numpy_rank_promotion": "api.environment",
    "print_saved_residuals": "api.residuals",
    "process_count": "api.environment",
    "process_index": "api.environment",
    "profile": "api.profiling",
    "pure_callback": "control.callback",
    "remat": "control.checkpoint",
    "saved_residuals": "api.residuals",
    "sparse_hessian": "api.sparse",
    "sparse_jacobian": "api.sparse",
    "stop_gradient": "api.stop",
    "to_dot": "api.drawing",
    "to_mermaid": "api.drawing",
    "transfer_guard": "api.environment",
    "typeof": "api.arrays",
    "vjp": "api.products",
    "vmap": "api.vmap",
    "why_zero": "api.debugging",
}
_NAMESPACES = frozenset(
    {
        "ad_checkpoint",
        "checkpoint_policies",
        "custom_batching",
        "custom_derivatives",
        "debug",
        "dtypes",
        "errors",
        "example_libraries",
        "experimental",
        "flatten_util",
        "image",
        "lax",
        "nn",
        "numpy",
        "random",
        "scipy",
        "stages",
        "test_util",
        "tree",
        "tree_util",
        "typing",
    }
)


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        value = globals()[name] = getattr(_importlib.import_module(f"funcgrad.{_LAZY[name]}"), name)
        return value
    if name in _NAMESPACES:
        return _importlib.import_module(f"funcgrad.{name}")
    raise AttributeError(f"module 'funcgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_LAZY, *_NAMESPACES})


__all__ = [
    "Array",
    "ClosedJaxpr",
    "CustomVJPPrimal",
    "Device",
    "FiniteDifferences",
    "Jaxpr",
    "ShapeDtypeStruct",
    "SymbolicZero",
    "block_until_ready",
    "cache_info",
    "check",
    "check_grads",
    "check_jaxpr",
    "checking_leaks",
    "checkpoint",
    "checkpoint_name",
    "checkpointed_scan",
    "clear_caches",
    "closure_convert",
    "config",
    "custom_gradient",
    "custom_jvp",
    "custom_vjp",
    "custom_vmap",
    "debug_infs",
    "debug_nans",
    "default_backend",
    "default_device",
    "default_matmul_precision",
    "defprimitive",
    "device_count",
    "device_get",
    "device_put",
    "devices",
    "disable_jit",
    "draw",
    "effects_barrier",
    "enable_checks",
    "enable_x64",
    "ensure_compile_time_eval",
    "eval_jaxpr",
    "eval_shape",
    "export_source",
    "float0",
    "fwd_and_bwd",
    "grad",
    "hessian",
    "hvp",
    "implicit_fixed_point",
    "implicit_root",
    "io_callback",
    "jacfwd",
    "jacobian",
    "jacobian_sparsity",
    "jacrev",
    "jit",
    "jvp",
    "linear_transpose",
    "linearize",
    "local_device_count",
    "local_devices",
    "log_compiles",
    "make_jaxpr",
    "named_call",
    "named_scope",
    "numpy_dtype_promotion",
    "numpy_rank_promotion",
    "print_saved_residuals",
    "process_count",
    "process_index",
    "profile",
    "pure_callback",
    "remat",
    "saved_residuals",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "to_dot",
    "to_mermaid",
    "transfer_guard",
    "typeof",
    "value_and_grad",
    "vjp",
    "vmap",
    "why_zero",
]
