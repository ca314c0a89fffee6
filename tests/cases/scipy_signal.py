"""Cases: `funcgrad.scipy.signal`, compared with SciPy and with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad.scipy.signal as signal
from tests.cases.case import Case

A = np.array([1.0, -0.5, 0.2])
SOS = np.array([[1.0, 0.3, 0.1, 1.0, -0.5, 0.2], [0.5, 0.2, 0.0, 1.0, 0.3, 0.0]])


def case(name: str, fun: Callable[..., Any], *shapes: tuple[int, ...], **fields: Any) -> Case:
    """A case whose shapes must not be empty."""

    def args(rng: np.random.Generator) -> tuple[Any, ...]:
        return tuple([rng.uniform(-1.0, 1.0, shape) for shape in shapes])

    return Case(fun, args=args, jax=None, name=f"signal.{name}", **fields)


def complex_case(
    name: str, fun: Callable[..., Any], *shapes: tuple[int, ...], **fields: Any
) -> Case:
    def args(rng: np.random.Generator) -> tuple[Any, ...]:
        return tuple([rng.normal(size=shape) + 1j * rng.normal(size=shape) for shape in shapes])

    return Case(fun, args=args, jax=None, name=f"signal.{name}, complex", **fields)


def pole(rng: np.random.Generator) -> tuple[Any, ...]:
    """Coefficients of a stable filter, and a signal."""
    a = np.array([1.5, *rng.uniform(-0.4, 0.4, 2)])
    return rng.normal(size=4), a, rng.normal(size=(2, 6))


CONVOLUTIONS = [
    *[
        case(f"{f.__name__} {m} {n} {mode}", lambda a, b, f=f, mode=mode: f(a, b, mode), m, n)
        for f in (signal.convolve, signal.correlate, signal.fftconvolve, signal.oaconvolve)
        for m, n in (((5,), (2,)), ((3,), (4,)), ((3, 4), (2, 3)))
        for mode in ("full", "same", "valid")
        if (f, m, mode) != (signal.correlate, (3,), "same")
    ],
    case("convolve, fft", lambda a, b: signal.convolve(a, b, method="fft"), (5,), (3,)),
    case("convolve, direct", lambda a, b: signal.convolve(a, b, method="direct"), (5,), (3,)),
    case("convolve, long", lambda a, b: signal.convolve(a, b, "same"), (80,), (70,)),
    complex_case("convolve", signal.convolve, (2, 3), (2, 2)),
    complex_case("correlate", signal.correlate, (4,), (3,)),
    case(
        "fftconvolve along an axis", lambda a, b: signal.fftconvolve(a, b, axes=1), (3, 4), (1, 2)
    ),
    *[
        case(
            f"{f.__name__}, {mode}, {boundary}",
            lambda a, b, f=f, mode=mode, boundary=boundary: f(a, b, mode, boundary),
            (4, 5),
            (2, 3),
        )
        for f in (signal.convolve2d, signal.correlate2d)
        for mode in ("full", "same", "valid")
        for boundary in ("fill", "wrap", "symm")
    ],
    case("correlate2d, swapped", lambda a, b: signal.correlate2d(a, b, "valid"), (2, 2), (3, 4)),
    case(
        "convolve2d, filled",
        lambda a, b: signal.convolve2d(a, b, "same", "fill", 1.5),
        (4, 3),
        (2, 2),
    ),
]

FILTERS = [
    Case(signal.lfilter, args=pole, jax=None, name="signal.lfilter"),
    case("lfilter, axis 0", lambda b, x: signal.lfilter(b, A, x, axis=0), (2,), (6, 2)),
    case("lfilter, no poles", lambda b, x: signal.lfilter(b, [2.0], x), (3,), (5,)),
    case(
        "lfilter from a state", lambda x, z: signal.lfilter([1.0, 0.3], A, x, zi=z), (2, 6), (2, 2)
    ),
    case(
        "lfilter from a longer state",
        lambda x, z: signal.lfilter([1.0, 0.3], A, x, zi=z),
        (1,),
        (2,),
    ),
    complex_case("lfilter", lambda b, x: signal.lfilter(b, A, x), (2,), (6,)),
    case("sosfilt", lambda x: signal.sosfilt(SOS, x), (2, 6)),
    case("sosfilt from a state", lambda x, z: signal.sosfilt(SOS, x, zi=z), (6,), (2, 2)),
    case("detrend", signal.detrend, (3, 5)),
    case("detrend, constant", lambda x: signal.detrend(x, 0, "constant"), (3, 5)),
    case("detrend, broken", lambda x: signal.detrend(x, bp=[3]), (7,)),
    case("hilbert", signal.hilbert, (2, 6)),
    case("hilbert, padded", lambda x: signal.hilbert(x, 7, axis=0), (5, 2)),
    *[
        make(f"resample {n} to {k}", lambda x, k=k: signal.resample(x, k), (n, 2))
        for make in (case, complex_case)
        for n, k in ((5, 8), (6, 4), (4, 4), (6, 9), (7, 3), (4, 8))
    ],
]

SPECTRA = [
    case("welch", lambda x: signal.welch(x, nperseg=4, fs=2.0)[1], (2, 10)),
    case(
        "welch, spectrum",
        lambda x: signal.welch(x, nperseg=5, noverlap=2, nfft=8, scaling="spectrum")[1],
        (12,),
    ),
    case(
        "welch, axis 0", lambda x: signal.welch(x, nperseg=4, detrend="linear", axis=0)[1], (10, 2)
    ),
    complex_case("welch", lambda x: signal.welch(x, nperseg=4, return_onesided=False)[1], (9,)),
    case("csd", lambda x, y: signal.csd(x, y, nperseg=4)[1], (10,), (9,)),
    case("coherence", lambda x, y: signal.coherence(x, y, nperseg=4)[1], (12,), (12,), rtol=1e-9),
    case("periodogram", lambda x: signal.periodogram(x, 3.0, "hann")[1], (2, 7)),
    case(
        "periodogram, shortened",
        lambda x: signal.periodogram(x, nfft=5, scaling="spectrum")[1],
        (7,),
    ),
    case("spectrogram", lambda x: signal.spectrogram(x, nperseg=4)[1:], (2, 11)),
    *[
        case(
            f"stft, {boundary}",
            lambda x, boundary=boundary: signal.stft(x, nperseg=4, boundary=boundary),
            (2, 9),
        )
        for boundary in ("zeros", "even", "odd", "constant", None)
    ],
    case("stft, power", lambda x: signal.stft(x, 2.0, nperseg=5, axis=0, scaling="psd"), (12, 2)),
    complex_case("istft", lambda z: signal.istft(z, nperseg=4)[1], (3, 6)),
    complex_case("istft, twosided", lambda z: signal.istft(z, input_onesided=False)[1], (2, 4, 6)),
    complex_case(
        "istft, axes",
        lambda z: signal.istft(z, time_axis=0, freq_axis=1, scaling="psd")[1],
        (6, 3, 2),
    ),
]

ZERO_PHASE = [
    case("filtfilt", lambda b, x: signal.filtfilt(b, A, x), (3,), (2, 12)),
    *[
        case(
            f"filtfilt, {padtype}",
            lambda x, padtype=padtype: signal.filtfilt([0.5, 0.2], A, x, 0, padtype, 2),
            (6, 2),
        )
        for padtype in ("odd", "even", "constant", None)
    ],
    case("lfilter_zi", lambda b: signal.lfilter_zi(b, A), (4,)),
    case("sosfilt_zi", lambda g: signal.sosfilt_zi(SOS * (1.0 + 0.0 * g[0])), (1,)),
    case("sosfiltfilt", lambda x: signal.sosfiltfilt(SOS, x), (2, 20)),
]

RATES = [
    case("upfirdn", lambda h, x: signal.upfirdn(h, x, 3, 2), (4,), (2, 5)),
    case("upfirdn along axis 0", lambda h, x: signal.upfirdn(h, x, 1, 3, axis=0), (4,), (5, 2)),
    *[
        case(
            f"resample_poly {up} {down}",
            lambda x, up=up, down=down: signal.resample_poly(x, up, down, axis=1),
            (2, 11),
        )
        for up, down in ((3, 2), (2, 4), (1, 3), (4, 1), (2, 2))
    ],
    case(
        "resample_poly by a window",
        lambda x, h: signal.resample_poly(x, 2, 3, window=h),
        (9,),
        (7,),
    ),
    case("decimate", lambda x: signal.decimate(x, 3), (2, 60), rtol=1e-9),
    case("decimate, causal", lambda x: signal.decimate(x, 2, 3, zero_phase=False), (20,)),
    case("decimate, fir", lambda x: signal.decimate(x, 2, ftype="fir"), (2, 12)),
    case(
        "decimate, fir, causal", lambda x: signal.decimate(x, 2, 5, "fir", zero_phase=False), (11,)
    ),
]

SMOOTHING = [
    *[
        case(
            f"savgol_filter, {mode}",
            lambda x, mode=mode: signal.savgol_filter(x, 5, 3, 1, 0.5, mode=mode),
            (2, 9),
        )
        for mode in ("interp", "mirror", "constant", "nearest", "wrap")
    ],
    case("savgol_filter along axis 0", lambda x: signal.savgol_filter(x, 4, 2, axis=0), (7, 2)),
    case("medfilt", lambda x: signal.medfilt(x, 3), (7,)),
    case("medfilt of an image", lambda x: signal.medfilt(x, [3, 1]), (4, 3)),
    case("medfilt2d", lambda x: signal.medfilt2d(x, 3), (4, 3)),
    case("wiener", lambda x: signal.wiener(x, 3), (8,)),
    case("wiener of an image", lambda x: signal.wiener(x, (3, 5), 0.1), (5, 6)),
    case("deconvolve", lambda x, d: signal.deconvolve(x, d + np.array([2.0, 0.0])), (5,), (2,)),
    case("czt", lambda x: signal.czt(x, 5, np.exp(-0.3j), 1.1, axis=0), (4, 2)),
    case("zoom_fft", lambda x: signal.zoom_fft(x, [0.2, 0.7], 3, endpoint=True), (2, 6)),
    case("zoom_fft from 0", lambda x: signal.zoom_fft(x, 0.7), (6,)),
]

CASES = [*ZERO_PHASE, *RATES, *SMOOTHING, *CONVOLUTIONS, *FILTERS, *SPECTRA]
