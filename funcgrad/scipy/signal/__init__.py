"""`funcgrad.scipy.signal`: SciPy's signal processing on traced values.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values.
"""

from __future__ import annotations

from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.signal.chirp_z import czt, zoom_fft
from funcgrad.scipy.signal.convolution import (
    convolve,
    convolve2d,
    correlate,
    correlate2d,
    fftconvolve,
    oaconvolve,
)
from funcgrad.scipy.signal.filters import detrend, hilbert, lfilter, resample, sosfilt
from funcgrad.scipy.signal.peaks import argrelextrema, argrelmax, argrelmin, find_peaks
from funcgrad.scipy.signal.rates import decimate, resample_poly, upfirdn
from funcgrad.scipy.signal.short_time import istft, stft
from funcgrad.scipy.signal.smoothing import deconvolve, medfilt, medfilt2d, savgol_filter, wiener
from funcgrad.scipy.signal.spectra import coherence, csd, periodogram, spectrogram, welch
from funcgrad.scipy.signal.zero_phase import filtfilt, lfilter_zi, sosfilt_zi, sosfiltfilt

__getattr__ = other_names("signal")

__all__ = [
    "argrelextrema", "argrelmax", "argrelmin", "coherence", "convolve", "convolve2d", "correlate",
    "correlate2d", "csd", "czt", "decimate", "deconvolve", "detrend", "fftconvolve", "filtfilt", "find_peaks",
    "hilbert", "istft", "lfilter", "lfilter_zi", "medfilt", "medfilt2d", "oaconvolve", "periodogram",
    "resample", "resample_poly", "savgol_filter", "sosfilt", "sosfilt_zi", "sosfiltfilt", "spectrogram",
    "stft", "upfirdn", "welch", "wiener", "zoom_fft",
]  # fmt: skip
