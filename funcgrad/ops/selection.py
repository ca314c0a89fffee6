"""Elementwise primitives: choosing between values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.ops.define import elementwise, result_dtype

_BOOL = np.dtype(bool)


def _select_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    common = result_dtype(asked[1:])
    return (_BOOL, common, common), common


# `select_n which false_case true_case`, with broadcasting. The order of the cases is JAX's.
select_n = elementwise(
    "select_n",
    lambda which, false_case, true_case: np.where(which, true_case, false_case),
    dtypes=_select_dtypes,
    jvp=(
        None,
        lambda t, ans, which, false_case, true_case: where(which, 0.0, t),
        lambda t, ans, which, false_case, true_case: where(which, t, 0.0),
    ),
    transpose=(
        None,
        lambda ct, which, false_case, true_case: where(which, 0.0, ct),
        lambda ct, which, false_case, true_case: where(which, ct, 0.0),
    ),
    emit=lambda operands: f"np.where({operands[0]}, {operands[2]}, {operands[1]})",
)


def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition holds, `y` elsewhere."""
    return select_n(condition, y, x)
