"""The ufuncs of `scipy.special` as primitives. Imported when one of them is first called on traced values."""

from funcgrad.ops.special import (  # noqa: F401
    bessel,
    elliptic,
    entropy,
    error_function,
    gamma,
    hypergeometric,
    incomplete,
    integrals,
    quantiles,
    waves,
)
