"""The playground of the documentation prints the jaxprs and gives the gradients that funcgrad gives."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from scripts.browser import Browser, Page
from scripts.docs_playground import BINARY, UNARY, script

ENGINE = Path(__file__).resolve().parents[2] / "docs/assets/engine.js"
VALUES = {"a": 1.5, "b": -2.0}
AT = {"x": 0.7, "y": 0.4}

EXPRESSIONS = [
    "x", "x + x", "-x", "x - 1", "x / 2", "2 / x", "2 * 3 * x", "x * 0", "-x**2", "(1 / 3) * x", "1e-7 * x",
    "1e20 * x", "x**2", "x**2.0", "x**3 * 2", "x**0.5", "x**1.5", "x**-0.5", "x**-1", "x**-3", "x**8", "x**1",
    "x**0 * x", "2**x", "2**-1 * x", "x**x", "x**y", "np.power(x, 3)", "np.sin(x) * x + 1", "np.sin(2) * x",
    "np.exp(-x * x)", "np.log1p(np.exp(x))", "x * x * x", "1 / (1 + np.exp(-x))", "np.where(x > 0, x, 0.1 * x)",
    "np.where((x > 0) & (x < 1), x, 1)", "np.where(x > 0, 1, 2.0) * x", "~(x > 0) * x", "(x > 0) * x",
    "(x == y) * x + (x != y) * y", "x % 2", "x // 2 * x", "np.sign(x) * x", "np.rint(x) * x", "abs(x - 1)",
    "np.sin(x * y) + x**2 * y / (1 + y)", "np.hypot(x, y) * np.arctan2(y, x)", "np.hypot(x, 1)", "np.pi * x",
    "np.maximum(x, 0)", "np.logaddexp(x, y)", "a * x**2 + b * y * x", "(a - x)**2 + b * (y - x**2)**2",
    "np.sin(a * x) * np.cos(b * y) + 0.1 * (x**2 + y**2)", "np.tanh(a * x + b) * y",
    *[f"np.{name}({'1 + x' if name == 'arccosh' else 'x'})" for name in UNARY],
    *[f"np.{name}(x, y)" for name in BINARY],
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(browser: Browser) -> Page:
    """A page that has the playground's engine."""
    page = browser.open("about:blank")
    page.evaluate(script() + ENGINE.read_text())
    return page


@pytest.fixture(scope="module")
def answers(engine: Page) -> dict[str, Any]:
    """What the engine says of each expression."""
    ask = f"""(() => {{
        const {{ make, grad, run, print }} = funcgradEngine, found = {{}};
        for (const text of {json.dumps(EXPRESSIONS)}) {{
            const {{ jaxpr, inputs }} = make(text, {json.dumps(VALUES)});
            const slopes = grad(jaxpr, inputs.map((_, k) => k));
            const at = inputs.map((name) => ({json.dumps(AT)})[name]);
            found[text] = {{
                inputs, jaxpr: print(jaxpr), gradient: print(slopes), second: print(grad(slopes, [0])),
                value: run(jaxpr)(...at)[0], slopes: run(slopes)(...at),
            }};
        }}
        return found;
    }})()"""
    return dict(engine.evaluate(ask))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_the_page_prints_funcgrads_jaxprs_and_numbers(text: str, answers: dict[str, Any]) -> None:
    answer = answers[text]
    names = answer["inputs"]
    fun = eval(f"lambda {', '.join(names)}: {text}", {"np": np, **VALUES})
    at = [np.float64(AT[name]) for name in names]
    argnums = tuple(range(len(names)))
    slopes = fg.grad(fun, argnums=argnums)
    assert rounded(answer["jaxpr"]) == rounded(str(fg.make_jaxpr(fun)(*at)))
    assert rounded(answer["gradient"]) == rounded(str(fg.make_jaxpr(slopes)(*at)))
    if len(names) == 1:
        second = fg.grad(lambda x: slopes(x)[0])
        assert rounded(answer["second"]) == rounded(str(fg.make_jaxpr(second)(*at)))
    np.testing.assert_allclose(answer["value"], fun(*at), rtol=1e-13)
    np.testing.assert_allclose(answer["slopes"], slopes(*at), rtol=1e-13)


def rounded(jaxpr: str) -> str:
    """Functions of constants may differ in the last digit: sin(2) is computed by another library."""
    return re.sub(r"-?\d+\.\d+(e[+-]\d+)?", lambda m: f"{float(m[0]):.12g}", jaxpr)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression ends too soon"),
        ("x +", "the expression ends too soon"),
        ("(x", "expected “)” at the end"),
        ("x^2", "“^” is no power: write **"),
        ("sine(x)", "the page does not know the function “sine”"),
        ("np.sin(x, x)", "sin takes 1 argument, not 2"),
        ("3", "write a function of x, or of x and y"),
        ("x > 0", "the function gives a condition, not a number"),
        ("x @ x", 'cannot read "@ x"'),
        ("x**40", "the page has whole exponents from -12 to 12 only, not 40"),
        ("np.where(x > 0, 1, 2)", "where with two whole numbers gives whole numbers: write 1.0"),
        ("x > 0 & x < 1", "comparisons cannot be chained: write (0 < x) & (x < 1)"),
        ("x & (x < 1)", "“&” takes conditions in parentheses, as (x > 0) & (x < 1)"),
    ],
)
def test_what_the_page_cannot_do_it_says(text: str, message: str, engine: Page) -> None:
    make = f"funcgradEngine.make({json.dumps(text)})"
    said = engine.evaluate(f"(() => {{ try {{ {make}; }} catch (e) {{ return e.message; }} }})()")
    assert said == message
