"""Cases: Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import Case

DTYPES = ("float64", "float32", "float16", "int32", "bool", "complex128", "complex64")
REALS = ("float64", "float32", "int32", "bool")

LENGTHS = ((4, "ortho"), (8, "forward"), (5, "backward"))


def complex_signal(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.normal(size=(5, 3)) + 1j * rng.normal(size=(5, 3)),)


def complex_volume(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.normal(size=(2, 3, 4)) + 1j * rng.normal(size=(2, 3, 4)),)


ONE_AXIS = [
    *[
        Case(function, shapes=((3, 5),), dtypes=DTYPES, complex=True)
        for function in (np.fft.fft, np.fft.ifft, np.fft.irfft, np.fft.hfft)
    ],
    *[Case(function, shapes=((3, 5),), dtypes=REALS) for function in (np.fft.rfft, np.fft.ihfft)],
    *[
        Case(function, shapes=((5, 3),), params={"n": n, "axis": 0, "norm": norm}, complex=True)
        for function in (np.fft.fft, np.fft.ifft)
        for n, norm in LENGTHS
    ],
    # With `args`, which have no empty version: there NumPy returns memory that it has not written.
    *[
        Case(
            function,
            args=complex_signal,
            params={"n": n, "axis": 0, "norm": norm},
            name=f"fft.{function.__name__} of length {n}",
        )
        for function in (np.fft.irfft, np.fft.hfft)
        for n, norm in LENGTHS
    ],
    *[
        Case(function, shapes=((5, 3),), params={"n": n, "axis": 0, "norm": norm})
        for function in (np.fft.rfft, np.fft.ihfft)
        for n, norm in ((4, "ortho"), (7, "forward"), (1, "backward"))
    ],
]

MANY_AXES = [
    *[
        Case(function, shapes=((3, 4),), dtypes=("float64", "float32", "complex64"), complex=True)
        for function in (np.fft.fft2, np.fft.ifft2, np.fft.irfft2)
    ],
    Case(np.fft.rfft2, shapes=((3, 4),), dtypes=REALS),
    *[
        Case(function, shapes=((2, 3, 4),), params={"axes": (2, 0), "norm": "ortho"}, complex=True)
        for function in (np.fft.fftn, np.fft.ifftn, np.fft.irfftn)
    ],
    *[
        Case(
            function,
            shapes=((2, 3, 4),),
            params={"s": (4, 3), "axes": (0, 2), "norm": "forward"},
            complex=True,
        )
        for function in (np.fft.fftn, np.fft.ifftn)
    ],
    Case(
        np.fft.irfftn,
        args=complex_volume,
        params={"s": (4, 3), "axes": (0, 2), "norm": "forward"},
        name="fft.irfftn of other lengths",
    ),
    Case(np.fft.rfftn, shapes=((2, 3, 4),)),
    Case(np.fft.rfftn, shapes=((2, 3, 4),), params={"axes": (2, 0), "norm": "ortho"}),
    Case(
        np.fft.rfftn, shapes=((2, 3, 4),), params={"s": (3, 5), "axes": (0, 2), "norm": "forward"}
    ),
    # An axis may be transformed twice; JAX refuses that.
    Case(np.fft.fftn, shapes=((3, 4),), params={"axes": (1, 1)}, jax=None),
    Case(np.fft.rfftn, shapes=((3, 4),), params={"axes": (0, 1, 0)}, jax=None),
    Case(np.fft.irfftn, shapes=((3, 4),), params={"axes": (0, 1, 0)}, jax=None),
]

SHIFTS = [
    Case(np.fft.fftshift, shapes=((3, 4),), dtypes=DTYPES, complex=True),
    Case(np.fft.fftshift, shapes=((3, 4),), params={"axes": 0}),
    Case(np.fft.ifftshift, shapes=((3, 5),), dtypes=DTYPES, complex=True),
    Case(np.fft.ifftshift, shapes=((3, 5),), params={"axes": (1,)}),
]

CASES = [*ONE_AXIS, *MANY_AXES, *SHIFTS]
