"""Nothing is left out: every primitive, every NumPy function has a case, or a reason why not."""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.control.user_primitive import UserPrimitive
from funcgrad.core import dispatch
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.jaxpr import Jaxpr, subjaxprs
from funcgrad.core.primitive import PRIMITIVES
from funcgrad.numpy.refused import REFUSED
from tests.cases import CASES
from tests.flat import Call
from tests.test_cases import base_dtype

ROOT = Path(__file__).resolve().parent.parent

# Primitives that stand for transforms, control flow and the like, not for functions of NumPy: their tests.
TESTED_ELSEWHERE = {
    "tests/api/test_vmap.py": "all_gather axis_index psum psum_scatter pmax pmin",
    "tests/compile": "fused while_record while_replay",
    "tests/control": """
        check checkpoint cond custom_jvp_call custom_lin custom_linear_solve custom_vjp_call custom_vmap_call
        debug_callback finite_differences io_callback linear_call name pure_callback scan while while_transpose""",
    "tests/random": """
        random_binomial random_bits random_fold_in random_gamma random_gamma_grad random_normal random_poisson
        random_split random_uniform random_widen""",
    "tests/scipy/test_equations.py": "ode_adjoint ode_curvature ode_solution ode_variation",
    "tests/test_nesting.py": "jit stop_gradient",
}

# Public functions that do not dispatch, because they take no arrays, or make them from something else.
NOT_DISPATCHED = {
    "settings and information": """
        get_include get_printoptions getbufsize geterr geterrcall info printoptions set_printoptions setbufsize
        seterr seterrcall show_config show_runtime test""",
    "dtypes and shapes": """
        base_repr binary_repr broadcast_shapes datetime_data format_float_positional format_float_scientific
        isdtype isfortran isscalar issubdtype iterable mintypecode promote_types typename""",
    "make arrays from shapes and numbers": """
        bartlett blackman diag_indices fft.fftfreq fft.rfftfreq hamming hanning indices kaiser mask_indices tri
        tril_indices triu_indices""",
    "read files, buffers and foreign objects": """
        from_dlpack frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt""",
    "convert to plain arrays, which fails on traced values with advice": """
        asanyarray asarray_chkfinite ascontiguousarray asfortranarray asmatrix bmat nested_iters require
        row_stack""",
    "make functions": "frompyfunc",
}


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for prefix, module in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        for name in sorted(module.__all__):
            function = getattr(module, name)
            if callable(function) and not isinstance(function, (type, ModuleType)):
                yield prefix + name, function


def is_traced(function: Any) -> bool:
    if isinstance(function, np.ufunc):
        return function in dispatch.UFUNCS
    name = getattr(function, "__name__", "")
    replaced = getattr(np, name, None) is function and getattr(fnp, name) is not function
    return replaced or function in dispatch.FUNCTIONS


def load_everything() -> None:
    fnp._load_all()
    for module in pkgutil.walk_packages(fg.__path__, "funcgrad."):
        importlib.import_module(module.name)


class Coverage:
    """Which primitives and which functions the cases reach."""

    def __init__(self) -> None:
        load_everything()
        self.primitives: set[str] = set()
        self.functions: set[Any] = set()
        self.depth = 0
        with self._recorded(dispatch.FUNCTIONS), self._recorded(dispatch.UFUNCS):
            for case in CASES:
                self.attempt(self.visit_values, case)
        # Primitives that only the rules of others use: as far as needed.
        for visit in (self.visit_derivatives, self.visit_batches, self.visit_second_derivatives):
            for case in CASES:
                if self.missing():
                    self.attempt(visit, case)

    def attempt(self, visit: Callable[[Any], None], case: Any) -> None:
        with contextlib.suppress(Exception):  # tests/test_cases.py reports it
            visit(case)

    def missing(self) -> set[str]:
        # Other tests of this process may have made primitives of their own.
        ours = {name for name, p in PRIMITIVES.items() if not isinstance(p, UserPrimitive)}
        return ours - self.primitives - set(" ".join(TESTED_ELSEWHERE.values()).split())

    def visit_values(self, case: Any) -> None:
        call = Call(case, case.arguments(base_dtype(case)))
        self.add(fg.make_jaxpr(call.fun)(*call.active).jaxpr)

    def visit_batches(self, case: Any) -> None:
        call = Call(case, case.arguments(base_dtype(case)))
        stacked = [np.stack([x, x]) for x in call.active]
        self.add(fg.make_jaxpr(fg.vmap(call.fun))(*stacked).jaxpr)

    def visit_derivatives(self, case: Any) -> None:
        if case.grad:
            call = Call(case, case.arguments(base_dtype(case)), only_inexact=True)
            gradient, tangents = gradient_of(call)
            self.add(fg.make_jaxpr(gradient)(*call.active).jaxpr)
            forward = fg.make_jaxpr(lambda *xs: fg.jvp(call.smooth, xs, tangents))
            self.add(forward(*call.active).jaxpr)

    def visit_second_derivatives(self, case: Any) -> None:
        if case.order > 1:
            call = Call(case, case.arguments(base_dtype(case)), only_inexact=True)
            gradient, tangents = gradient_of(call)
            second = fg.make_jaxpr(lambda *xs: fg.jvp(gradient, xs, tangents))
            self.add(second(*call.active).jaxpr)

    def add(self, jaxpr: Jaxpr) -> None:
        for eqn in jaxpr.eqns:
            self.primitives.add(eqn.primitive.name)
            for _, inner in subjaxprs(eqn.params):
                self.add(inner)

    @contextlib.contextmanager
    def _recorded(self, table: dict[Any, Callable[..., Any]]) -> Iterator[None]:
        """Note which entries of the table are called by the cases (not by each other)."""
        original = dict(table)
        table.update({function: self._recording(function, f) for function, f in original.items()})
        try:
            yield
        finally:
            table.clear()
            table.update(original)

    def _recording(self, function: Any, implementation: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.depth == 0:
                self.functions.add(function)
            self.depth += 1
            try:
                return implementation(*args, **kwargs)
            finally:
                self.depth -= 1

        return call


def gradient_of(call: Call) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A pullback of the call on some cotangents, and tangents of its arguments."""
    cotangents = tuple(call.like_result(call.case.rng()))
    tangents = tuple(call.like_active(call.case.rng()))
    return lambda *xs: fg.vjp(call.smooth, *xs)[1](cotangents), tangents


@functools.cache
def coverage() -> Coverage:
    return Coverage()


def report(missing: Any, what: str) -> None:
    listed = ", ".join(sorted(missing))
    assert not listed, f"{what}: {listed}"


def test_every_primitive_has_a_case() -> None:
    report(coverage().missing(), "primitives without a case in tests/cases/")


def test_primitives_tested_elsewhere_are() -> None:
    load_everything()
    report([path for path in TESTED_ELSEWHERE if not (ROOT / path).exists()], "missing tests")
    named = set(" ".join(TESTED_ELSEWHERE.values()).split())
    report(named - set(PRIMITIVES), "tested primitives that do not exist")


def test_every_traced_function_has_a_case() -> None:
    traced = {**dispatch.FUNCTIONS, **dispatch.UFUNCS}
    missing = {dispatch.name_of(f) for f in traced if f not in coverage().functions}
    if np.lib.NumpyVersion(np.__version__) >= "2.5.0":
        missing.discard("np.fix")  # deprecated there: to call it is a warning, hence an error here
    report(missing, "traced functions without a case in tests/cases/")


def test_every_public_function_is_traced_or_refused_with_a_reason() -> None:
    load_everything()
    explained = {*REFUSED, *" ".join(NOT_DISPATCHED.values()).split()}
    missing = {n for n, f in public_functions() if n not in explained and not is_traced(f)}
    report(missing, "public NumPy functions that are neither traced nor refused with a reason")


def test_no_function_is_both_traced_and_refused() -> None:
    load_everything()
    explained = {*REFUSED, *" ".join(NOT_DISPATCHED.values()).split()}
    assert not [n for n, function in public_functions() if n in explained and is_traced(function)]


REFUSED_CALLS: dict[str, Callable[[Any], Any]] = {
    "savetxt": lambda t: np.savetxt("never written", t),
    "save": lambda t: np.save("never written", t),
    "savez": lambda t: np.savez("never written", t),
    "savez_compressed": lambda t: np.savez_compressed("never written", t),
    "may_share_memory": lambda t: np.may_share_memory(t, t),
    "shares_memory": lambda t: np.shares_memory(t, t),
    "broadcast": lambda t: np.broadcast(t, t),
    "nditer": lambda t: np.nditer(t),
    "busday_count": lambda t: np.busday_count(t, t),
    "busday_offset": lambda t: np.busday_offset(t, t),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_functions_say_what_to_do(name: str) -> None:
    call = REFUSED_CALLS.get(name, getattr(np, name))
    with pytest.raises(UnsupportedError) as caught:
        fg.jit(call)(np.ones(3))
    message = str(caught.value)
    assert message.startswith(f"np.{name} has no traced implementation\n  at ")
    assert message.endswith(REFUSED[name])


def test_funcgrad_numpy_has_numpys_names() -> None:
    load_everything()  # importing a family must not put its module in place of NumPy's function
    other = [name for name in np.__all__ if getattr(fnp, name) is not getattr(np, name)]
    assert set(other) <= set(fnp._REPLACED)
