"""JAX's names for devices, processes and modes."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError

MODES = [
    "checking_leaks",
    "default_device",
    "default_matmul_precision",
    "log_compiles",
    "numpy_dtype_promotion",
    "numpy_rank_promotion",
    "transfer_guard",
]


def test_there_is_one_device_and_one_process() -> None:
    for library in (fg, jax):
        assert [d.platform for d in library.devices()] == ["cpu"]
        assert len(library.local_devices()) == 1
        assert (
            library.device_count() == library.local_device_count() == library.process_count() == 1
        )
        assert library.process_index() == 0
        assert library.default_backend() == "cpu"
        library.effects_barrier()
    with pytest.raises(ArgumentError, match="there is no backend 'gpu'"):
        fg.devices("gpu")


@pytest.mark.parametrize("mode", MODES)
def test_modes_without_effect(mode: str) -> None:
    with getattr(fg, mode)("float32"):
        assert fg.grad(np.sin)(0.0) == 1.0


def test_modes_with_effect() -> None:
    with fg.enable_x64(True):
        assert fg.grad(np.sin)(0.0).dtype == np.float64
    with pytest.raises(ArgumentError, match="give arrays of float32"), fg.enable_x64(False):
        pass
    before = fg.config.check_jaxprs
    with fg.enable_checks(not before):
        assert fg.config.check_jaxprs is not before
    assert fg.config.check_jaxprs is before


def test_settings_by_jaxs_names() -> None:
    before = fg.config.read("jax_debug_nans")
    try:
        fg.config.update("jax_debug_nans", True)
        assert fg.config.debug_nans is True
        fg.config.update("debug_nans", False)
        assert fg.config.read("jax_debug_nans") is False
    finally:
        fg.config.debug_nans = bool(before)
    fg.config.update("jax_enable_x64", True)
    fg.config.update("jax_platforms", "cpu")
    assert fg.config.read("jax_enable_x64") is True
    with pytest.raises(ArgumentError, match="jax_enable_x64=False: dtypes are NumPy's"):
        fg.config.update("jax_enable_x64", False)
    with pytest.raises(AttributeError, match="no setting 'debug_nan'"):
        fg.config.update("debug_nan", True)


def test_names_of_dtypes_core_and_ops() -> None:
    assert fg.dtypes.canonicalize_dtype("float32") == np.float32
    assert not np.issubdtype(fg.random.key(0).dtype, fg.dtypes.prng_key)
    assert [fg.dtypes.itemsize_bits(d) for d in (np.int8, np.complex128)] == [8, 128]
    assert [fg.dtypes.scalar_type_of(x) for x in (True, np.ones(2), 1j)] == [bool, float, complex]
    fg.grad(lambda x: x if isinstance(x, fg.core.Tracer) else pytest.fail("not traced"))(1.0)
    closed = fg.make_jaxpr(np.sin)(0.0)
    assert isinstance(closed, fg.core.ClosedJaxpr)
    assert isinstance(closed.eqns[0], fg.core.JaxprEqn)
    assert fg.core.eval_jaxpr(closed.jaxpr, closed.consts, 0.0) == [0.0]
    np.testing.assert_array_equal(
        fg.ops.segment_sum(np.ones(3), np.array([0, 1, 1])),
        jax.ops.segment_sum(np.ones(3), np.array([0, 1, 1])),
    )
    for package in (fg.core, fg.ops):
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            package.nothing
