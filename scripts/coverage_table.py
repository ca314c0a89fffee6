"""The coverage page: which of NumPy's public functions take traced values, and which kind each is of.

Nothing is listed by hand: what is traced stands in funcgrad's own tables, what a derivative flows through shows when
the cases of the tests are traced, and the reasons for the rest are those that the error messages and
tests/test_completeness.py give. `python3 -m scripts.coverage_table` prints the counts.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import html
import importlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core import dispatch
from funcgrad.core.tracing import Tracer
from funcgrad.numpy.refused import REFUSED
from funcgrad.scipy import MODULES as SCIPY_MODULES

ROOT = Path(__file__).resolve().parent.parent

RULES = "derivative rules"
ZERO = "not differentiable"
OUTSIDE = "no arrays in"
ERROR = "refused"
MISSING = "missing"
KINDS = {
    RULES: "traced with all rules: value, forward and reverse derivatives of any order, vmap",
    ZERO: "traced, with a derivative that is zero by nature: integers, booleans, positions, steps",
    OUTSIDE: "does not compute with arrays of numbers, so there is nothing to trace",
    ERROR: "an error names it and says what to use instead",
    MISSING: "neither traced nor explained",
}


class Row(NamedTuple):
    """A function of NumPy on the coverage page.

    Attributes:
        name: below `np.`, as in `linalg.solve`.
        kind: one of `KINDS`.
        cases: how many cases of tests/cases/ call it.
        note: why it is not traced, or what differs.
    """

    name: str
    kind: str
    cases: int
    note: str


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions of `numpy`, `numpy.linalg` and `numpy.fft`."""
    for prefix, module in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        for name in sorted(module.__all__):
            function = getattr(module, name)
            if callable(function) and not isinstance(function, (type, ModuleType)):
                yield prefix + name, function


def reasons() -> dict[str, str]:
    """Why functions are not traced: what the completeness test says."""
    module = ast.parse((ROOT / "tests" / "test_completeness.py").read_text())
    for node in module.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "NOT_DISPATCHED":
            table = ast.literal_eval(node.value)
            return {name: reason for reason, names in table.items() for name in names.split()}
    raise LookupError("tests/test_completeness.py has no NOT_DISPATCHED")


class Calls:
    """Which functions the cases call, and whether a derivative may flow through what they return."""

    def __init__(self) -> None:
        self.cases: Counter[Any] = Counter()
        self.smooth: set[Any] = set()
        self._depth = 0
        self._case: Any = None

    def visit(self, case: Any) -> None:
        """Trace a case."""
        self._case = case
        seen = Counter(self.cases)
        dtype = None if case.args or case.grad else case.dtypes[0]
        arguments = case.arguments(dtype)
        with contextlib.suppress(Exception), warnings.catch_warnings():
            # A case that fails is reported by tests/test_cases.py.
            warnings.simplefilter("ignore")
            fg.make_jaxpr(lambda *xs: case.fun(*xs, **case.params))(*arguments)
        for function in self.cases:  # a case counts once, however often it calls a function
            self.cases[function] = min(self.cases[function], seen[function] + 1)

    @contextlib.contextmanager
    def recorded(self, table: dict[Any, Callable[..., Any]]) -> Iterator[None]:
        """Note the calls of a table's entries (not those by each other)."""
        original = dict(table)
        table.update({function: self._recording(function, f) for function, f in original.items()})
        try:
            yield
        finally:
            table.update(original)

    def _recording(self, function: Any, implementation: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(implementation, assigned=())
        def call(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                out = implementation(*args, **kwargs)
            finally:
                self._depth -= 1
            if self._depth == 0:
                self.cases[function] += 1
                direct = self._case.fun is function
                if (
                    self._case.grad
                    if direct
                    else self._case.grad and _flows(args[0] if out is None else out)
                ):
                    self.smooth.add(function)
            return out

        return call


def _flows(out: Any) -> bool:
    if isinstance(out, (list, tuple)):
        return any(map(_flows, out))
    return type(out) is Tracer and out._trace.depends(out._index)


@functools.cache
def _scan() -> tuple[Calls, set[Any]]:
    """The calls of all cases, and the ufuncs whose derivative is zero wherever it exists."""
    from tests.cases import CASES

    fnp._load_all()
    with contextlib.suppress(ImportError):  # without SciPy there is no scipy.special to show
        import funcgrad.ops.special  # noqa: F401
    calls = Calls()
    with calls.recorded(dispatch.FUNCTIONS), calls.recorded(dispatch.UFUNCS):
        for case in CASES:
            calls.visit(case)
    direct = {case.fun for case in CASES if case.grad}
    steps = {case.fun for case in CASES if not case.grad and isinstance(case.fun, np.ufunc)}
    return calls, steps - direct


def _traced_kind(function: Any) -> str:
    calls, steps = _scan()
    return RULES if function in calls.smooth and function not in steps else ZERO


@functools.cache
def rows() -> list[Row]:
    """The table of NumPy, in the order of its names."""
    calls, _ = _scan()
    explained = reasons()

    def row(name: str, function: Any) -> Row:
        cases = calls.cases[function]
        ours = getattr(fnp, name, function) is not function
        if function in dispatch.FUNCTIONS or function in dispatch.UFUNCS:
            note = f"`funcgrad.numpy.{name}` takes more arguments" if ours else ""
            return Row(name, _traced_kind(function), cases, note)
        if name in REFUSED:
            return Row(name, ERROR, cases, REFUSED[name])
        if ours:
            note = f"by `funcgrad.numpy.{name}`; NumPy's own makes plain arrays"
            return Row(name, RULES, cases, note)
        if name in explained:
            refused = "plain arrays" in explained[name] or name == "frompyfunc"
            return Row(name, ERROR if refused else OUTSIDE, cases, explained[name])
        return Row(name, MISSING, cases, "")

    return [row(name, function) for name, function in public_functions()]


@functools.cache
def special_rows() -> list[Row]:
    """The ufuncs of `scipy.special`, if SciPy is there."""
    try:
        import scipy.special as special
    except ImportError:
        return []
    calls, _ = _scan()
    found = []
    for short in sorted(special.__all__):
        function = getattr(special, short)
        if isinstance(function, np.ufunc):
            traced = function in dispatch.UFUNCS
            kind, note = (_traced_kind(function), "") if traced else (ERROR, "no rule yet")
            found.append(Row(f"scipy.special.{short}", kind, calls.cases[function], note))
    return found


def scipy_rows() -> list[Row]:
    """The functions, classes and distributions of the modules of SciPy that `funcgrad.scipy` mirrors, but its ufuncs.

    Classes are listed where they have a counterpart; the others are mostly errors, warnings and results.
    """
    found = []
    for short in SCIPY_MODULES:
        theirs = importlib.import_module(f"scipy.{short}")
        ours = importlib.import_module(f"funcgrad.scipy.{short}").__all__
        for name in sorted({*theirs.__all__, *ours}):
            value = getattr(theirs, name, None)
            traced = name in ours
            if isinstance(value, np.ufunc) or not callable(value):
                continue
            if isinstance(value, type) and not traced:
                continue
            note = "no counterpart: traced only where its own code can be"
            if traced:
                note = f"as `funcgrad.scipy.{short}.{name}`"
            found.append(Row(f"scipy.{short}.{name}", RULES if traced else ERROR, 0, note))
    return found


def scipy_counts() -> dict[str, tuple[int, int]]:
    """For each module of SciPy: how many of its functions are traced, and how many there are."""
    totals = dict.fromkeys(SCIPY_MODULES, (0, 0))
    for row in scipy_rows():
        short = row.name.removeprefix("scipy.").rpartition(".")[0]
        traced, total = totals[short]
        totals[short] = (traced + (row.kind == RULES), total + 1)
    return totals


def scipy_version() -> str:
    """Of the SciPy that is installed."""
    return str(importlib.import_module("scipy").__version__)


def counts() -> Counter[str]:
    """How many functions are of each kind."""
    return Counter(row.kind for row in rows())


def differentiable_share() -> float:
    """Of the functions that have a mathematical derivative, the part that is traced with rules.

    Those that are not are NumPy's conversions to plain arrays, which are the identity of their argument.
    """
    converting = sum("plain arrays" in row.note for row in rows() if row.kind == ERROR)
    return counts()[RULES] / (counts()[RULES] + converting)


def page() -> str:
    """Counts, filter box and table, as HTML for a Markdown page."""
    count, total = counts(), len(rows())
    kinds = [kind for kind in KINDS if count[kind]]
    listed = "\n".join(
        f"<tr><td>{kind}</td><td>{count[kind]}</td><td>{KINDS[kind]}</td></tr>" for kind in kinds
    )
    options = "".join(f'<option value="{kind}">{kind}</option>' for kind in kinds)
    body = "\n".join(_html(row) for row in rows() + special_rows() + scipy_rows())
    special = Counter(row.kind for row in special_rows())
    mirrored = [row for row in scipy_rows() if row.kind == RULES]
    modules = "\n".join(
        f'<tr><td><a href="scipy.html#funcgradscipy{short.replace(".", "")}"><code>scipy.{short}</code></a></td>'
        f"<td>{traced}</td><td>{every}</td></tr>"
        for short, (traced, every) in scipy_counts().items()
    )
    return f"""\
**{total} public functions** of `numpy`, `numpy.linalg` and `numpy.fft` (NumPy {np.__version__}):

<table>
<thead><tr><th>Kind</th><th>Functions</th><th>What that means</th></tr></thead>
<tbody>
{listed}
</tbody>
</table>

{differentiable_share():.0%} of the functions that have a mathematical derivative are traced with all rules; the others
turn their argument into a plain array, and say so.
Of the {special.total()} ufuncs of `scipy.special`, {special.total() - special[ERROR]} are traced as they are;
of SciPy's other functions and distributions, {len(mirrored)} stand in
<a href="scipy.html"><code>funcgrad.scipy</code></a>, with SciPy's signatures, and stand for SciPy's while functions
are traced. Some others, which are NumPy code, are traced as they are; more of them in SciPy's array mode
(`SCIPY_ARRAY_API=1`).

<table>
<thead><tr><th>Module (SciPy {scipy_version()})</th><th>Traced</th><th>Functions</th></tr></thead>
<tbody>
{modules}
</tbody>
</table>

<div class="filter" data-table="functions">
<input type="search" placeholder="Filter: solve, fft, cum ..." aria-label="Filter the functions">
<select aria-label="Kind"><option value="">all kinds</option>{options}</select>
<output></output>
</div>

<div id="functions">
<table>
<thead><tr><th>Function</th><th>Kind</th><th>Test cases</th><th>Remark</th></tr></thead>
<tbody>
{body}
</tbody>
</table>
</div>
"""


def _html(row: Row) -> str:
    pieces = html.escape(row.note).split("`")
    note = "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))
    cases = row.cases or ""
    name = row.name if row.name.startswith("scipy.") else f"np.{row.name}"
    return (
        f'<tr data-kind="{row.kind}"><td><code>{name}</code></td><td>{row.kind}</td>'
        f"<td>{cases}</td><td>{note}</td></tr>"
    )


if __name__ == "__main__":
    for found, number in counts().most_common():
        print(f"{number:4} {found}")
    for each in rows():
        if each.kind == MISSING or (each.kind == RULES and not each.cases):
            print(f"     {each.name}: {each.kind}, {each.cases} cases")
