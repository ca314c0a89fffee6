"""`funcgrad.scipy.signal`: SciPy's signal processing on traced values.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values.
"""

from __future__ import annotations

from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.signal.convolution import (
    convolve,
    convolve2d,
    correlate,
    correlate2d,
    fftconvolve,
    oaconvolve,
)
from funcgrad.scipy.signal.filters import detrend, hilbert, lfilter, resample, sosfilt
from funcgrad.scipy.signal.short_time import istft, stft
from funcgrad.scipy.signal.spectra import coherence, csd, periodogram, spectrogram, welch

__getattr__ = other_names("signal")

__all__ = [
    "coherence", "convolve", "convolve2d", "correlate", "correlate2d", "csd", "detrend",
    "fftconvolve", "hilbert", "istft", "lfilter", "oaconvolve", "periodogram", "resample",
    "sosfilt", "spectrogram", "stft", "welch",
]  # fmt: skip
