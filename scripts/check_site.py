"""Check a built site: every link and anchor leads somewhere in it, and no page asks another server for anything.

python scripts/check_site.py [FOLDER]     (site/ by default)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ATTRIBUTE = re.compile(r'<(\w+)[^>]*?\s(?:href|src)="([^"]*)"')
# What a browser fetches by itself: everything but links that a reader follows.
FETCHED_CSS = re.compile(r"url\(\s*['\"]?(?:https?:)?//|@import\s+['\"](?:https?:)?//")
FETCHED_JS = re.compile(
    r"(?:fetch|import|importScripts|Worker|EventSource|WebSocket|open)\(\s*[^()]*?[\"'`](?:https?:|wss?:)?//"
)
POLICY = '<meta http-equiv="Content-Security-Policy" content="default-src \'self\''


@cache
def anchors(page: Path) -> frozenset[str]:
    return frozenset(re.findall(r'\s(?:id|name)="([^"]+)"', page.read_text()))


def problems(root: Path) -> Iterator[str]:
    """What is wrong, one line each."""
    for sheet in root.rglob("*.css"):
        if FETCHED_CSS.search(sheet.read_text()):
            yield f"{sheet.relative_to(root)} asks another server"
    for script in root.rglob("*.js"):
        if found := FETCHED_JS.search(script.read_text()):
            yield f"{script.relative_to(root)} asks another server: {found[0][:80]}"
    for page in sorted(root.rglob("*.html")):
        name = page.relative_to(root)
        if POLICY not in page.read_text():
            yield f"{name} does not forbid the browser to ask other servers"
        for tag, address in sorted(set(ATTRIBUTE.findall(page.read_text()))):
            if re.match(r"(https?:)?//", address):
                if tag != "a":
                    yield f"{name}: <{tag}> asks another server: {address}"
                continue
            if re.match(r"[a-z]+:", address) or tag == "use":
                continue
            path, _, anchor = unquote(address).partition("#")
            target = root / path.lstrip("/") if path.startswith("/") else (page.parent / path)
            target = page if not path else target.resolve()
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                yield f"{name}: {address} leads nowhere"
            elif anchor and target.suffix == ".html" and anchor not in anchors(target):
                yield f"{name}: {address} has no such anchor"


def main(arguments: list[str]) -> int:
    root = Path(arguments[0] if arguments else "site").resolve()
    found = list(problems(root))
    print(*found, sep="\n")
    print(f"{len(list(root.rglob('*.html')))} pages, {len(found)} problems")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
