"""For the documentation: let the pages' code import from `scripts` and `examples`, from any folder."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown_exec._internal.formatters import python as execution
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent


def on_startup(**_: Any) -> None:
    """Put the checkout first on the path; draw without a display."""
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = str(ROOT)  # the examples that pages run are programs of their own
    os.environ.setdefault("MPLBACKEND", "svg")
    execution.exec_python = run_with_all_output  # type: ignore[assignment]


class PagePrinter:
    """Takes what a function prints for what the page's code prints, which alone markdown-exec shows."""

    def __init__(self, page_print: Any) -> None:
        self.page_print = page_print

    def write(self, text: str) -> None:
        self.page_print(text, end="")

    def flush(self) -> None:
        """Nothing waits."""


_run = execution.exec_python


def run_with_all_output(code: str, name: str, variables: Any = None) -> None:
    with contextlib.redirect_stdout(PagePrinter(variables["print"])):  # type: ignore[type-var]
        _run(code, name, variables)


def on_files(files: Any, *, config: Any, **_: Any) -> Any:
    """Add what the playground knows of calculus, exported from the package."""
    from scripts.docs_playground import script

    files.append(File.generated(config, "assets/calculus.js", content=script()))
    head = Path(config["docs_dir"], "llms.txt").read_text()
    files.remove(files.get_file_from_path("llms.txt"))
    files.append(
        File.generated(config, "llms.txt", content=head + "\n".join(contents(config["nav"])))
    )
    return files


def contents(nav: Any) -> Iterator[str]:
    """The navigation as Markdown, for readers that are programs."""
    for entry in nav:
        title, below = ("Overview", entry) if isinstance(entry, str) else next(iter(entry.items()))
        if isinstance(below, str):
            yield f"- [{title}]({below.removesuffix('.md')}.html)"
        else:
            yield from ("", f"## {title}", "", *contents(below))
    yield ""


# What a browser may load for a page: files of the site. It refuses all else, whatever a script asks for.
POLICY = "default-src 'self' file: data: blob: 'unsafe-inline'"


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Let the page ask nobody but the site."""
    return own_scripts(output, "../" * page.url.count("/"))


def on_post_template(output: str, *, template_name: str, **_: Any) -> str:
    """The same for the page of what is not found, which stands at the site's root."""
    return own_scripts(output, "/") if template_name == "404.html" else output


def own_scripts(output: str, root: str) -> str:
    """The page with the worker for searches from disk taken from the site, not from a content network."""
    own = f'<script src="{root}assets/frame-worker.js">'
    output = re.sub(r'<script src="https://[^"]*iframe-worker[^"]*">', own, output)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    output = output.replace("<head>", f"<head>{policy}", 1)
    # What markdown-exec adds for code that runs in the page, which there is none of.
    return re.sub(r"<(script|link)[^>]*_markdown_exec_pyodide[^>]*>(</script>)?", "", output)


def on_post_build(config: Any, **_: Any) -> None:
    """Leave out the files of markdown-exec that name other servers."""
    for leftover in Path(config["site_dir"], "assets").glob("_markdown_exec_pyodide.*"):
        leftover.unlink()
