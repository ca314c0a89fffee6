"""Cases: convolutions, reductions over windows, and what else only `lax` has."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import funcgrad as fg
from tests.cases.case import Case


def lax(name: str) -> Any:
    """The function of that name in `jax.lax`."""

    def function(*xs: Any, **params: Any) -> Any:
        return getattr(importlib.import_module("jax.lax"), name)(*xs, **params)

    return function


def conv(name: str, lhs: tuple[int, ...], rhs: tuple[int, ...], **params: Any) -> Case:
    params = {"window_strides": (1,) * (len(lhs) - 2), "padding": "VALID"} | params
    return Case(
        fg.lax.conv_general_dilated,
        shapes=(lhs, rhs),
        params=params,
        name=f"lax.conv_general_dilated({name})",
        jax=lax("conv_general_dilated"),
        dtypes=("float64", "float32"),
    )


IDENTITIES = {"add": 0.0, "max": -np.inf, "min": np.inf}


def window(
    name: str, shape: tuple[int, ...], start: float | None = None, **params: Any
) -> list[Case]:
    """Sums, maxima and minima over windows."""

    def case(kind: str, first: float) -> Case:
        def same(x: Any, **params: Any) -> Any:
            jax_lax = importlib.import_module("jax.lax")
            return jax_lax.reduce_window(x, first, getattr(jax_lax, kind), **params)

        return Case(
            lambda x, **params: fg.lax.reduce_window(x, first, getattr(fg.lax, kind), **params),
            shapes=(shape,),
            params=params,
            name=f"lax.reduce_window({kind}, {name})",
            # JAX has reverse mode from the usual starts only, and of extrema without dilation only.
            jax=same
            if start is None and not (kind != "add" and "window_dilation" in params)
            else None,
        )

    return [case(kind, first if start is None else start) for kind, first in IDENTITIES.items()]


CASES = [
    conv("1d", (2, 3, 7), (4, 3, 3)),
    conv("2d", (2, 2, 5, 6), (3, 2, 3, 2)),
    conv("3d", (1, 2, 4, 3, 5), (2, 2, 2, 2, 3)),
    conv("0d", (2, 3), (4, 3)),
    conv("same", (2, 2, 5, 6), (3, 2, 3, 2), padding="SAME", window_strides=(2, 1)),
    conv("same lower", (1, 2, 5), (3, 2, 4), padding="SAME_LOWER"),
    conv("padding", (1, 2, 5, 6), (3, 2, 3, 2), padding=((2, -1), (0, 3))),
    conv("strides", (1, 2, 7, 8), (3, 2, 3, 2), window_strides=(2, 3)),
    conv("lhs dilation", (1, 2, 4, 3), (3, 2, 3, 2), lhs_dilation=(2, 3), padding=((1, 2), (0, 1))),
    conv("rhs dilation", (1, 2, 7, 8), (3, 2, 3, 2), rhs_dilation=(2, 3)),
    conv(
        "everything",
        (2, 4, 5, 4),
        (6, 2, 2, 3),
        window_strides=(2, 1),
        padding=((1, 0), (2, 1)),
        lhs_dilation=(1, 2),
        rhs_dilation=(2, 1),
        feature_group_count=2,
    ),
    conv("depthwise", (2, 3, 6), (6, 1, 3), feature_group_count=3, padding="SAME"),
    conv("batch groups", (4, 3, 6), (4, 3, 3), batch_group_count=2),
    conv("features last", (2, 5, 6, 2), (3, 2, 2, 3), dimension_numbers=("NHWC", "HWIO", "NHWC")),
    conv("mixed layouts", (5, 2, 3), (3, 2, 4), dimension_numbers=("WNC", "IWO", "CWN")),
    conv("the window does not fit", (2, 3, 2), (4, 3, 3)),
    Case(
        fg.lax.conv_general_dilated,
        shapes=((2, 2, 5), (3, 2, 2)),
        params={"window_strides": (1,), "padding": "VALID"},
        name="lax.conv_general_dilated(complex)",
        jax=lax("conv_general_dilated"),
        dtypes=("int64",),
        complex=True,
    ),
    Case(
        fg.lax.conv,
        shapes=((2, 2, 5), (3, 2, 2)),
        params={"window_strides": (2,), "padding": "SAME"},
        name="lax.conv",
        jax=lax("conv"),
    ),
    *[
        Case(
            fg.lax.conv_transpose,
            shapes=((2, 4, 3), (3, 3, 2)),
            params={"strides": (2,), "padding": "SAME", **params},
            name=f"lax.conv_transpose({name})",
            jax=lax("conv_transpose"),
        )
        for name, params in [
            ("same", {}),
            ("valid", {"padding": "VALID"}),
            ("padding", {"padding": [(1, 2)]}),
            ("consistent", {"padding": [(1, 0)], "use_consistent_padding": True}),
            ("dilation", {"rhs_dilation": (2,)}),
        ]
    ],
    Case(
        fg.lax.conv_transpose,
        shapes=((2, 4, 3), (3, 2, 3)),
        params={"strides": (2,), "padding": "VALID", "transpose_kernel": True},
        name="lax.conv_transpose(kernel)",
        jax=lax("conv_transpose"),
    ),
    *[
        Case(
            lambda x, new_dtype: fg.lax.bitcast_convert_type(x, new_dtype),
            shapes=((3, 4),),
            params={"new_dtype": new_dtype},
            name="lax.bitcast_convert_type",
            grad=False,
        )
        for new_dtype in ("int64", "uint16")
    ],
    *window("plain", (5, 6), window_dimensions=(2, 3)),
    *window("strides", (7, 6), window_dimensions=(3, 2), window_strides=(2, 2), padding="SAME"),
    *window("dilation", (6, 7), window_dimensions=(2, 3), window_dilation=(3, 2)),
    *window(
        "everything",
        (3, 4),
        window_dimensions=(2, 2),
        window_strides=(1, 2),
        padding=((1, 0), (2, 1)),
        base_dilation=(2, 1),
        window_dilation=(1, 2),
    ),
    *window("start", (5, 6), start=0.25, window_dimensions=(2, 3), padding="SAME"),
    Case(
        lambda x: fg.lax.reduce_window(x, 1.0, fg.lax.mul, (3,), padding="SAME"),
        shapes=((5,),),
        name="lax.reduce_window(mul)",
        jax=None,  # JAX has no reverse mode of it
    ),
    Case(
        lambda x: fg.lax.reduce_window(x, np.iinfo(int).min, fg.lax.max, (3,), padding="SAME"),
        shapes=((5,),),
        dtypes=("int64",),
        name="lax.reduce_window(int)",
        grad=False,
        jax=None,
    ),
    *[
        Case(
            getattr(fg.nn, name),
            shapes=((2, 5, 4, 3),),
            params={"window_shape": (2, 2), "strides": (2, 1), "padding": "SAME", **params},
            name=f"nn.{name}({params})",
            jax=None,  # not in JAX itself
        )
        for name, params in [
            ("max_pool", {}),
            ("min_pool", {}),
            ("avg_pool", {}),
            ("avg_pool", {"count_include_pad": False}),
        ]
    ],
]
