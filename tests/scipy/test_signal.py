"""`scipy.signal`: what depends on values, and errors."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

import funcgrad as fg
import funcgrad.scipy.signal as signal
from funcgrad.errors import ArgumentError, ConcretizationError, UnsupportedError

X = np.array([0.0, 2.0, 1.0, 3.0, 0.5, 1.0, 0.0])


def test_places_of_extrema_are_plain_and_what_is_there_is_traced() -> None:
    heights = lambda x: np.sum(x[scipy.signal.find_peaks(x, prominence=1.0)[0]] ** 2)
    np.testing.assert_allclose(fg.grad(heights)(X), [0, 4, 0, 6, 0, 0, 0])
    found = lambda x: np.sum(signal.find_peaks(x, height=1.5)[1]["peak_heights"])
    np.testing.assert_allclose(fg.grad(found)(X), [0, 1, 0, 1, 0, 0, 0])
    for name, places in (("argrelmax", [1, 3, 5]), ("argrelmin", [2, 4])):
        f = lambda x, name=name: np.sum(x[getattr(signal, name)(x)[0]])
        np.testing.assert_allclose(np.flatnonzero(fg.grad(f)(X)), places)
    f = lambda x: np.sum(x[signal.argrelextrema(x, np.greater)[0]])
    np.testing.assert_allclose(np.flatnonzero(fg.grad(f)(X)), [1, 3, 5])
    with pytest.raises(ConcretizationError, match="data of find_peaks"):
        fg.jit(lambda x: signal.find_peaks(x)[0])(X)


def test_errors() -> None:
    with pytest.raises(UnsupportedError, match="filtfilt: method='gust' has no traced"):
        fg.jit(lambda x: signal.filtfilt([1.0], [1.0], x, method="gust"))(X)
    with pytest.raises(ArgumentError, match="7, must be greater than padlen, which is 9"):
        fg.jit(lambda x: signal.filtfilt([1.0, 1.0], [1.0, 0.2, 0.1], x))(X)
    with pytest.raises(ArgumentError, match="padtype is 'even', 'odd', 'constant' or None"):
        fg.jit(lambda x: signal.filtfilt([1.0, 1.0], [1.0], x, padtype="wrap"))(X)
    with pytest.raises(ArgumentError, match="mode must be 'mirror', .* not 'reflect'"):
        fg.jit(lambda x: signal.savgol_filter(x, 3, 1, mode="reflect"))(X)
    with pytest.raises(ArgumentError, match="window_length must be less than or equal to the size"):
        fg.jit(lambda x: signal.savgol_filter(x, 9, 1))(X)
    with pytest.raises(
        ArgumentError, match=r"each element of kernel_size should be odd, got \[2\]"
    ):
        fg.jit(lambda x: signal.medfilt(x, 2))(X)
    with pytest.raises(UnsupportedError, match="only zeros beyond the ends"):
        fg.jit(lambda x: signal.resample_poly(x, 1, 2, padtype="line"))(X)
    with pytest.raises(UnsupportedError, match="only zeros beyond the ends"):
        fg.jit(lambda x: signal.upfirdn([1.0], x, mode="wrap"))(X)
    with pytest.raises(UnsupportedError, match="ftype 'iir' and 'fir' have traced"):
        fg.jit(lambda x: signal.decimate(x, 2, ftype="cheby"))(X)
