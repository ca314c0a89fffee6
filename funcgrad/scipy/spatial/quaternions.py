"""Rotations as quaternions in the last axis of arrays, of length 1, scalar last; and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Below this square of an angle, or of its half's sine, series take the place of quotients with limits.
_SMALL = 0.05


def unit(quat: Any) -> Any:
    return quat / np.sqrt(np.sum(quat * quat, -1, keepdims=True))


def non_negative(quat: Any) -> Any:
    """Of two quaternions of a rotation, the one whose scalar is not negative."""
    return np.where(quat[..., 3:] < 0, -quat, quat)


def of_matrix(m: Any) -> Any:
    """Of orthogonal matrices."""
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    # Of four ways to a quaternion, the one that divides by the largest of its entries.
    choices = []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        entries = {
            i: 1.0 - trace + 2.0 * m[..., i, i],
            j: m[..., j, i] + m[..., i, j],
            k: m[..., k, i] + m[..., i, k],
            3: m[..., k, j] - m[..., j, k],
        }
        choices.append(np.stack([entries[e] for e in range(4)], -1))
    skew = [
        m[..., 2, 1] - m[..., 1, 2],
        m[..., 0, 2] - m[..., 2, 0],
        m[..., 1, 0] - m[..., 0, 1],
    ]
    choices.append(np.stack([*skew, 1.0 + trace], -1))
    largest = np.argmax(np.stack([*[m[..., i, i] for i in range(3)], trace]), 0)[..., None]
    quat = choices[3]
    for i in range(3):
        quat = np.where(largest == i, choices[i], quat)
    return unit(quat)


def to_matrix(q: Any) -> Any:
    x, y, z, w = (q[..., i] for i in range(4))
    rows = [
        [x * x - y * y - z * z + w * w, 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), -x * x + y * y - z * z + w * w, 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), -x * x - y * y + z * z + w * w],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def of_rotvec(v: Any) -> Any:
    cosine, quotient = _of_half_angle(np.sum(v * v, -1, keepdims=True))
    return np.concatenate([v * quotient, cosine], -1)


def to_rotvec(q: Any) -> Any:
    q = non_negative(q)
    v, w = q[..., :3], q[..., 3:]
    return v * _angle_over_sine(np.sum(v * v, -1, keepdims=True), w)


def to_euler(quat: Any, axes: Sequence[int], extrinsic: bool) -> Any:
    """Angles about three axes (E. Bernardes and S. Viollet, PLoS ONE 17, 2022, e0276302)."""
    i, j, k = axes if extrinsic else axes[::-1]
    symmetric = i == k
    k = 3 - i - j if symmetric else k
    sign = float((i - j) * (j - k) * (k - i) // 2)
    q = [quat[..., n] for n in range(4)]
    if symmetric:
        a, b, c, d = q[3], q[i], q[j], q[k] * sign
    else:
        a, b, c, d = q[3] - q[j], q[i] + q[k] * sign, q[j] + q[3], q[k] * sign - q[i]
    middle = 2.0 * np.arctan2(np.hypot(c, d), np.hypot(a, b))
    half_sum, half_difference = np.arctan2(b, a), np.arctan2(d, c)
    low, high = np.abs(middle) <= 1e-7, np.abs(middle - np.pi) <= 1e-7
    first, third = half_sum - half_difference, half_sum + half_difference
    # Where the axes fall together only the sum or the difference of two angles counts.
    alone = np.where(low, 2.0 * half_sum, 2.0 * half_difference * (-1.0 if extrinsic else 1.0))
    if not extrinsic:
        first, third = third, first
    locked = low | high
    first, third = np.where(locked, alone, first), np.where(locked, 0.0, third)
    if not symmetric:
        middle = middle - np.pi / 2
        first, third = (first, third * sign) if extrinsic else (first * sign, third)
    angles = np.stack([first, middle, third], -1)
    return angles - 2.0 * np.pi * np.round(angles / (2.0 * np.pi))


def product(p: Any, q: Any) -> Any:
    pv, pw, qv, qw = p[..., :3], p[..., 3:], q[..., :3], q[..., 3:]
    vector = pw * qv + qw * pv + np.cross(pv, qv)
    return np.concatenate([vector, pw * qw - np.sum(pv * qv, -1, keepdims=True)], -1)


def _of_half_angle(square: Any) -> tuple[Any, Any]:
    """cos(a/2) and sin(a/2) / a of the square of an angle, smooth where it is zero."""
    cosine: Any = 0.0
    quotient: Any = 0.0
    for k in reversed(range(8)):  # the series of cos and sin by Horner's rule
        cosine = 1.0 - cosine * square / (4.0 * (2 * k + 1) * (2 * k + 2))
        quotient = 1.0 - quotient * square / (4.0 * (2 * k + 2) * (2 * k + 3))
    near = square < _SMALL
    angle = np.sqrt(np.where(near, 1.0, square))
    return (
        np.where(near, cosine, np.cos(angle / 2)),
        np.where(near, quotient / 2, np.sin(angle / 2) / angle),
    )


def _angle_over_sine(square: Any, w: Any) -> Any:
    """a / sin(a/2), where `square` is the square of sin(a/2), and `w`, which is not negative, is cos(a/2)."""
    near = square < _SMALL
    w_near = np.where(near, w, 1.0)
    ratio, series = square / w_near**2, 0.0 * square
    for k in reversed(range(14)):  # atan(t) / t by Horner's rule
        series = 1.0 / (2 * k + 1) - ratio * series
    sine = np.sqrt(np.where(near, 1.0, square))
    return 2.0 * np.where(near, series / w_near, np.arctan2(sine, w) / sine)
