"""`defprimitive`: primitives of users, from any function on arrays.

That is how a function of SciPy, or one in C or Fortran, gets a derivative.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.custom_function import CustomFunction, custom_jvp
from funcgrad.control.finite_differences import FiniteDifferences
from funcgrad.control.user_primitive import UserPrimitive
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import array_like, leaf_aval, shown
from funcgrad.core.primitive import PRIMITIVES, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import is_differentiable
from funcgrad.ops.basic import add_any, unbroadcast
from funcgrad.ops.define import match

_VMAP = ("loop", "expand_dims", "broadcast_all")
_KEPT_CALLS = 256


def defprimitive(
    fun: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    shape: Callable[..., Any] | None = None,
    jvp: Any = None,
    vjp: Any = None,
    vmap: str | Callable[..., Any] = "loop",
    elementwise: bool = False,
) -> Any:
    """Make a primitive of any function on arrays: one of SciPy, or of a library in C or Fortran.

    The result can be used like NumPy's functions in traced code. The function itself sees plain arrays only.

    Args:
        fun: takes arrays, and keyword arguments that are hashable; gives an array or a tuple of arrays. It must have no
            side effects, nor write to its arguments. Left out, `defprimitive(...)` is a decorator.
        name: the primitive's name in jaxprs; the function's by default.
        shape: `shape(*structs, **kwargs)` gives the shapes and dtypes of the result as `ShapeDtypeStruct`s, from those
            of the arguments. Left out, they are inferred from the result of a call, once per combination of the
            arguments' types: on the arguments' values if these are known (they are in `grad`), on ones otherwise.
        jvp: the derivative in forward mode, from which reverse mode follows: one rule `(tangent, ans, *args, **kwargs)
            -> contribution to the result's tangent` per argument, None for a zero. A single function for a single
            argument; `FiniteDifferences()` for a black box.
        vjp: the derivative in reverse mode: one rule `(cotangent, ans, *args, **kwargs) -> the argument's cotangent`
            per argument, None for a zero. Without `jvp` there is no forward mode.
        vmap: "loop" calls the function per example; "expand_dims" and "broadcast_all" call it once, with the batch axis
            in front of all arguments (of length 1, or of full length, where an argument is the same for all
            examples); a function `(axis_size, in_batched, *args, **kwargs) -> (result, out_batched)` is a rule.
        elementwise: whether the function works element by element and broadcasts, as ufuncs do; then neither `shape`
            nor `vmap` is needed.

    Rules are written with NumPy and with other primitives, and are differentiated in turn for higher orders. If the
    function returns a tuple, `ans`, tangents and cotangents are tuples.

    >>> import math, numpy as np, funcgrad as fg
    >>> gamma = fg.defprimitive(
    ...     np.vectorize(math.gamma),
    ...     name="math_gamma",
    ...     elementwise=True,
    ...     jvp=fg.FiniteDifferences(),
    ... )
    >>> fg.grad(lambda x: gamma(x).sum())(np.array([1.0, 2.0])).round(6)
    array([-0.577216,  0.422784])
    """
    if fun is None:
        return functools.partial(
            defprimitive,
            name=name,
            shape=shape,
            jvp=jvp,
            vjp=vjp,
            vmap=vmap,
            elementwise=elementwise,
        )
    if not callable(fun):
        raise ArgumentError(f"defprimitive takes a function, not {shown(fun)}")
    if not callable(vmap) and vmap not in _VMAP:
        raise ArgumentError(
            f"defprimitive: vmap is one of {', '.join(map(repr, _VMAP))} or a function, not {vmap!r}"
        )
    return UserFunction(fun, name, shape, _rules(jvp), _rules(vjp), vmap, elementwise)


def _rules(given: Any) -> Any:
    if given is None or isinstance(given, FiniteDifferences):
        return given
    return (given,) if callable(given) else tuple(given)


class UserFunction:
    """A function that is a primitive under a trace."""

    def __init__(
        self,
        fun: Callable[..., Any],
        name: str | None,
        shape: Callable[..., Any] | None,
        jvp: Any,
        vjp: Any,
        vmap: str | Callable[..., Any],
        elementwise: bool,
    ) -> None:
        functools.update_wrapper(self, fun, updated=())
        self.fun = fun
        self.jvp = jvp
        self.vjp = vjp
        self.elementwise = elementwise
        name = name or getattr(fun, "__name__", "user_function").strip("<>")
        self.primitive = UserPrimitive(name, fun, shape, vmap, elementwise)
        self._calls: dict[Any, CustomFunction] = {}

    def __repr__(self) -> str:
        return f"<primitive {self.primitive.name}>"

    def _function_parts(self) -> tuple[Any, ...]:
        return self.primitive, self.jvp, self.vjp, self.elementwise

    def __reduce__(self) -> Any:
        return _find_user_function, (self.primitive.name,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = [self._operand(a, i) for i, a in enumerate(args)]
        if not any(type(x) is Tracer for x in values):
            return self.fun(*values, **kwargs)
        self.primitive.learn(values, kwargs)
        if self.jvp is None and self.vjp is None:
            return self.primitive.call(*values, **kwargs)
        return self._custom(kwargs)(*values)

    def _operand(self, arg: Any, i: int) -> Any:
        if type(arg) is Tracer or leaf_aval(arg) is not None:
            return arg
        converted = np.asarray(arg) if isinstance(arg, (list, tuple)) else array_like(arg)
        if converted is None or converted.dtype == object:
            raise ArgumentError(
                f"{self.primitive.name}: argument {i} is {shown(arg)}, not an array{here()}\n  "
                "pass other things by keyword"
            )
        return converted

    def _custom(self, kwargs: dict[str, Any]) -> CustomFunction:
        """The primitive with these keyword arguments and its derivative rules."""
        key = tuple(kwargs.items())
        custom = self._calls.get(key)
        if custom is None:
            if len(self._calls) >= _KEPT_CALLS:
                self._calls.clear()
            custom = self._calls[key] = custom_jvp(_Call(self.primitive, kwargs))
            custom.name = self.primitive.name
            if self.jvp is not None:
                custom.defjvp(_Forward(self, custom, kwargs))
            if self.vjp is not None:
                custom.defvjp(_fwd(custom), _Backward(self, kwargs))
        return custom


class _Call:
    """A call of a primitive with fixed keyword arguments."""

    def __init__(self, primitive: UserPrimitive, kwargs: dict[str, Any]) -> None:
        self.__name__ = primitive.name  # for messages
        self.primitive = primitive
        self.kwargs = kwargs

    def _function_parts(self) -> tuple[Any, ...]:
        return self.primitive, *self.kwargs.items()

    def __call__(self, *args: Any) -> Any:
        return self.primitive.call(*args, **self.kwargs)


class _Forward:
    """The forward rule from one rule per argument, or by finite differences."""

    __name__ = "given to defprimitive"

    def __init__(self, user: UserFunction, custom: CustomFunction, kwargs: dict[str, Any]) -> None:
        self.user = user
        self.custom = custom
        self.kwargs = kwargs

    def _function_parts(self) -> tuple[Any, ...]:
        return self.user, self.custom, *self.kwargs.items()

    def __call__(self, primals: Any, tangents: Any) -> Any:
        ans = self.custom(*primals)
        given = [
            t if is_differentiable(typeof(p).dtype) else None
            for p, t in zip(primals, tangents, strict=True)
        ]
        if isinstance(self.user.jvp, FiniteDifferences):
            outs = ans if isinstance(ans, tuple) else (ans,)
            found = iter(self.user.jvp.tangent(self.user.primitive, primals, given, self.kwargs))
            full = [next(found) if is_differentiable(o.dtype) else o * 0 for o in outs]
            return ans, tuple(full) if isinstance(ans, tuple) else full[0]
        rules = self.user.jvp
        _check_count(self.user.primitive.name, "jvp", rules, primals)
        total = None
        for rule, t in zip(rules, given, strict=True):
            if rule is None or t is None:
                continue
            term = rule(t, ans, *primals, **self.kwargs)
            total = self._matched(term, ans) if total is None else self._added(total, term, ans)
        if total is None:
            total = tuple([o * 0 for o in ans]) if isinstance(ans, tuple) else ans * 0
        return ans, total

    def _matched(self, term: Any, ans: Any) -> Any:
        if isinstance(ans, tuple):
            return tuple([match(t, a) for t, a in zip(term, ans, strict=True)])
        return match(term, ans)

    def _added(self, total: Any, term: Any, ans: Any) -> Any:
        term = self._matched(term, ans)
        if isinstance(ans, tuple):
            return tuple([add_any(a, b) for a, b in zip(total, term, strict=True)])
        return add_any(total, term)


def _fwd(custom: CustomFunction) -> Callable[..., Any]:
    def fwd(*args: Any) -> Any:
        ans = custom(*args)
        return ans, (ans, args)

    return fwd


class _Backward:
    """The backward rule from one rule per argument."""

    __name__ = "given to defprimitive"

    def __init__(self, user: UserFunction, kwargs: dict[str, Any]) -> None:
        self.user = user
        self.kwargs = kwargs

    def _function_parts(self) -> tuple[Any, ...]:
        return self.user, *self.kwargs.items()

    def __call__(self, residuals: Any, ct: Any) -> Any:
        ans, args = residuals
        rules = self.user.vjp
        _check_count(self.user.primitive.name, "vjp", rules, args)
        cts: list[Any] = []
        for rule, arg in zip(rules, args, strict=True):
            aval = typeof(arg)
            if rule is None or not is_differentiable(aval.dtype):
                cts.append(None)
                continue
            found = rule(ct, ans, *args, **self.kwargs)
            if found is not None and self.user.elementwise:
                found = unbroadcast(found, aval.strip_weak_type())
            cts.append(found)
        return tuple(cts)


def _check_count(name: str, what: str, rules: Sequence[Any], args: Sequence[Any]) -> None:
    if len(rules) != len(args):
        raise ArgumentError(
            f"{name} has {len(rules)} {what} rule{'' if len(rules) == 1 else 's'}, but was called with {len(args)} "
            "arguments\n  give one rule per argument, None for a zero"
        )


def _find_user_function(name: str) -> Primitive:
    return PRIMITIVES[name]
