"""Cases: functions of neural networks."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import funcgrad as fg
from tests.cases.case import AUTO, Case


def case(name: str, /, jax: Any = AUTO, **fields: Any) -> Case:
    """A case of `fg.nn.name`, compared with the same of JAX."""

    def same(*xs: Any, **params: Any) -> Any:
        return getattr(importlib.import_module("jax.nn"), name)(*xs, **params)

    function = getattr(fg.nn, name)
    shown = f"nn.{name}" if "name" not in fields else f"nn.{fields.pop('name')}"
    return Case(function, name=shown, jax=same if jax is AUTO else jax, **fields)


# Away from the corners, where finite differences fail; those are in tests/nn.
SMOOTH = [
    "celu",
    "elu",
    "gelu",
    "identity",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softplus",
    "squareplus",
]
BOUNDED = ["hard_sigmoid", "hard_silu", "hard_tanh", "relu6", "sparse_plus", "sparse_sigmoid"]
MASK = np.array([[True, False, True, True], [True, True, False, False], [False, True, True, True]])


def attention(name: str, keys: tuple[int, ...] = (2, 4, 3, 5), **params: Any) -> Case:
    def same(*xs: Any, **params: Any) -> Any:
        return importlib.import_module("jax.nn").dot_product_attention(*xs, **params)

    return Case(
        fg.nn.dot_product_attention,
        shapes=((2, 3, 3, 5)[-len(keys) :], keys, keys),
        params=params,
        name=f"nn.dot_product_attention({name})",
        jax=None,  # JAX's softmax is in single precision: tests/nn compares with it
        order=1,
    )


CASES = [
    *[case(name, dtypes=("float64", "float32")) for name in SMOOTH],
    *[case(name, low=-0.9, high=0.9) for name in BOUNDED],
    case("relu6", low=1.0, high=9.0, name="relu6(upper)"),
    case("relu", dtypes=("int32",), name="relu(int)", grad=False),
    case("gelu", params={"approximate": False}, name="gelu(exact)", rtol=1e-11),
    case("elu", params={"alpha": 0.5}, name="elu(alpha)"),
    case("celu", params={"alpha": 0.5}, name="celu(alpha)"),
    case("leaky_relu", params={"negative_slope": 0.3}, name="leaky_relu(slope)"),
    case("squareplus", shapes=((3, 4), (4,)), low=0.5, name="squareplus(b)"),
    case("log1mexp", low=0.2, high=3.0),
    case("glu"),
    case("glu", shapes=((4, 3),), params={"axis": 0}, name="glu(axis)"),
    *[
        case(name, params=params, name=f"{name}({shown})")
        for name in ("softmax", "log_softmax", "logsumexp", "logmeanexp", "standardize")
        for shown, params in [
            ("axis", {"axis": 0}),
            ("all", {"axis": None}),
            ("axes", {"axis": (0, 1)}),
            ("where", {"axis": -1, "where": MASK}),
        ]
        if (name, shown) != ("log_softmax", "where")
    ],
    Case(
        lambda x: np.where(MASK, fg.nn.log_softmax(x, where=MASK), 0.0),
        name="nn.log_softmax(where)",
        jax=None,  # the same as in the other cases, without its infinities
    ),
    *[case(name) for name in ("softmax", "log_softmax", "logsumexp", "logmeanexp", "standardize")],
    case("logsumexp", params={"axis": 1, "keepdims": True}, name="logsumexp(keepdims)"),
    case("logmeanexp", params={"axis": 1, "keepdims": True}, name="logmeanexp(keepdims)"),
    case("standardize", params={"algorithm": "stable"}, name="standardize(stable)"),
    Case(
        lambda a, b: fg.nn.logsumexp(a, 1, b),
        shapes=((3, 4), (4,)),
        low=(-2.0, 0.5),
        name="nn.logsumexp(b)",
        jax=lambda a, b: importlib.import_module("jax.nn").logsumexp(a, 1, b),
    ),
    Case(
        lambda a, b: fg.nn.logsumexp(a, 1, b, return_sign=True),
        shapes=((3, 4), (4,)),
        name="nn.logsumexp(return_sign)",
        jax=lambda a, b: importlib.import_module("jax.nn").logsumexp(a, 1, b, return_sign=True),
    ),
    case("one_hot", dtypes=("int64",), low=-1, high=3, params={"num_classes": 3}, grad=False),
    case(
        "one_hot",
        dtypes=("int64",),
        low=-1,
        high=3,
        params={"num_classes": 3, "axis": 0},
        grad=False,
        name="one_hot(axis)",
    ),
    attention("plain"),
    attention("three axes", keys=(4, 3, 5)),
    attention("grouped", keys=(2, 4, 1, 5)),
    attention("causal", is_causal=True, scale=0.3),
    attention("window", local_window_size=(1, 0)),
]
