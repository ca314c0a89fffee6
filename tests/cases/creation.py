"""Arrays made from traced bounds, and constants beside them."""

from __future__ import annotations

import numpy as np

import funcgrad.numpy as fnp
from tests.cases.case import Case

CASES = [
    Case(np.linspace, shapes=((), ()), params={"num": 5}, dtypes=("int32", ("float32", "float64"))),
    Case(np.linspace, shapes=((), ()), params={"num": 4, "endpoint": False}, complex=True),
    Case(np.linspace, shapes=((), ()), params={"num": 1}),
    Case(np.linspace, shapes=((), ()), params={"num": 0}),
    Case(np.linspace, shapes=((3,), (2, 1)), params={"num": 4, "axis": 1}),
    Case(np.linspace, shapes=((3,), (3,)), params={"num": 3, "retstep": True}),
    Case(np.linspace, shapes=((), ()), params={"num": 4, "dtype": int}, grad=False),
    Case(np.logspace, shapes=((), ()), params={"num": 4}, rtol=1e-10),
    Case(np.logspace, shapes=((2,), ()), params={"num": 3, "base": 2.0, "endpoint": False}),
    Case(np.geomspace, shapes=((), ()), low=0.5, high=3.0, params={"num": 4}, rtol=1e-10),
    Case(
        np.geomspace,
        shapes=((2,), (2,)),
        low=0.5,
        high=3.0,
        params={"num": 3, "axis": -1},
        rtol=1e-10,
    ),
    Case(
        lambda x, y: fnp.array([[x, 2.0], [y, x * y]]),
        shapes=((), ()),
        name="fnp.array",
        complex=True,
        jax=None,  # the namespace is funcgrad's
    ),
    Case(
        lambda x: fnp.zeros(3) + fnp.full((2, 3), 2.0) * x + fnp.eye(2, 3) + fnp.arange(3.0),
        shapes=((3,),),
        name="constants",
        jax=None,
    ),
    Case(lambda x, y: fnp.full((2, 3), x * y), shapes=((), (3,)), name="fnp.full", jax=None),
    Case(lambda x: fnp.linspace(x, 2.0, 4), shapes=((),), name="fnp.linspace", jax=None),
    Case(lambda x: fnp.asarray([x, x[::-1]]), shapes=((3,),), name="fnp.asarray", jax=None),
]
