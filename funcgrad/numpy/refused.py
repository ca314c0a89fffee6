"""NumPy's functions that dispatch, but that traced values do not go through, and what to do instead."""

from __future__ import annotations

from typing import Any

_OUTSIDE = (
    "it needs the values: return the array from the function and {verb} it outside, "
    "or use fg.debug.callback"
)
_PRINT = _OUTSIDE.format(verb="print")
_SAVE = _OUTSIDE.format(verb="save")
_DATES = "dates are no numbers: compute with them outside, and pass the results in as arrays"
_MEMORY = "traced values have no memory of their own; compare arrays outside of the function"

REFUSED: dict[str, str] = {
    "array2string": _PRINT,
    "array_repr": _PRINT,
    "array_str": _PRINT,
    "save": _SAVE,
    "savetxt": _SAVE,
    "savez": _SAVE,
    "savez_compressed": _SAVE,
    "busday_count": _DATES,
    "busday_offset": _DATES,
    "datetime_as_string": _DATES,
    "is_busday": _DATES,
    "isnat": _DATES,
    "broadcast": "np.broadcast_shapes(x.shape, y.shape) gives the shape, np.broadcast_arrays(x, y) the arrays",
    "nditer": "loop over np.ndindex(x.shape) and take x[index], or compute with whole arrays",
    "may_share_memory": _MEMORY,
    "shares_memory": _MEMORY,
}


def advice(func: Any) -> str | None:
    """What to do instead of calling this function on traced values, if that is known."""
    return REFUSED.get(getattr(func, "__name__", ""))
