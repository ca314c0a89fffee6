"""Elementwise primitives: comparisons, truth values and tests on floating-point numbers."""

from __future__ import annotations

import numpy as np

from funcgrad.ops.arithmetic import infix
from funcgrad.ops.define import ZERO, elementwise

eq = elementwise("eq", np.equal, jvp=ZERO, emit=infix("=="))
ne = elementwise("ne", np.not_equal, jvp=ZERO, emit=infix("!="))
lt = elementwise("lt", np.less, jvp=ZERO, emit=infix("<"))
le = elementwise("le", np.less_equal, jvp=ZERO, emit=infix("<="))
gt = elementwise("gt", np.greater, jvp=ZERO, emit=infix(">"))
ge = elementwise("ge", np.greater_equal, jvp=ZERO, emit=infix(">="))

logical_and = elementwise("logical_and", np.logical_and, jvp=ZERO)
logical_or = elementwise("logical_or", np.logical_or, jvp=ZERO)
logical_xor = elementwise("logical_xor", np.logical_xor, jvp=ZERO)
logical_not = elementwise("logical_not", np.logical_not, jvp=ZERO)

is_finite = elementwise("is_finite", np.isfinite, jvp=ZERO)
is_nan = elementwise("is_nan", np.isnan, jvp=ZERO)
is_inf = elementwise("is_inf", np.isinf, jvp=ZERO)
signbit = elementwise("signbit", np.signbit, jvp=ZERO)
