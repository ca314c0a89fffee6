"""Arrays that were donated to a program (`jit`'s `donate_argnums`), which has written over their memory.

NumPy has no way to take an array away from those who hold it. So it is remembered which arrays were given away, for as
long as they live, and whoever hands one to funcgrad again is told.
"""

from __future__ import annotations

from _weakref import ref  # `weakref` takes longer to import
from typing import Any

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import Source, current_source, here, locate

# By identity: a reference that drops the entry when the array goes, and who donated it.
GIVEN: dict[int, tuple[Any, Source | None]] = {}


def give(array: Any) -> None:
    """Remember that an array's memory belongs to a program from now on."""
    key = id(array)
    GIVEN[key] = ref(array, lambda _: GIVEN.pop(key, None)), current_source()


def refuse_given(value: Any) -> None:
    """Raise an error if a value is an array that was donated before."""
    entry = GIVEN.get(id(value))
    if entry is not None:
        raise ArgumentError(
            f"an array of shape {value.shape} is used after it was donated (donate_argnums, donate_argnames) at "
            f"{locate(entry[1])}, where its memory was written over{here()}\n  use the result instead, "
            "`x = step(x)`; donate a copy, `step(x.copy())`; or do not donate it"
        )
