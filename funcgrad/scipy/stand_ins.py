"""SciPy's functions in code that does not know funcgrad: `scipy.linalg.solve(t, b)`.

SciPy makes plain arrays of what it is given, so that the first such call fails. The function that was called then
stands for its traced counterpart in `funcgrad.scipy` while a trace is open (core.patch), in SciPy's module and in the
user's own if it was imported by name, and the user's function, which is pure, is traced again. On plain arrays the
counterparts are SciPy's own functions.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from itertools import takewhile
from traceback import walk_tb
from types import FrameType, ModuleType, TracebackType
from typing import Any

from funcgrad.core import patch
from funcgrad.core.errors import FuncgradError, LostDerivativeError
from funcgrad.core.source import called_name, is_hidden, is_scipys, locate
from funcgrad.scipy import MODULES
from funcgrad.scipy.methods import dispatching, methods_of
from funcgrad.scipy.mirror import has_tracer

_learned: set[tuple[str, str, str]] = set()


def learn(error: Exception) -> bool:
    """Whether a function of SciPy's that failed is traced from now on, so that a second try is worth it."""
    calls = list(_calls(error.__traceback__))
    if not calls and _is_from_object(error):
        return _makers_stand_in(error)
    for user, site, scipys in calls:
        if any(_methods_stand_in(frame) for frame in scipys):
            return True
        names = [called_name(site), *(frame.f_code.co_name for frame in scipys)]
        for module in _modules(scipys):
            found = _public_name(module, names, scipys)
            if found is not None and _stand_in(module, found, user):
                if module == "sparse":  # the types of matrices are taken for each other
                    for name in importlib.import_module("funcgrad.scipy.sparse").__all__:
                        _stand_in(module, name, user)
                return True
        # The error says so when SciPy has swallowed the one that was raised.
        if isinstance(error, LostDerivativeError):
            _explain(error, site, scipys)
        elif has_tracer(*scipys[0].f_locals.values()):
            error.add_note(
                f"  {_path(site, scipys)} was given traced values, and has no traced implementation"
            )
    return False


def shorten(frame: FrameType | None) -> None:
    """Let our `logsumexp` stand for SciPy's, which converts a traced array in this frame or around it.

    It follows the array standard, and so runs on traced arrays as it is, in three times the operations.
    """
    found = False
    while frame is not None and (
        is_scipys(frame.f_code.co_filename) or is_hidden(frame.f_code.co_filename)
    ):
        found = found or frame.f_code.co_name == "logsumexp"
        frame = frame.f_back
    if found and frame is not None:
        _stand_in("special", "logsumexp", frame)


def counterpart(function: Any) -> Any:
    """The traced counterpart of a function of SciPy's; the function itself if it has none."""
    name = getattr(function, "__name__", "")
    for module in MODULES:
        scipys = sys.modules.get(f"scipy.{module}")
        if scipys is not None and patch.plain(scipys, name) is function:
            return getattr(importlib.import_module(f"funcgrad.scipy.{module}"), name, function)
    return function


def _calls(
    traceback: TracebackType | None,
) -> Iterator[tuple[FrameType, Any, list[FrameType]]]:
    """Calls of SciPy in a traceback: who calls it, from where, and the frames within."""
    caller: Any = None
    scipys: list[FrameType] = []
    while traceback is not None:
        frame = traceback.tb_frame
        file = frame.f_code.co_filename
        if is_scipys(file):
            scipys.append(frame)
        elif not is_hidden(file):
            if caller is not None and scipys:
                yield *caller, scipys
            caller, scipys = (frame, (frame.f_code, traceback.tb_lasti)), []
        traceback = traceback.tb_next
    if caller is not None and scipys:
        yield *caller, scipys


def _modules(frames: list[FrameType]) -> list[str]:
    """The modules of SciPy's that have a counterpart here and that are in use, the likeliest first."""
    order: dict[str, None] = {}
    for frame in frames:
        parts = str(frame.f_globals.get("__name__", "")).split(".")
        order |= {".".join(parts[1:3]): None, ".".join(parts[1:2]): None}
    order |= dict.fromkeys(MODULES)
    return [name for name in order if name in MODULES and f"scipy.{name}" in sys.modules]


# What makes objects in C, which raise where no frame of SciPy's is. Under a trace ours stand for all of them.
_MAKERS = (
    ("sparse.linalg", "splu"),
    ("sparse.linalg", "factorized"),
    ("interpolate", "LinearNDInterpolator"),
)


def _is_from_object(error: Exception) -> bool:
    """Whether an object in C, like SciPy's factors of sparse matrices, was given a traced value."""
    return isinstance(error, TypeError) and str(error).endswith(("not Tracer", "not 'Tracer'"))


def _makers_stand_in(error: Exception) -> bool:
    """Let what makes SciPy's objects in C stand for ours, which take traced values."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    frames = [frame for frame in frames if not is_hidden(frame.f_code.co_filename)]
    if not frames:
        return False
    found = [(m, name) for m, name in _MAKERS if f"scipy.{m}" in sys.modules]
    new = [_stand_in(module, name, frames[-1]) for module, name in found]
    if found and not any(new):
        error.add_note(
            "  objects of SciPy's in C (factors of sparse matrices, triangulations) that were made before tracing take "
            "plain arrays: make them within the function; for systems there is scipy.sparse.linalg.spsolve"
        )
    return any(new)


def _public_name(module: str, names: list[str | None], frames: list[FrameType]) -> str | None:
    """The public name of what was called: a function, or an object (`norm`) or a class whose method it was."""
    ours = importlib.import_module(f"funcgrad.scipy.{module}")
    owners = [frame.f_locals.get("self") for frame in frames]
    owners = [owner for owner in owners if owner is not None]
    for name in ours.__all__:
        scipys = patch.plain(sys.modules[f"scipy.{module}"], name)
        if any(owner is scipys or type(owner) is scipys for owner in owners):
            return str(name)
    # Of functions of a class, `Rotation.from_euler`, the class is public.
    names = [*names, *(frame.f_code.co_qualname.split(".")[0] for frame in frames)]
    return next((name for name in names if name in ours.__all__), None)


def _methods_stand_in(frame: FrameType) -> bool:
    """Let the methods of a class of SciPy's stand for ours; False if it has none, or they do so already.

    An object that was made of traced values needs a counterpart itself.
    """
    owner, name = frame.f_locals.get("self"), frame.f_code.co_name
    if owner is None or has_tracer(*getattr(owner, "__dict__", {}).values()):
        return False
    cls = type(owner)
    found = methods_of(cls)
    if name not in found or (cls.__module__, cls.__name__, "") in _learned:
        return False
    _learned.add((cls.__module__, cls.__name__, ""))
    found = {key: ours for key, ours in found.items() if hasattr(cls, key)}
    patch.register(cls, **{key: dispatching(cls, key, ours) for key, ours in found.items()})
    return True


def _stand_in(module: str, name: str, user: FrameType) -> bool:
    """Let a name of SciPy's stand for our counterpart where the user finds it; False if it does so already."""
    ours = getattr(importlib.import_module(f"funcgrad.scipy.{module}"), name)
    scipy_module = sys.modules[f"scipy.{module}"]
    scipys = patch.plain(scipy_module, name)
    if isinstance(ours, ModuleType):
        return False
    places: list[tuple[ModuleType, str]] = []
    if scipys is not None:
        places.append((scipy_module, name))
    user_module = sys.modules.get(user.f_globals.get("__name__", ""))
    if user_module is not None and vars(user_module) is user.f_globals:
        places += [(user_module, key) for key, value in user.f_globals.items() if value is scipys]
    new = [place for place in places if not patch.is_registered(*place, ours)]
    for place, key in new:
        patch.register(place, **{key: ours})
    return bool(new)


def _path(site: Any, frames: list[FrameType]) -> str:
    """The whole name of what was called."""
    paths = [str(frame.f_globals.get("__name__", "")).split(".") for frame in frames]
    public = [list(takewhile(lambda part: not part.startswith("_"), parts)) for parts in paths]
    module = ".".join(next((parts for parts in public if len(parts) > 1), ["scipy"]))
    name = called_name(site) or frames[0].f_code.co_name
    owner = frames[0].f_locals.get("self")
    if owner is not None:
        kind = getattr(owner, "name", None) or type(owner).__name__
        name = kind if name in (kind, "__init__") else f"{kind}.{frames[0].f_code.co_name}"
    return f"{module}.{name}"


def _explain(error: FuncgradError, site: Any, frames: list[FrameType]) -> None:
    """Let an error name the function of SciPy's that has no counterpart."""
    what = _path(site, frames)
    module = what.rpartition(".")[0]
    ours = sys.modules.get(f"funcgrad.{module}")
    code = frames[0].f_code.co_name
    if "self" not in frames[0].f_locals and code in getattr(ours, "__all__", ()):
        # Names of modules can stand for something else while a function is traced, variables cannot.
        what = own = f"{module}.{code}"
        advice = f"call it by its own name, {own}(...), or as funcgrad.{own}(...)"
    else:
        advice = (
            "it has no traced implementation: compute it from functions that have one "
            "(docs: funcgrad.scipy), or wrap it with fg.pure_callback or fg.defprimitive"
        )
    error.args = (
        f"{what} makes plain arrays of traced values, which would drop their derivatives"
        f"\n  at {locate(site)}\n  {advice}",
    )
