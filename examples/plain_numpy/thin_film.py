"""Reflection of a stack of thin films by transfer matrices: complex arithmetic."""

import numpy as np

WAVELENGTHS = np.linspace(0.45, 0.65, 7)
INDEX = np.array([1.38, 2.3, 1.38, 2.3])
SUBSTRATE = 1.52


def reflectance(thickness, wavelength):
    m = np.eye(2, dtype=complex)
    for n, d in zip(INDEX, thickness):
        phase = 2 * np.pi * n * d / wavelength
        layer = np.array(
            [[np.cos(phase), 1j * np.sin(phase) / n], [1j * n * np.sin(phase), np.cos(phase)]]
        )
        m = m @ layer
    b = m[0, 0] + m[0, 1] * SUBSTRATE
    c = m[1, 0] + m[1, 1] * SUBSTRATE
    r = (b - c) / (b + c)
    return np.abs(r) ** 2


def objective(thickness):
    """Mean reflectance over the visible wavelengths."""
    return np.mean(np.array([reflectance(thickness, w) for w in WAVELENGTHS]))


def example(rng):
    return rng.uniform(0.05, 0.15, len(INDEX))
