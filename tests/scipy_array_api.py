"""Runs SciPy's array-agnostic functions on traced arrays and prints as JSON how each fares.

A program of its own, since SciPy reads SCIPY_ARRAY_API when it is first imported; tests/test_interop.py runs it.
Both arrays are traced, since SciPy refuses to mix arrays of two namespaces. The outcome is "jit" if the value and
the derivative (against differences) are right and the function can be jitted, "derivatives" if it asks for values,
"wrong", or the name of the error: SciPy converts its arguments to plain arrays, which drops derivatives.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import warnings
from collections.abc import Callable
from typing import Any

os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np
import scipy

import funcgrad as fg

warnings.simplefilter("ignore")
for module in (
    "constants",
    "differentiate",
    "fft",
    "integrate",
    "linalg",
    "signal",
    "special",
    "stats",
):
    importlib.import_module(f"scipy.{module}")
importlib.import_module("scipy.cluster.vq")
importlib.import_module("scipy.spatial.transform")

X = np.array([0.3, 0.7, 0.45, 0.9, 0.15, 0.62])
Y = X[::-1] ** 2 + 0.1

# Functions of one array that need no other argument.
UNARY = """
    fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft fft.fftn fft.ifftn fft.rfftn fft.irfftn fft.fftshift
    fft.ifftshift fft.dct constants.lambda2nu integrate.cumulative_trapezoid
    special.erf special.gammaln special.ndtri special.expit special.j0 special.digamma
    special.logsumexp special.softmax special.log_softmax special.sinc special.entr
    stats.gmean stats.hmean stats.skew stats.kurtosis stats.moment stats.kstat stats.kstatvar stats.circmean
    stats.circvar stats.circstd stats.sem stats.zscore stats.gzscore stats.tmean stats.tvar stats.tstd stats.tmin
    stats.tmax stats.tsem stats.differential_entropy stats.gstd stats.rankdata stats.lmoment stats.variation
    stats.iqr stats.median_abs_deviation
    signal.hilbert signal.envelope signal.freqz signal.gausspulse signal.detrend
    linalg.expm linalg.norm
"""
CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "constants.convert_temperature": lambda f, x, y: f(x, "C", "K"),
    "fft.fht": lambda f, x, y: f(x, 0.1, 0.5),
    "integrate.trapezoid": lambda f, x, y: f(x, y),
    "integrate.cumulative_simpson": lambda f, x, y: f(x, dx=0.1),
    "integrate.romb": lambda f, x, y: f(x[:5]),
    "integrate.tanhsinh": lambda f, x, y: f(np.sin, x * 0, x).integral,
    "differentiate.derivative": lambda f, x, y: f(np.sin, x).df,
    "special.betainc": lambda f, x, y: f(x, y, 0.3),
    "special.gammainc": lambda f, x, y: f(x, y),
    "special.stdtr": lambda f, x, y: f(x, y),
    "special.xlogy": lambda f, x, y: f(x, y),
    "special.rel_entr": lambda f, x, y: f(x, y),
    "special.zeta": lambda f, x, y: f(x + 2.0),
    "special.chdtrc": lambda f, x, y: f(x, y),
    "stats.bartlett": lambda f, x, y: f(x, y).statistic,
    "stats.chisquare": lambda f, x, y: f(x / x.sum(), y / y.sum()).pvalue,
    "stats.combine_pvalues": lambda f, x, y: f(x).statistic,
    "stats.entropy": lambda f, x, y: f(x, y),
    "stats.f_oneway": lambda f, x, y: f(x, y).statistic,
    "stats.jarque_bera": lambda f, x, y: f(x).statistic,
    "stats.levene": lambda f, x, y: f(x, y).statistic,
    "stats.pointbiserialr": lambda f, x, y: f(x > 0.5, y).statistic,
    "stats.quantile": lambda f, x, y: f(x, 0.3),
    "stats.trim_mean": lambda f, x, y: f(x, 0.2),
    "stats.ttest_1samp": lambda f, x, y: f(x, 0.4).statistic,
    "stats.ttest_ind": lambda f, x, y: f(x, y).pvalue,
    "stats.ttest_rel": lambda f, x, y: f(x, y).statistic,
    "stats.boxcox_llf": lambda f, x, y: f(0.5, x),
    "stats.chatterjeexi": lambda f, x, y: f(x, y).statistic,
    "stats.directional_stats": lambda f, x, y: f(x.reshape(3, 2)).mean_direction,
    "stats.pearsonr": lambda f, x, y: f(x, y).statistic,
    "stats.pmean": lambda f, x, y: f(x, 2.0),
    "stats.yeojohnson_llf": lambda f, x, y: f(0.5, x),
    "stats.zmap": lambda f, x, y: f(x, y),
    "stats.Covariance.from_diagonal": lambda f, x, y: f(x).log_pdet,
    "signal.fftconvolve": lambda f, x, y: f(x, y),
    "signal.oaconvolve": lambda f, x, y: f(x, y),
    "signal.convolve": lambda f, x, y: f(x, y),
    "signal.gauss_spline": lambda f, x, y: f(x, 3),
    "signal.resample": lambda f, x, y: f(x, 4),
    "signal.zpk2tf": lambda f, x, y: f(x, y, 1.0)[0],
    "cluster.vq.whiten": lambda f, x, y: f(x[:, None] * y),
    "spatial.transform.Rotation.from_rotvec": lambda f, x, y: f(x[:3]).as_matrix(),
}
CALLS |= dict.fromkeys(UNARY.split(), lambda f, x, y: f(x))


def outcome(name: str) -> str:
    try:
        function: Any = functools.reduce(getattr, name.split("."), scipy)
    except AttributeError:
        return "not in this SciPy"

    def call(x: Any, y: Any) -> Any:
        out = CALLS[name](function, x, y)
        out = out[0] if isinstance(out, tuple) else out
        return abs(out) if out.dtype.kind == "c" else out

    direction = (np.ones(6), np.linspace(0.5, 1.0, 6))
    try:
        value, slope = fg.jvp(call, (X, Y), direction)
    except Exception as error:
        return type(error).__name__
    step = 1e-6
    ahead, behind = (call(X + s * direction[0], Y + s * direction[1]) for s in (step, -step))
    right = np.allclose(value, call(X, Y)) and np.allclose(
        slope, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-4
    )
    if not right:
        return "wrong"
    try:
        return "jit" if np.allclose(fg.jit(call)(X, Y), value) else "wrong"
    except Exception:
        return "derivatives"


if __name__ == "__main__":
    print(json.dumps({name: outcome(name) for name in sorted(CALLS)}))
