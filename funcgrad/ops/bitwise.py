"""Elementwise primitives on integers and booleans: bits, shifts, common divisors and multiples."""

from __future__ import annotations

import numpy as np

from funcgrad.ops.arithmetic import infix
from funcgrad.ops.define import ZERO, elementwise

and_ = elementwise("and", np.bitwise_and, jvp=ZERO, emit=infix("&"))
or_ = elementwise("or", np.bitwise_or, jvp=ZERO, emit=infix("|"))
xor = elementwise("xor", np.bitwise_xor, jvp=ZERO, emit=infix("^"))
not_ = elementwise("not", np.invert, jvp=ZERO, emit=lambda operands: f"~{operands[0]}")
shift_left = elementwise("shift_left", np.left_shift, jvp=ZERO, emit=infix("<<"))
# Arithmetic for signed integers, logical for unsigned ones.
shift_right = elementwise("shift_right", np.right_shift, jvp=ZERO, emit=infix(">>"))
population_count = elementwise("population_count", np.bitwise_count, jvp=ZERO)
gcd = elementwise("gcd", np.gcd, jvp=ZERO)
lcm = elementwise("lcm", np.lcm, jvp=ZERO)
