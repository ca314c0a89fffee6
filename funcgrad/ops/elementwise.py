"""Elementwise primitives: arithmetic."""

from __future__ import annotations

import numpy as np

from funcgrad.core.primitive import Linear
from funcgrad.ops.define import ZERO, elementwise

neg = elementwise("neg", np.negative, jvp=lambda t, ans, x: -t, transpose=lambda ct, x: -ct)
add = elementwise(
    "add",
    np.add,
    jvp=(lambda t, ans, x, y: t, lambda t, ans, x, y: t),
    transpose=(lambda ct, x, y: ct, lambda ct, x, y: ct),
)
sub = elementwise(
    "sub",
    np.subtract,
    jvp=(lambda t, ans, x, y: t, lambda t, ans, x, y: -t),
    transpose=(lambda ct, x, y: ct, lambda ct, x, y: -ct),
)
mul = elementwise(
    "mul",
    np.multiply,
    jvp=(lambda t, ans, x, y: t * y, lambda t, ans, x, y: x * t),
    transpose=(lambda ct, x, y: ct * y, lambda ct, x, y: x * ct),
)
div = elementwise(
    "div",
    np.true_divide,
    jvp=(lambda t, ans, x, y: t / y, lambda t, ans, x, y: -t * (ans / y)),
    transpose=(lambda ct, x, y: ct / y, None),
)
sin = elementwise("sin", np.sin, jvp=lambda t, ans, x: t * cos(x))
cos = elementwise("cos", np.cos, jvp=lambda t, ans, x: -t * sin(x))
exp = elementwise("exp", np.exp, jvp=lambda t, ans, x: t * ans)
log = elementwise("log", np.log, jvp=lambda t, ans, x: t / x)
tanh = elementwise("tanh", np.tanh, jvp=lambda t, ans, x: t * (1.0 - ans * ans))
gt = elementwise("gt", np.greater, jvp=ZERO)
lt = elementwise("lt", np.less, jvp=ZERO)
