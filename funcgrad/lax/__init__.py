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
from funcgrad.control.exchange import all_to_all, ppermute, pshuffle, psum_scatter, pswapaxes
from funcgrad.control.linear_solve import custom_linear_solve
from funcgrad.control.loops import scan
from funcgrad.control.while_loops import fori_loop, while_loop
from funcgrad.lax import linalg
from funcgrad.lax.arrays import (
    broadcast,
    broadcast_in_dim,
    broadcasted_iota,
    collapse,
    concatenate,
    expand_dims,
    full,
    full_like,
    iota,
    pad,
    reshape,
    rev,
    squeeze,
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
from funcgrad.lax.bits import (
    bitcast_convert_type,
    clz,
    mulhi,
    population_count,
    shift_right_logical,
)
from funcgrad.lax.combining import (
    broadcast_like,
    broadcast_shapes,
    broadcast_to_rank,
    dtype,
    empty,
    optimization_barrier,
    split,
    stack,
    tile,
    unstack,
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
from funcgrad.lax.fourier import fft
from funcgrad.lax.gathering import GatherDimensionNumbers, gather
from funcgrad.lax.generators import RandomAlgorithm, rng_bit_generator, rng_uniform
from funcgrad.lax.mapping import map
from funcgrad.lax.patches import (
    conv_general_dilated_local,
    conv_general_dilated_patches,
    conv_general_shape_tuple,
    conv_shape_tuple,
    conv_transpose_shape_tuple,
    reduce_window_shape_tuple,
)
from funcgrad.lax.precision import reduce_precision
from funcgrad.lax.products import (
    batch_matmul,
    dot,
    dot_general,
    ragged_dot,
)
from funcgrad.lax.reductions import (
    argmax,
    argmin,
    reduce,
    reduce_and,
    reduce_max,
    reduce_min,
    reduce_or,
    reduce_prod,
    reduce_sum,
    reduce_xor,
)
from funcgrad.lax.scattering import (
    ScatterDimensionNumbers,
    scatter,
    scatter_add,
    scatter_apply,
    scatter_max,
    scatter_min,
    scatter_mul,
    scatter_sub,
)
from funcgrad.lax.segments import segment_max, segment_min, segment_prod, segment_sum
from funcgrad.lax.settings import (
    FftType,
    GatherScatterMode,
    Precision,
    PrecisionLike,
    RoundingMethod,
    composite,
    platform_dependent,
    with_sharding_constraint,
)
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
from funcgrad.lax.sorting import (
    approx_max_k,
    approx_min_k,
    sort,
    sort_key_val,
    top_k,
)
from funcgrad.lax.special import (
    bessel_i0e,
    bessel_i1e,
    betainc,
    digamma,
    erf,
    erf_inv,
    erfc,
    igamma,
    igamma_grad_a,
    igammac,
    lgamma,
    logistic,
    polygamma,
    random_gamma_grad,
    zeta,
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
    "all_to_all",
    "axis_index",
    "axis_size",
    "pmax",
    "pmean",
    "pmin",
    "ppermute",
    "pshuffle",
    "psum",
    "psum_scatter",
    "pswapaxes",
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
    "approx_max_k",
    "approx_min_k",
    "batch_matmul",
    "broadcast_like",
    "broadcast_shapes",
    "broadcast_to_rank",
    "dtype",
    "empty",
    "optimization_barrier",
    "reduce",
    "reduce_xor",
    "split",
    "stack",
    "tile",
    "unstack",
    "linalg",
    # gather and scatter
    "GatherDimensionNumbers",
    "ScatterDimensionNumbers",
    "gather",
    "scatter",
    "scatter_add",
    "scatter_apply",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_sub",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    # settings
    "FftType",
    "GatherScatterMode",
    "Precision",
    "PrecisionLike",
    "RoundingMethod",
    "composite",
    "platform_dependent",
    "with_sharding_constraint",
    # convolutions and windows
    "ConvDimensionNumbers",
    "conv",
    "conv_dimension_numbers",
    "conv_general_dilated",
    "conv_general_dilated_local",
    "conv_general_dilated_patches",
    "conv_general_shape_tuple",
    "conv_shape_tuple",
    "conv_transpose",
    "conv_transpose_shape_tuple",
    "conv_with_general_padding",
    "padtype_to_pads",
    "ragged_dot",
    "reduce_window",
    "reduce_window_shape_tuple",
    # bits and special functions
    "fft",
    "reduce_precision",
    "bessel_i0e",
    "bessel_i1e",
    "betainc",
    "bitcast_convert_type",
    "clz",
    "digamma",
    "erf",
    "erf_inv",
    "erfc",
    "igamma",
    "igamma_grad_a",
    "igammac",
    "lgamma",
    "logistic",
    "mulhi",
    "polygamma",
    "population_count",
    "random_gamma_grad",
    "shift_right_logical",
    "zeta",
    # random bits
    "RandomAlgorithm",
    "rng_bit_generator",
    "rng_uniform",
    # elementwise
    *_elementwise,
]
