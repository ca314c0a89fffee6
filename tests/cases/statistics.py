"""Cases: quantiles, histograms, covariances, differences, interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import Case
from tests.cases.reduction import each, separate, some_nan

REALS = ("float64", "float32", "float16", "int32", "uint8")
AXES: list[dict[str, Any]] = [
    {},
    {"axis": 0},
    {"axis": -1, "keepdims": True},
    {"axis": (0, 1)},
    {"axis": None, "keepdims": True},
]
METHODS = (
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
)


def increasing(rng: np.random.Generator, n: int) -> Any:
    return np.cumsum(rng.uniform(0.3, 1.0, n))


MEDIANS = [
    *each(np.median, AXES, args=separate(3, 4), dtypes=("float32", "float16")),
    *each(np.median, [{}, {"axis": 0}], dtypes=("int32", "uint8", "bool"), grad=False),
    Case(np.median, args=separate(2, 3, 4), params={"axis": (0, 2)}),
    Case(np.median, shapes=((5,),)),
    Case(np.median, shapes=((),), jax=None),
    *each(np.nanmedian, AXES, args=some_nan),
    Case(np.nanmedian, params={"axis": 0}, dtypes=("int32", "float16"), grad=False),
    Case(np.nanmedian, args=separate(3, 4), params={"axis": 1}),
]


def quantiles(fun: Any, q: Any, **fields: Any) -> list[Case]:
    axes: list[dict[str, Any]] = [{}, {"axis": 0}, {"axis": (1, 0), "keepdims": True}, {"axis": -1}]
    return each(fun, [{"q": q, **params} for params in axes], **fields)


LEVELS = np.array([0.05, 0.35, 0.5, 0.95])
QUANTILES = [
    *quantiles(np.quantile, 0.3, args=separate(3, 4), dtypes=("float32", "float16")),
    *quantiles(
        np.quantile, np.array([0.0, 0.3, 0.9, 1.0]), args=separate(3, 4), dtypes=("float32",)
    ),
    *quantiles(np.percentile, 30.0, args=separate(3, 4)),
    *quantiles(np.percentile, np.array([25.0, 60.0]), args=separate(3, 4)),
    *quantiles(np.nanquantile, 0.3, args=some_nan),
    *quantiles(np.nanquantile, np.array([0.1, 0.3]), args=some_nan),
    *quantiles(np.nanpercentile, 30.0, args=some_nan),
    *quantiles(np.quantile, 0.3, dtypes=("int32", "uint8"), grad=False),
    *quantiles(np.nanquantile, 0.3, dtypes=("int32",), grad=False),
    *[
        Case(
            np.quantile,
            params={"q": LEVELS, "axis": 0, "method": method},
            args=separate(5, 2),
            jax=None,
        )
        for method in METHODS
    ],
    *[
        Case(
            np.nanquantile,
            params={"q": LEVELS, "axis": 0, "method": method},
            args=lambda rng: (np.where(np.eye(5, 2) > 0.0, np.nan, separate(5, 2)(rng)[0]),),
            jax=None,
        )
        for method in METHODS
    ],
    Case(np.quantile, params={"q": 1}, dtypes=("int32",), grad=False),
    Case(
        np.quantile,
        params={"q": np.array([[0.1, 0.5]]), "axis": 0},
        args=separate(3, 4),
        jax=None,
    ),
    Case(
        np.quantile,
        args=lambda rng: (*separate(3, 4)(rng), np.array([0.12, 0.55])),
        params={"axis": 1},
    ),
    Case(
        lambda x, q: np.quantile(x, q),
        args=lambda rng: (*separate(7)(rng), 0.61),
        name="quantile traced q",
        jax=None,
    ),
    *[
        Case(
            lambda x, fun=fun, params=params, w=w: fun(
                x, np.array([0.2, 0.7]), weights=w, method="inverted_cdf", **params
            ),
            args=args,
            name=f"{fun.__name__} weights {params}",
            jax=None,
        )
        for fun, args in ((np.quantile, separate(3, 4)), (np.nanquantile, some_nan))
        for params, w in (
            ({}, np.arange(12.0).reshape(3, 4)),
            ({"axis": 1}, np.array([1.0, 2.0, 0.5, 0.0])),
            ({"axis": 0}, np.arange(12.0).reshape(3, 4) % 5.0),
        )
        if fun is np.quantile or np.ndim(w) == 2  # NumPy fails for other weights
    ],
]
COVARIANCES = [
    *each(np.cov, [{}, {"rowvar": False}, {"bias": True}, {"ddof": 0}], dtypes=REALS, complex=True),
    Case(np.cov, shapes=((5,),)),
    Case(np.cov, shapes=((3, 4), (2, 4))),
    Case(np.cov, shapes=((4,), (4,))),
    Case(np.cov, params={"fweights": np.array([1, 2, 0, 3])}),
    Case(np.cov, params={"aweights": np.array([1.0, 2.0, 0.5, 3.0])}),
    Case(
        np.cov,
        params={"aweights": np.array([1.0, 0.5, 2.0, 1.0]), "fweights": np.array([1, 2, 1, 3])},
    ),
    Case(np.cov, params={"aweights": np.array([1.0, 2.0, 0.5, 3.0]), "ddof": 0}),
    Case(
        lambda x, w: np.cov(x, aweights=w),
        shapes=((3, 4), (4,)),
        low=(-2.0, 0.5),
        name="cov traced weights",
        jax=None,
    ),
    Case(np.cov, params={"dtype": "float32"}, dtypes=("int32",), grad=False, jax=None),
    *each(np.corrcoef, [{}, {"rowvar": False}], dtypes=REALS, complex=True),
    Case(np.corrcoef, shapes=((4,), (4,))),
]
DIFFERENCES = [
    *each(
        np.diff,
        [{}, {"axis": 0}, {"n": 2}, {"n": 3, "axis": 1}],
        dtypes=(*REALS, "bool", "complex64"),
        complex=True,
    ),
    *each(np.diff, [{"prepend": 1.0}, {"axis": 0, "append": np.ones((2, 4)), "prepend": 0.0}]),
    *each(
        np.ediff1d,
        [{}, {"to_end": np.array([1.0, 2.0])}, {"to_begin": 3.0, "to_end": 1.0}],
        complex=True,
        dtypes=("float32",),
    ),
    *each(np.gradient, [{}, {"axis": 0}, {"axis": (1, 0)}], complex=True),
    Case(np.gradient, dtypes=("float32", "float16", "int32", "uint8")),
    Case(np.gradient, params={"axis": 1, "edge_order": 2}, complex=True, jax=None),
    Case(lambda x: np.gradient(x, 0.5), name="gradient with a spacing"),
    Case(lambda x: np.gradient(x, 0.5, 2.0, edge_order=2), name="gradient with spacings", jax=None),
    *[
        Case(
            lambda x, h, edge_order=edge_order: np.gradient(x, h, axis=1, edge_order=edge_order),
            args=lambda rng: (rng.uniform(-1.0, 1.0, (2, 5)), increasing(rng, 5)),
            name=f"gradient with coordinates, edge_order={edge_order}",
            dtypes=("float32", ("float32", "float64")),
            jax=None,
        )
        for edge_order in (1, 2)
    ],
    Case(
        lambda x: np.gradient(x, np.arange(4), np.array([0.0, 1.0, 1.5, 3.0])),
        shapes=((4, 4),),
        name="gradient with constant coordinates",
        jax=None,
    ),
    *each(np.trapezoid, [{}, {"axis": 0}, {"dx": 0.5}], complex=True, dtypes=(*REALS, "bool")),
    Case(np.trapezoid, shapes=((3, 4), (4,)), dtypes=(*REALS, "bool")),
    Case(np.trapezoid, shapes=((3, 4), (3,)), params={"axis": 0}),
    Case(np.trapezoid, shapes=((3, 4), (3, 4)), params={"axis": 0}),
    *each(
        np.unwrap,
        [{}, {"axis": 0}, {"discont": 5.0}, {"period": 3.0}],
        low=-6.0,
        high=6.0,
        dtypes=("float32", "int32"),
    ),
    Case(np.unwrap, params={"period": 4}, low=-6.0, high=6.0, dtypes=("int32",), grad=False),
]


def table(n: int, *, complex: bool = False) -> Any:
    def args(rng: np.random.Generator) -> tuple[Any, ...]:
        x = rng.uniform(-0.5, 4.5, (2, 3))
        fp = rng.uniform(-1.0, 1.0, n)
        return x, increasing(rng, n), fp + 1j * rng.uniform(-1.0, 1.0, n) if complex else fp

    return args


INTERPOLATION = [
    *each(
        np.interp,
        [{}, {"left": -1.0, "right": 2.0}, {"period": 2.5}],
        args=table(5),
        dtypes=("float32",),
    ),
    Case(np.interp, args=table(1), jax=None),
    Case(np.interp, args=table(2)),
    Case(
        lambda x, y: np.interp(x, np.arange(4.0), y),
        shapes=((), (4,)),
        low=0.2,
        high=2.8,
        name="interp of a number",
    ),
    Case(
        lambda x, xp, fp: np.interp(x, xp, fp, period=3.0),
        args=table(5),
        name="interp period",
        jax=None,
    ),
    Case(np.interp, args=table(4, complex=True), jax=None),
    Case(
        lambda x, y, left: np.interp(x, np.arange(3.0), y, left=left),
        shapes=((5,), (3,), ()),
        name="interp traced left",
        jax=None,
    ),
]
EDGES = [
    *each(
        np.histogram_bin_edges, [{}, {"bins": 3, "range": (-1.0, 1.0)}], dtypes=("float32", "int32")
    ),
    *each(
        np.histogram_bin_edges,
        [{"bins": b} for b in ("auto", "fd", "sturges")],
        vmap=False,
        jax=None,
    ),
    Case(np.histogram_bin_edges, params={"bins": np.array([-1.0, 0.0, 2.0])}),
]
HISTOGRAMS = [
    *each(
        np.histogram,
        [{}, {"bins": 3, "range": (-1.0, 1.0)}, {"bins": np.array([-1.0, 0.0, 0.5, 3.0])}],
        dtypes=("float32", "int32"),
    ),
    Case(np.histogram, params={"density": True, "bins": 4}),
    Case(np.histogram, params={"bins": "auto"}, vmap=False, jax=None),
    Case(
        lambda x, w: np.histogram(x, bins=4, weights=w),
        shapes=((10,), (10,)),
        dtypes=("float32", ("float32", "int32")),
        name="histogram weights",
    ),
    Case(
        lambda x, w: np.histogram(x, bins=4, range=(-2.0, 2.0), weights=w, density=True),
        shapes=((10,), (10,)),
        low=(-2.0, 0.5),
        name="histogram weights density",
    ),
    Case(
        lambda x, y: np.histogram2d(x, y, bins=3), shapes=((8,), (8,)), name="histogram2d", jax=None
    ),
    Case(
        lambda x, y, w: np.histogram2d(
            x, y, bins=[np.array([-2.0, 0.0, 2.0]), 3], weights=w, density=True
        ),
        shapes=((8,), (8,), (8,)),
        low=(-2.0, -2.0, 0.5),
        name="histogram2d weights",
        jax=None,
    ),
    Case(
        lambda x, y: np.histogram2d(x, y, bins=np.array([-2.0, -1.0, 0.0, 2.0])),
        shapes=((8,), (8,)),
        name="histogram2d edges",
        jax=None,
    ),
    Case(np.histogramdd, shapes=((8, 3),), params={"bins": 2}, jax=None, dtypes=("float32",)),
    Case(
        np.histogramdd,
        shapes=((8, 2),),
        params={"bins": (2, 3), "range": [(-2.0, 2.0), None], "density": True},
        jax=None,
        rtol=1e-6,  # of float32 edges
    ),
    Case(
        lambda w: np.bincount(np.array([0, 2, 2, 4]), weights=w, minlength=7),
        shapes=((4,),),
        name="bincount weights",
        jax=None,
    ),
    Case(
        lambda x, w: np.bincount(x, weights=w),
        args=lambda rng: (rng.integers(0, 4, 6), rng.uniform(-1.0, 1.0, 6)),
        name="bincount traced",
        vmap=False,
        jax=None,
    ),
    Case(
        np.bincount,
        shapes=((6,),),
        low=0,
        high=4,
        dtypes=("int32", "uint8"),
        grad=False,
        vmap=False,
        jax=None,
    ),
]
CASES: list[Case] = [
    *MEDIANS,
    *QUANTILES,
    *COVARIANCES,
    *DIFFERENCES,
    *INTERPOLATION,
    *EDGES,
    *HISTOGRAMS,
]
