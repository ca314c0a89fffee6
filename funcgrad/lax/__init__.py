"""JAX's `lax` under its own names: control flow, operations on named axes of `vmap`, array operations.

Array operations are NumPy's where the meaning is NumPy's, so they broadcast and promote, where JAX's insist on equal
shapes and dtypes.
"""

from __future__ import annotations

from funcgrad.api.stop import stop_gradient
from funcgrad.control.branches import cond, switch
from funcgrad.control.collectives import (
    all_gather,
    axis_index,
    axis_size,
    pmax,
    pmean,
    pmin,
    psum,
)
from funcgrad.control.custom_root import custom_root
from funcgrad.control.linear_solve import custom_linear_solve
from funcgrad.control.loops import scan
from funcgrad.control.while_loops import fori_loop, while_loop
from funcgrad.lax.arrays import (
    argmax,
    argmin,
    broadcast,
    broadcast_in_dim,
    broadcasted_iota,
    collapse,
    concatenate,
    dot,
    dot_general,
    expand_dims,
    full,
    full_like,
    iota,
    pad,
    reduce_and,
    reduce_max,
    reduce_min,
    reduce_or,
    reduce_prod,
    reduce_sum,
    reshape,
    rev,
    sort,
    sort_key_val,
    squeeze,
    top_k,
    transpose,
    zeros_like_array,
)
from funcgrad.lax.associative import (
    associative_scan,
    cumlogsumexp,
    cummax,
    cummin,
    cumprod,
    cumsum,
)
from funcgrad.lax.convolution import (
    ConvDimensionNumbers,
    conv,
    conv_dimension_numbers,
    conv_general_dilated,
    conv_transpose,
    conv_with_general_padding,
    padtype_to_pads,
)
from funcgrad.lax.elementwise import *  # noqa: F403
from funcgrad.lax.elementwise import __all__ as _elementwise
from funcgrad.lax.mapping import map
from funcgrad.lax.slicing import (
    dynamic_index_in_dim,
    dynamic_slice,
    dynamic_slice_in_dim,
    dynamic_update_index_in_dim,
    dynamic_update_slice,
    dynamic_update_slice_in_dim,
    index_in_dim,
    slice,
    slice_in_dim,
)
from funcgrad.lax.windows import reduce_window

__all__ = [
    # control flow
    "associative_scan",
    "cond",
    "custom_linear_solve",
    "custom_root",
    "fori_loop",
    "map",
    "scan",
    "switch",
    "while_loop",
    # named axes
    "all_gather",
    "axis_index",
    "axis_size",
    "pmax",
    "pmean",
    "pmin",
    "psum",
    # arrays
    "argmax",
    "argmin",
    "broadcast",
    "broadcast_in_dim",
    "broadcasted_iota",
    "collapse",
    "concatenate",
    "cumlogsumexp",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "dot",
    "dot_general",
    "dynamic_index_in_dim",
    "dynamic_slice",
    "dynamic_slice_in_dim",
    "dynamic_update_index_in_dim",
    "dynamic_update_slice",
    "dynamic_update_slice_in_dim",
    "expand_dims",
    "full",
    "full_like",
    "index_in_dim",
    "iota",
    "pad",
    "reduce_and",
    "reduce_max",
    "reduce_min",
    "reduce_or",
    "reduce_prod",
    "reduce_sum",
    "reshape",
    "rev",
    "slice",
    "slice_in_dim",
    "sort",
    "sort_key_val",
    "squeeze",
    "stop_gradient",
    "top_k",
    "transpose",
    "zeros_like_array",
    # convolutions and windows
    "ConvDimensionNumbers",
    "conv",
    "conv_dimension_numbers",
    "conv_general_dilated",
    "conv_transpose",
    "conv_with_general_padding",
    "padtype_to_pads",
    "reduce_window",
    # elementwise
    *_elementwise,
]
