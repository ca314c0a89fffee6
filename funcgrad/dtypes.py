"""`funcgrad.dtypes`: JAX's name for questions about dtypes, which are NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.types import float0

finfo = np.finfo
iinfo = np.iinfo
issubdtype = np.issubdtype
result_type = np.result_type


class extended(np.generic):  # JAX's name
    """The kind of dtypes that NumPy does not have. No array is of it.

    >>> import numpy as np, funcgrad as fg
    >>> np.issubdtype(fg.random.key(0).dtype, fg.dtypes.extended)
    False
    """


class prng_key(extended):  # JAX's name
    """The kind of JAX's typed random keys. Keys are arrays of unsigned integers here, so that no array is of it.

    >>> import numpy as np, funcgrad as fg
    >>> np.issubdtype(fg.random.key(0).dtype, fg.dtypes.prng_key)
    False
    """


def canonicalize_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype itself: all of NumPy's dtypes can be computed with.

    >>> import funcgrad as fg
    >>> fg.dtypes.canonicalize_dtype(float)
    dtype('float64')
    """
    return np.dtype(dtype)


def itemsize_bits(dtype: Any) -> int:
    """The number of bits of an element.

    >>> import numpy as np, funcgrad as fg
    >>> fg.dtypes.itemsize_bits(np.float32)
    32
    """
    return np.dtype(dtype).itemsize * 8


def scalar_type_of(x: Any) -> type:
    """Python's type of number for an array: bool, int, float or complex.

    >>> import numpy as np, funcgrad as fg
    >>> fg.dtypes.scalar_type_of(np.ones(3, np.float32))
    <class 'float'>
    """
    kind = np.dtype(x.dtype if hasattr(x, "dtype") else type(x)).kind
    return {"b": bool, "i": int, "u": int, "f": float, "c": complex}[kind]


__all__ = [
    "canonicalize_dtype",
    "extended",
    "finfo",
    "float0",
    "iinfo",
    "issubdtype",
    "itemsize_bits",
    "prng_key",
    "result_type",
    "scalar_type_of",
]
