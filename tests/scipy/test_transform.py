"""Rotations: values against SciPy, derivatives against finite differences and the exponential of matrices."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

import funcgrad as fg
from funcgrad.scipy.spatial import transform

RNG = np.random.default_rng(0)
QUATS, VECTORS = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 3))
THEIRS, OURS = Rotation.from_quat(QUATS), transform.Rotation.from_quat(QUATS)
MATRICES = RNG.normal(size=(3, 3, 3))
MATRICES *= np.sign(np.linalg.det(MATRICES))[:, None, None]

VALUES: dict[str, Callable[[Any], Any]] = {
    "quat": lambda r: r.as_quat(),
    "canonical, scalar first": lambda r: r.as_quat(canonical=True, scalar_first=True),
    "matrix": lambda r: r.as_matrix(),
    "rotvec": lambda r: r.as_rotvec(degrees=True),
    "mrp": lambda r: r.as_mrp(),
    "magnitude": lambda r: r.magnitude(),
    "apply": lambda r: r.apply(VECTORS),
    "apply inverse": lambda r: r[0].apply(VECTORS, inverse=True),
    "inverse": lambda r: r.inv().as_matrix(),
    "product": lambda r: (r * r[::-1]).as_quat(),
    "product with one": lambda r: (r[1] * r).as_matrix(),
    "power": lambda r: (r**0.3).as_quat(),
    "mean": lambda r: r.mean([1.0, 2.0, 3.0, 4.0, 5.0]).as_matrix(),
    "length": lambda r: np.array(len(r)),
    "iteration": lambda r: np.stack([one.as_quat() for one in r]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    np.testing.assert_allclose(VALUES[name](OURS), VALUES[name](THEIRS), atol=1e-12)


MAKERS: dict[str, Callable[[Any], Any]] = {
    "quaternions": lambda R: R.from_quat(QUATS, scalar_first=True),
    "matrices": lambda R: R.from_matrix(THEIRS.as_matrix()),
    "matrices that do not rotate": lambda R: R.from_matrix(MATRICES),
    "rotvec": lambda R: R.from_rotvec(VECTORS * 50.0, degrees=True),
    "small rotvec": lambda R: R.from_rotvec(VECTORS * [[0.0], [1e-9], [1e-3], [0.1], [0.3]]),
    "mrp": lambda R: R.from_mrp(VECTORS),
    "one angle": lambda R: R.from_euler("y", 40.0, degrees=True),
    "two angles": lambda R: R.from_euler("ZX", VECTORS[:, :2]),
    "identity": lambda R: R.identity(2),
    "concatenation": lambda R: R.concatenate([R.from_rotvec(VECTORS), R.from_rotvec(VECTORS[0])]),
    "alignment": lambda R: R.align_vectors(VECTORS, VECTORS[::-1], [1.0, 2.0, 1.0, 2.0, 3.0])[0],
}


@pytest.mark.parametrize("name", MAKERS)
def test_makers(name: str) -> None:
    ours, theirs = MAKERS[name](transform.Rotation), MAKERS[name](Rotation)
    np.testing.assert_allclose(ours.as_matrix(), theirs.as_matrix(), atol=1e-12)
    assert ours.single == theirs.single


SEQUENCES = ["".join(s) for s in itertools.product("xyz", repeat=3) if s[0] != s[1] != s[2]]


@pytest.mark.parametrize("seq", [*SEQUENCES, *map(str.upper, SEQUENCES)])
def test_euler_angles(seq: str) -> None:
    ours = transform.Rotation.from_euler(seq, VECTORS)
    np.testing.assert_allclose(
        ours.as_matrix(), Rotation.from_euler(seq, VECTORS).as_matrix(), atol=1e-12
    )
    np.testing.assert_allclose(OURS.as_euler(seq), THEIRS.as_euler(seq), atol=1e-12)
    locked = Rotation.from_euler(seq, [[0.3, m * np.pi / 2, 0.5] for m in (-1, 0, 1, 2)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy says that the angles are not unique
        theirs = locked.as_euler(seq, degrees=True)
    angles = transform.Rotation.from_quat(locked.as_quat()).as_euler(seq, degrees=True)
    np.testing.assert_allclose(np.sin(np.deg2rad(angles - theirs) / 2), 0.0, atol=1e-7)


@pytest.mark.parametrize("v", [[0.0, 0.0, 0.0], [0.1, 0.05, -0.1], [0.5, -0.3, 1.0]])
def test_derivatives_of_rotation_vectors_are_those_of_the_exponential(v: list[float]) -> None:
    """At no rotation, too, where lengths and angles have no derivatives."""
    weights = RNG.normal(size=(3, 3))

    def by_rotation(v: Any) -> Any:
        r = transform.Rotation.from_rotvec(v)
        return np.sum(weights * r.as_matrix()) + np.sum(r.as_rotvec() ** 2 * weights[0])

    def by_exponential(v: Any) -> Any:
        skew = np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
        return np.sum(weights * fg.scipy.linalg.expm(skew)) + np.sum(v**2 * weights[0])

    x = np.array(v)
    for derivative in (fg.grad, fg.hessian):
        np.testing.assert_allclose(
            derivative(by_rotation)(x), derivative(by_exponential)(x), atol=1e-10
        )


def arm(q: Any) -> Any:
    """Code that knows SciPy only, with a rotation that was made before."""
    turn = Rotation.from_euler("xyz", q)
    moved = (THEIRS[0] * turn).apply(np.array([1.0, 2.0, 3.0]))
    between = Slerp([0.0, 1.0], Rotation.concatenate([turn, Rotation.from_rotvec(q)]))(0.3)
    angles = (turn * Rotation.from_rotvec(q).inv()).as_euler("ZYX")
    return np.sum(moved**3) + THEIRS[1].apply(q)[0] + between.magnitude() + np.sum(angles)


def test_unmodified_code() -> None:
    q = np.array([0.1, -0.2, 0.3])
    fg.check_grads(arm, (q,), order=2)
    np.testing.assert_allclose(fg.jit(arm)(q), arm(q))
    np.testing.assert_allclose(fg.vmap(arm)(np.stack([q, -q])), [arm(q), arm(-q)])
    turned = lambda angle: Rotation.from_euler("z", angle).apply(np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(fg.jacfwd(turned)(0.0), [0.0, 1.0, 0.0])
    between = Slerp(np.arange(5.0), THEIRS)
    fg.check_grads(lambda t: np.sum(between(t).as_rotvec()), (np.array([0.3, 2.2]),), order=1)
    fg.check_grads(lambda p: (THEIRS[0] ** p).as_matrix(), (0.7,), order=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: Rotation.from_euler("xY", x[:2]), "the axes are up to three letters of 'xyz'"),
        (
            lambda x: Rotation.from_euler("xy", x),
            r"2 angles are needed along the last axis, not f64\[3\]",
        ),
        (lambda x: Rotation.from_quat(x), r"last axis has length 4, not f64\[3\]"),
        (lambda x: Rotation.from_matrix(x), r"takes 3 by 3 matrices, not f64\[3\]"),
        (lambda x: Rotation.from_rotvec(x).as_euler("xxy"), "no neighbours are alike, not 'xxy'"),
        (
            lambda x: Slerp([0.0], Rotation.from_rotvec(np.stack([x, x]))),
            "one time for each rotation",
        ),
        (lambda x: Rotation.align_vectors(x, x, return_sensitivity=True), "no sensitivity"),
    ],
)
def test_errors(call: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(fg.errors.ArgumentError, match=message):
        fg.grad(call)(np.ones(3))
