"""`scipy.spatial.transform`: rotations that hold traced quaternions, and interpolation between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.scipy.mirror import HoldsTraced, other_names
from funcgrad.scipy.spatial.quaternions import (
    non_negative,
    of_matrix,
    of_rotvec,
    product,
    to_euler,
    to_matrix,
    to_rotvec,
    unit,
)

__all__ = ["Rotation", "Slerp"]

_AXES = {"x": 0, "y": 1, "z": 2}


class Rotation(HoldsTraced):
    """`scipy.spatial.transform.Rotation` on traced values: one rotation, or several along the first axes.

    It is made by its functions `from_quat`, `from_matrix`, `from_rotvec`, `from_mrp` and `from_euler`. All
    conversions have derivatives of all orders where they are smooth, at no rotation, too.

    >>> import numpy as np, funcgrad as fg
    >>> from funcgrad.scipy.spatial.transform import Rotation
    >>> turn = lambda angle: Rotation.from_euler("z", angle).apply(np.array([1.0, 0.0, 0.0]))
    >>> fg.jacfwd(turn)(0.0).round(6)
    array([0., 1., 0.])
    """

    def __init__(self, quat: Any) -> None:
        self._quat = quat  # (..., 4), of length 1, scalar last

    # Making rotations

    @classmethod
    def from_quat(cls, quat: Any, *, scalar_first: bool = False) -> Rotation:
        """Rotations of quaternions of any length but zero."""
        quat = _vectors("from_quat", quat, 4)
        return cls(unit(np.roll(quat, -1, -1) if scalar_first else quat))

    @classmethod
    def from_matrix(cls, matrix: Any, *, assume_valid: bool = False) -> Rotation:
        """Rotations of matrices, or of the closest orthogonal ones unless `assume_valid`."""
        m = _real(matrix)
        if typeof(m).shape[-2:] != (3, 3):
            raise ArgumentError(
                f"Rotation.from_matrix takes 3 by 3 matrices, not {typeof(m)}{here()}"
            )
        if not assume_valid:
            u, _, vh = np.linalg.svd(m)
            m = u @ vh
        return cls(of_matrix(m))

    @classmethod
    def from_rotvec(cls, rotvec: Any, degrees: bool = False) -> Rotation:
        """Rotations about vectors, by their lengths."""
        v = _vectors("from_rotvec", rotvec, 3)
        v = np.deg2rad(v) if degrees else v
        return cls(of_rotvec(v))

    @classmethod
    def from_mrp(cls, mrp: Any) -> Rotation:
        """Rotations of modified Rodrigues parameters, axes times tan(angle / 4)."""
        v = _vectors("from_mrp", mrp, 3)
        square = np.sum(v * v, -1, keepdims=True)
        return cls(np.concatenate([2.0 * v, 1.0 - square], -1) / (1.0 + square))

    @classmethod
    def from_euler(cls, seq: str, angles: Any, degrees: bool = False) -> Rotation:
        """Rotations about axes in turn: fixed ones for "xyz", those of the rotated body for "XYZ"."""
        axes = _sequence("from_euler", seq)
        angles = _real(angles)
        angles = np.deg2rad(angles) if degrees else angles
        shape = typeof(angles).shape
        if len(axes) == 1:
            angles = angles if len(shape) > 1 and shape[-1] == 1 else angles[..., None]
        elif not shape or shape[-1] != len(axes):
            raise ArgumentError(
                f"Rotation.from_euler({seq!r}, angles): {len(axes)} angles are needed along the last axis, "
                f"not {typeof(angles)}{here()}"
            )
        found: Any = None
        for n, axis in enumerate(axes):
            turn = cls.from_rotvec(angles[..., n, None] * np.eye(3)[axis])
            found = turn if found is None else found * turn if seq.isupper() else turn * found
        return found

    @classmethod
    def identity(cls, num: int | None = None) -> Rotation:
        return cls(np.zeros((*([] if num is None else [num]), 4)) + np.array([0.0, 0.0, 0.0, 1.0]))

    @classmethod
    def concatenate(cls, rotations: Any) -> Rotation:
        """Rotations in a row."""
        rotations = [rotations] if _is_rotation(rotations) else rotations
        quats = [_quat_of(r) for r in rotations]
        return cls(np.concatenate([q if typeof(q).ndim > 1 else q[None] for q in quats]))

    @classmethod
    def align_vectors(
        cls, a: Any, b: Any, weights: Any = None, return_sensitivity: bool = False
    ) -> tuple[Rotation, Any]:
        """The rotation that brings vectors `b` closest to `a`, and the root of the sum of squares of what is left."""
        if return_sensitivity:
            raise ArgumentError(f"Rotation.align_vectors: no sensitivity of traced vectors{here()}")
        a, b = (_vectors("align_vectors", x, 3).reshape(-1, 3) for x in (a, b))
        w = np.ones(len(a)) if weights is None else _real(weights)
        u, s, vh = np.linalg.svd((w[:, None] * a).T @ b)
        flip = np.where(np.linalg.det(u) * np.linalg.det(vh) < 0, -1.0, 1.0) * np.array([0, 0, 1.0])
        sign = np.array([1.0, 1.0, 0.0]) + flip
        left = np.sum(w[:, None] * (a * a + b * b)) - 2.0 * np.sum(s * sign)
        rotation = cls.from_matrix((u * sign) @ vh, assume_valid=True)
        return rotation, np.sqrt(np.maximum(left, 0.0))

    # What they are

    def as_quat(self, canonical: bool = False, *, scalar_first: bool = False) -> Any:
        q = non_negative(self._quat) if canonical else self._quat
        return np.roll(q, 1, -1) if scalar_first else q

    def as_matrix(self) -> Any:
        return to_matrix(self._quat)

    def as_rotvec(self, degrees: bool = False) -> Any:
        v = to_rotvec(self._quat)
        return np.rad2deg(v) if degrees else v

    def as_mrp(self) -> Any:
        q = non_negative(self._quat)
        return q[..., :3] / (1.0 + q[..., 3:])

    def as_euler(self, seq: str, degrees: bool = False) -> Any:
        """Angles about three axes, fixed ones for "xyz", those of the rotated body for "XYZ"."""
        axes = _sequence("as_euler", seq)
        if len(axes) != 3 or axes[0] == axes[1] or axes[1] == axes[2]:
            raise ArgumentError(
                f"Rotation.as_euler: three axes are needed of which no neighbours are alike, not {seq!r}{here()}"
            )
        angles = to_euler(self._quat, axes, seq.islower())
        return np.rad2deg(angles) if degrees else angles

    def magnitude(self) -> Any:
        v = self._quat[..., :3]
        return 2.0 * np.arctan2(np.sqrt(np.sum(v * v, -1)), np.abs(self._quat[..., 3]))

    @property
    def single(self) -> bool:
        return typeof(self._quat).ndim == 1

    @property
    def shape(self) -> tuple[int, ...]:
        return typeof(self._quat).shape[:-1]

    # What they do

    def apply(self, vectors: Any, inverse: bool = False) -> Any:
        m = self.as_matrix()
        m = np.swapaxes(m, -1, -2) if inverse else m
        return (m @ _vectors("apply", vectors, 3)[..., None])[..., 0]

    def inv(self) -> Rotation:
        return Rotation(self._quat * np.array([-1.0, -1.0, -1.0, 1.0]))

    def mean(self, weights: Any = None) -> Rotation:
        """The rotation with the least sum of squares of chordal distances (F. L. Markley et al., 2007)."""
        q = self._quat[None] if self.single else self._quat
        w = np.ones(len(q)) if weights is None else _real(weights)
        return Rotation(np.linalg.eigh((w[:, None] * q).T @ q)[1][:, -1])

    def __mul__(self, other: Any) -> Any:
        if not _is_rotation(other):
            return NotImplemented
        return Rotation(product(self._quat, _quat_of(other)))

    def __rmul__(self, other: Any) -> Any:
        return Rotation(_quat_of(other)) * self if _is_rotation(other) else NotImplemented

    def __pow__(self, n: Any, modulus: None = None) -> Rotation:
        return Rotation.from_rotvec(n * self.as_rotvec())

    def __getitem__(self, index: Any) -> Rotation:
        if self.single:
            raise TypeError("Single rotation is not subscriptable.")
        return Rotation(self._quat[index])

    def __len__(self) -> int:
        if self.single:
            raise TypeError("Single rotation has no len().")
        return self.shape[0]

    def __iter__(self) -> Iterator[Rotation]:
        return (self[i] for i in range(len(self)))


class Slerp(HoldsTraced):
    """`scipy.spatial.transform.Slerp`: at constant angular velocity from each rotation to the next.

    >>> import numpy as np, funcgrad as fg
    >>> from funcgrad.scipy.spatial.transform import Rotation, Slerp
    >>> between = lambda a: Slerp([0.0, 1.0], Rotation.from_euler("z", np.stack([0.0 * a, a])))(
    ...     0.25
    ... )
    >>> fg.grad(lambda a: between(a).magnitude())(0.8).round(6)
    np.float64(0.25)
    """

    def __init__(self, times: Any, rotations: Any) -> None:
        self.times = _real(times)
        self.rotations = Rotation(_quat_of(rotations))
        if typeof(self.times).ndim != 1 or typeof(self.times).size != self.rotations.shape[0]:
            raise ArgumentError(
                f"Slerp takes one time for each rotation, not {typeof(self.times)} for rotations of shape "
                f"{self.rotations.shape}{here()}"
            )
        self.rotvecs = (self.rotations[:-1].inv() * self.rotations[1:]).as_rotvec()

    def __call__(self, times: Any) -> Rotation:
        return between(self.times, self.rotations, self.rotvecs, times)


def between(times: Any, rotations: Rotation, rotvecs: Any, t: Any) -> Rotation:
    """The rotations at times `t`: those at the last of `times` before, turned by parts of `rotvecs`."""
    t = _real(t)
    place = np.clip(np.searchsorted(times, t) - 1, 0, typeof(times).size - 2)
    start = np.take(times, place)
    part = (t - start) / (np.take(times, place + 1) - start)
    return rotations[place] * Rotation.from_rotvec(np.take(rotvecs, place, 0) * part[..., None])


def _real(x: Any) -> Any:
    x = np.positive(operand(x))  # a number of Python becomes one of NumPy, which can be indexed
    return x if typeof(x).dtype.kind == "f" else x.astype(np.float64)


def _vectors(name: str, x: Any, n: int) -> Any:
    x = _real(x)
    if typeof(x).shape[-1:] != (n,):
        raise ArgumentError(
            f"Rotation.{name} takes arrays whose last axis has length {n}, not {typeof(x)}{here()}"
        )
    return x


def _sequence(name: str, seq: str) -> Sequence[int]:
    if (
        not 1 <= len(seq) <= 3
        or not (seq.islower() or seq.isupper())
        or set(seq.lower()) - set(_AXES)
    ):
        raise ArgumentError(
            f"Rotation.{name}: the axes are up to three letters of 'xyz' (fixed axes) or of 'XYZ' (those of the "
            f"body), not {seq!r}{here()}"
        )
    return [_AXES[letter] for letter in seq.lower()]


def _is_rotation(value: Any) -> bool:
    return isinstance(value, Rotation) or type(value).__name__ == "Rotation"


def _quat_of(rotation: Any) -> Any:
    """The quaternions of one of our rotations or of SciPy's."""
    return rotation._quat if isinstance(rotation, Rotation) else rotation.as_quat()


__getattr__ = other_names("spatial.transform")
