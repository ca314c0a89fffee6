"""JAX's names for devices, processes and modes: there is one device, the CPU, and one process.

They are here for code that is to run on both libraries. What they ask for is so already, or is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from funcgrad.core.config import config
from funcgrad.core.errors import ArgumentError
from funcgrad.core.naming import named
from funcgrad.core.source import here


class Device:
    """The processor that runs everything.

    >>> import funcgrad as fg
    >>> fg.devices()[0].platform
    'cpu'
    """

    id = process_index = local_hardware_id = 0
    platform = device_kind = "cpu"

    def __repr__(self) -> str:
        return "CpuDevice(id=0)"


_CPU = Device()


def devices(backend: str | None = None) -> list[Device]:
    """All devices: the CPU.

    >>> import funcgrad as fg
    >>> fg.devices()
    [CpuDevice(id=0)]
    """
    if backend not in (None, "cpu"):
        raise ArgumentError(f"there is no backend {backend!r}: funcgrad runs on the CPU{here()}")
    return [_CPU]


def local_devices(
    process_index: int | None = None, backend: str | None = None, host_id: int | None = None
) -> list[Device]:
    """The devices of this process: the CPU.

    >>> import funcgrad as fg
    >>> fg.local_devices()
    [CpuDevice(id=0)]
    """
    return devices(backend)


def device_count(backend: str | None = None) -> int:
    """How many devices there are: 1.

    >>> import funcgrad as fg
    >>> fg.device_count()
    1
    """
    return len(devices(backend))


local_device_count = device_count


def default_backend() -> str:
    """The platform that functions run on: "cpu".

    >>> import funcgrad as fg
    >>> fg.default_backend()
    'cpu'
    """
    return _CPU.platform


def process_count(backend: str | None = None) -> int:
    """How many processes share the work: 1.

    >>> import funcgrad as fg
    >>> fg.process_count()
    1
    """
    return device_count(backend)


def process_index(backend: str | None = None) -> int:
    """The number of this process: 0.

    >>> import funcgrad as fg
    >>> fg.process_index()
    0
    """
    return devices(backend)[0].process_index


def effects_barrier() -> None:
    """Wait for effects: callbacks and prints have run when a function returns.

    >>> import funcgrad as fg
    >>> fg.effects_barrier()
    """


@contextlib.contextmanager
def enable_x64(new_val: bool = True) -> Iterator[None]:
    """Within the block, compute in double precision, as always; single precision comes with arrays of float32.

    >>> import numpy as np, funcgrad as fg
    >>> with fg.enable_x64():
    ...     fg.grad(np.sin)(0.0).dtype
    dtype('float64')
    """
    if not new_val:
        raise ArgumentError(
            f"enable_x64(False): dtypes are NumPy's{here()}\n  give arrays of float32 to compute in float32"
        )
    yield


@contextlib.contextmanager
def enable_checks(new_val: bool = True) -> Iterator[None]:
    """Within the block, every jaxpr is checked after every transform, as by `fg.config.check_jaxprs`.

    >>> import numpy as np, funcgrad as fg
    >>> with fg.enable_checks():
    ...     fg.grad(np.sin)(0.0)
    np.float64(1.0)
    """
    before = config.check_jaxprs
    config.check_jaxprs = new_val
    try:
        yield
    finally:
        config.check_jaxprs = before


def _without_effect(name: str, why: str) -> Callable[..., Any]:
    @contextlib.contextmanager
    def mode(new_val: Any = None) -> Iterator[None]:
        yield

    return named(
        mode,
        name,
        f"""Without effect: {why}.

    >>> import funcgrad as fg
    >>> with fg.{name}():
    ...     fg.grad(lambda x: x * x)(1.0)
    np.float64(2.0)
    """,
    )


checking_leaks = _without_effect(
    "checking_leaks", "a traced value that outlives its function is an error wherever it is used"
)
default_device = _without_effect("default_device", "there is one device")
default_matmul_precision = _without_effect(
    "default_matmul_precision", "products are computed in the dtype of their operands"
)
log_compiles = _without_effect("log_compiles", "`fg.cache_info` counts what was compiled")
numpy_dtype_promotion = _without_effect("numpy_dtype_promotion", "dtypes are promoted as NumPy's")
numpy_rank_promotion = _without_effect(
    "numpy_rank_promotion", "arrays are broadcast as NumPy's, with no warning"
)
transfer_guard = _without_effect("transfer_guard", "there is nothing to transfer arrays to")
