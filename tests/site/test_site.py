"""The built documentation in a browser: it asks nobody for anything, fits the window, and its widgets work.

    mkdocs build --strict && FUNCGRAD_SITE=site python -m pytest tests/site

Pages are opened from disk, as a reader without a server does; one test serves them.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.browser import Browser, Page

DESKTOP, PHONE = 1280, 390
SITE = os.environ.get("FUNCGRAD_SITE", "site")
# That of what is not found has absolute addresses, since it is served in any folder.
PAGES = sorted(str(p.relative_to(SITE)) for p in Path(SITE).rglob("*.html") if p.name != "404.html")


def axe() -> str:
    """The source of axe-core, a linter of accessibility (MPL-2.0), which a package of the docs group brings."""
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        pytest.skip("axe-core is not installed: pip install --group docs")
    return Path(found.origin).with_name("axe.min.js").read_text()


def opened(browser: Browser, site: Path, name: str, width: int = DESKTOP) -> Page:
    return browser.open((site / name).as_uri(), width=width)


def foreign(requests: list[str]) -> list[str]:
    """Requests that leave this machine."""
    own = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:")
    return [address for address in requests if not address.startswith(own)]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_by_itself_and_can_be_read_by_all(
    name: str, browser: Browser, site: Path
) -> None:
    page = opened(browser, site, name)
    assert foreign(page.requests) == []
    assert page.complaints == []
    assert (
        page.evaluate("[...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)") == []
    )
    assert page.evaluate("document.querySelectorAll('.katex-error').length") == 0

    for width in (PHONE, DESKTOP):
        page.resize(width, 900)
        fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert fits, f"at {width} pixels: {page.evaluate(TOO_WIDE)}"

    page.evaluate(axe())
    page.evaluate(AT_ONCE)
    for scheme in ("default", "slate"):
        page.evaluate(f"document.body.setAttribute('data-md-color-scheme', '{scheme}')")
        assert page.evaluate(VIOLATIONS) == [], f"in the palette {scheme}"
    page.close()


TOO_WIDE = """[...document.querySelectorAll('main *')]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .filter((e) => !e.closest('pre, .md-typeset__scrollwrap, .katex, svg'))
    .map((e) => e.outerHTML.slice(0, 120))"""

# Colours that fade in are judged when they are there.
AT_ONCE = """document.head.append(Object.assign(
    document.createElement('style'), {textContent: '* {transition: none !important}'}))"""

# What is folded is not seen, and axe takes colours behind it for those that it would have.
# Each copy button stands in a <nav> of the theme, all without a name: hence no rule on those.
VIOLATIONS = """axe.run({include: ['.md-content'], exclude: ['details:not([open])']}, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'],
    rules: {'landmark-unique': {enabled: false}},
    resultTypes: ['violations'],
}).then((r) => r.violations.flatMap((v) => v.nodes.map((n) =>
    `${v.id}: ${n.html.slice(0, 160)} ${n.any.map((a) => a.message).join('; ').slice(0, 200)}`)))"""


@pytest.mark.parametrize("name", ["index.html", "playground.html", "reference/api.html"])
def test_the_whole_window_has_landmarks_and_one_title(
    name: str, browser: Browser, site: Path
) -> None:
    page = opened(browser, site, name)
    page.evaluate(axe())
    rules = [
        "landmark-one-main",
        "page-has-heading-one",
        "html-has-lang",
        "document-title",
        "bypass",
        "meta-viewport",
    ]
    checked = f"axe.run(document, {{runOnly: {{type: 'rule', values: {rules}}}}})"
    assert page.evaluate(f"{checked}.then((r) => r.violations.map((v) => v.id))") == []
    page.close()


SEARCHES = [
    ("detach", "Coming from PyTorch"),
    ("no_grad", "Coming from PyTorch"),
    ("per-sample gradient", "Batches of gradients"),
    ("stop_gradient", "Stopping gradients"),
    ("coverage", "NumPy coverage"),
]


def search(page: Page, words: str) -> str:
    """The titles of what a search finds."""
    page.evaluate("document.querySelector('#__search').click()")
    page.enter(".md-search__input", words)
    # The list of the last search stays until that of this one is there.
    found = """[...document.querySelectorAll('.md-search-result__item mark')].length
        && document.querySelector('.md-search-result__list').innerText"""
    return str(page.until(found))


@pytest.mark.parametrize(("words", "title"), SEARCHES)
def test_search_finds_from_disk(words: str, title: str, browser: Browser, site: Path) -> None:
    page = opened(browser, site, "index.html")
    assert title in search(page, words)
    assert foreign(page.requests) == []
    page.close()


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_search_finds_when_served(server: str, browser: Browser) -> None:
    page = browser.open(f"{server}/index.html")
    assert "Batches of gradients" in search(page, "per-sample gradient")
    assert foreign(page.requests) == []
    assert page.complaints == []
    page.close()


def test_a_page_cannot_ask_another_server(browser: Browser, site: Path) -> None:
    page = opened(browser, site, "index.html")
    asked = "fetch('http://127.0.0.1:9/x').then(() => 'allowed', () => 'refused')"
    assert page.evaluate(asked) == "refused"
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://other.invalid/x'}))"
    )
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert any("Content Security Policy" in line for line in page.complaints)
    page.close()


TEXT = "document.querySelector('.playground .summary').textContent"
PICTURE = "document.querySelector('.playground svg').innerHTML"


def test_sliders_move_numbers_and_pictures(browser: Browser, site: Path) -> None:
    page = opened(browser, site, "tutorials/gradients.html")
    seen = [(page.evaluate(TEXT), page.evaluate(PICTURE))]
    for name, value in (("x", "-2"), ("a", "1.7"), ("step-size", "1.1")):
        page.enter(f"#playground-1-{name}", value)
        seen.append((page.evaluate(TEXT), page.evaluate(PICTURE)))
    assert len(set(seen)) == len(seen)
    # The second picture: a landscape, its gradient field, and the way down.
    field = "document.querySelectorAll('.playground')[1].querySelectorAll('.arrow')[0].getAttribute('d')"
    way = "document.querySelectorAll('.playground')[1].querySelector('.path').getAttribute('d')"
    before = page.evaluate(field), page.evaluate(way)
    page.enter("#playground-2-c", "-1.2")
    after = page.evaluate(field), page.evaluate(way)
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert page.complaints == []
    page.close()


def test_playground_takes_a_function_and_shows_its_programs(browser: Browser, site: Path) -> None:
    page = opened(browser, site, "playground.html", PHONE)
    page.enter("#playground-1-function", "x**3 * y")
    page.enter("#playground-1-x", "2")
    page.enter("#playground-1-y", "1")
    assert "f(2, 1) = 8, gradient (12, 8)" in page.evaluate(TEXT)
    programs = "[...document.querySelectorAll('.playground pre')].map((e) => e.innerText)"
    jaxpr, gradient, _ = page.evaluate(programs)
    assert "integer_pow[y=3] a" in jaxpr
    assert gradient.startswith("{ lambda ; a:f64[] b:f64[]. let")
    page.enter("#playground-1-function", "x^3")
    assert "write **" in page.evaluate("document.querySelector('[role=alert]').textContent")
    page.evaluate("document.querySelectorAll('.examples button')[0].click()")
    assert page.evaluate("document.querySelector('[role=alert]').textContent") == ""
    assert "sin" in page.evaluate(programs)[0]
    page.close()


def test_pointer_moves_the_start(browser: Browser, site: Path) -> None:
    page = opened(browser, site, "playground.html")
    before = page.evaluate(TEXT)
    x, y = page.evaluate("""(() => {
        const picture = document.querySelector('.playground svg');
        picture.scrollIntoView({block: 'center', behavior: 'instant'});
        const box = picture.getBoundingClientRect();
        return [box.left + box.width * 0.8, box.top + box.height / 2];
    })()""")
    at = {"x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
    page.send("Input.dispatchMouseEvent", {"type": "mousePressed", **at})
    page.send("Input.dispatchMouseEvent", {"type": "mouseReleased", **at})
    assert page.evaluate(TEXT) != before
    page.close()


def test_filter_narrows_the_table_of_functions(browser: Browser, site: Path) -> None:
    page = opened(browser, site, "reference/coverage.html")
    visible = "document.querySelectorAll('main tbody tr:not([hidden])').length"
    all_rows = page.evaluate(visible)
    page.enter(".filter input", "cumsum")
    assert 0 < page.evaluate(visible) < all_rows / 10
    page.close()


NAMESPACES = (
    "ad_checkpoint", "checkpoint_policies", "custom_batching", "custom_derivatives", "debug", "errors",
    "experimental.jet", "flatten_util", "lax", "lax.linalg", "nn", "nn.initializers", "random", "scipy.fft",
    "scipy.integrate", "scipy.interpolate", "scipy.linalg", "scipy.ndimage", "scipy.optimize", "scipy.signal",
    "scipy.sparse.linalg", "scipy.spatial.distance", "scipy.special", "scipy.stats",
    "tree", "tree_util",
)  # fmt: skip


@pytest.mark.parametrize("namespace", ["funcgrad", *[f"funcgrad.{name}" for name in NAMESPACES]])
def test_every_public_name_stands_in_the_reference(namespace: str, site: Path) -> None:
    module = importlib.import_module(namespace)
    found: set[str] = set()
    for page in (site / "reference").glob("*.html"):
        found.update(re.findall(r' id="(funcgrad[\w.]*)"', page.read_text()))
    names = {n for n in module.__all__ if not inspect.ismodule(getattr(module, n))}
    assert sorted(n for n in names if f"{namespace}.{n}" not in found) == []


def test_the_palette_can_be_changed_by_hand(browser: Browser, site: Path) -> None:
    page = opened(browser, site, "index.html")
    scheme = "document.body.getAttribute('data-md-color-scheme')"
    seen = set()
    for _ in range(3):
        page.evaluate(
            "[...document.querySelectorAll('[data-md-component=palette] label')].find((e) => !e.hidden).click()"
        )
        seen.add(page.evaluate(scheme))
    assert seen == {"default", "slate"}
    page.close()
