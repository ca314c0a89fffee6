"""The coverage page says of every public NumPy function what it is, and the claims made from it hold."""

from __future__ import annotations

from funcgrad.scipy import MODULES as SCIPY_MODULES
from scripts.coverage_table import (
    ERROR,
    KINDS,
    MISSING,
    RULES,
    ZERO,
    counts,
    differentiable_share,
    page,
    rows,
    scipy_counts,
    scipy_rows,
    special_rows,
)


def kind_of(name: str) -> str:
    return next(row.kind for row in rows() if row.name == name)


def test_every_function_is_of_a_known_kind() -> None:
    assert {row.kind for row in rows()} <= set(KINDS)
    assert [row.name for row in rows() if row.kind == MISSING] == []


def test_kinds_are_as_mathematics_has_them() -> None:
    rules = ("sin", "sum", "bincount", "put", "sort", "where", "linalg.eig", "fft.irfft", "full")
    zero = ("argsort", "floor", "sign", "equal", "searchsorted", "linalg.matrix_rank", "shape")
    assert {name: kind_of(name) for name in rules} == dict.fromkeys(rules, RULES)
    assert {name: kind_of(name) for name in zero} == dict.fromkeys(zero, ZERO)
    assert kind_of("savetxt") == ERROR


def test_what_has_a_derivative_is_traced() -> None:
    assert differentiable_share() >= 0.95


def test_what_numpy_dispatches_has_cases() -> None:
    untested = {
        row.name for row in rows() if row.kind in (RULES, ZERO) and not row.cases and not row.note
    }
    deprecated = {"fix"}  # by NumPy 2.5; tests/cases/ has it for earlier versions
    assert untested <= deprecated


def test_refusals_give_a_reason() -> None:
    assert [row.name for row in rows() if row.kind == ERROR and not row.note] == []


def test_page_shows_counts_and_every_function() -> None:
    text = page()
    for row in rows():
        assert f"<code>np.{row.name}</code>" in text
    for kind, count in counts().items():
        assert f"<td>{kind}</td><td>{count}</td>" in text
        assert f'<option value="{kind}">' in text


def test_scipys_modules_say_where_a_function_stands() -> None:
    found = {row.name: row for row in scipy_rows()}
    assert found["scipy.linalg.expm"].note == "as `funcgrad.scipy.linalg.expm`"
    assert found["scipy.stats.norm"].kind == RULES
    assert found["scipy.signal.find_peaks_cwt"].kind == ERROR
    assert "scipy.special.erf" not in found  # a ufunc, which is traced as it is: special_rows


def test_every_module_of_scipy_with_a_counterpart_is_listed() -> None:
    text = page()
    listed = scipy_counts()
    assert set(listed) == set(SCIPY_MODULES)
    for module, (traced, every) in listed.items():
        assert 0 < traced <= every, module
        assert f"<code>scipy.{module}</code></a></td><td>{traced}</td><td>{every}</td>" in text
    for name in (
        "fft.dct",
        "ndimage.zoom",
        "integrate.odeint",
        "sparse.linalg.spsolve",
        "spatial.distance.cdist",
        "spatial.transform.Rotation",
    ):
        assert f"<code>scipy.{name}</code>" in text


def test_every_ufunc_of_scipy_is_traced() -> None:
    assert [row.name for row in special_rows() if row.kind == ERROR] == []
