"""`funcgrad.example_libraries`: a small library of optimisers and one of neural networks, as JAX's.

They are for examples and lessons; libraries such as optax run on funcgrad, too (see "Coming from JAX").
"""

from __future__ import annotations

from funcgrad.example_libraries import optimizers, stax

__all__ = ["optimizers", "stax"]
