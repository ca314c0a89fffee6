"""Compare what the documentation's code printed when it was built with what it printed when it was last read.

    python scripts/check_outputs.py [FOLDER]           (site/ by default)
    python scripts/check_outputs.py --write [FOLDER]   record the outputs, after reading them

The build runs every block, so what a page shows is never stale; this finds out when it has changed, and
with it perhaps what the page says of it. Numbers may differ a little, as other processors round otherwise;
outputs with times, memory addresses or versions are not compared.
"""

from __future__ import annotations

import difflib
import html
import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

RECORD = Path(__file__).resolve().parent.parent / "docs/data/outputs.json"
OUTPUT = re.compile(r'<div class="language-text[^"]*highlight">(.*?)</pre></div>', re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w.])")
VARYING = re.compile(r"\d\s?(?:ns|us|µs|ms|s|seconds)\b|0x[0-9a-f]{6,}|\d times (?:faster|slower)")
BLOCK = re.compile(r"<code block: [^>]*>")
RELATIVE, ABSOLUTE = 2e-2, 1e-5


def outputs(root: Path) -> dict[str, list[str]]:
    """The outputs on each page, in order."""
    found = {}
    for page in sorted(root.rglob("*.html")):
        blocks = [
            html.unescape(re.sub(r"<[^>]*>", "", b)) for b in OUTPUT.findall(page.read_text())
        ]
        if blocks:
            found[page.relative_to(root).as_posix()] = [block.rstrip() for block in blocks]
    return found


def alike(before: str, now: str) -> bool:
    """Whether two outputs are the same but for the last digits of numbers and the space that they take."""
    if VARYING.search(before) and VARYING.search(now):
        return True
    before, now = (BLOCK.sub("<code block>", text) for text in (before, now))
    texts = [re.sub(r"[ -]+", " ", NUMBER.sub("#", text)) for text in (before, now)]
    if texts[0] != texts[1]:
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(now), strict=True)
    return all(
        math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE) for a, b in pairs
    )


def problems(recorded: dict[str, list[str]], found: dict[str, list[str]]) -> Iterator[str]:
    for page in sorted(recorded.keys() | found.keys()):
        before, now = recorded.get(page, []), found.get(page, [])
        if len(before) != len(now):
            yield f"{page}: {len(now)} outputs where {len(before)} are recorded"
            continue
        for number, (old, new) in enumerate(zip(before, now, strict=True), 1):
            if not alike(old, new):
                lines = difflib.unified_diff(
                    old.splitlines(), new.splitlines(), "recorded", "now", lineterm=""
                )
                yield f"{page}: output {number} differs\n" + "\n".join(
                    f"    {line}" for line in lines
                )


def main(arguments: list[str]) -> int:
    is_writing = "--write" in arguments
    folders = [a for a in arguments if not a.startswith("--")]
    found = outputs(Path(folders[0] if folders else "site"))
    if is_writing:
        RECORD.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        print(f"recorded {sum(map(len, found.values()))} outputs of {len(found)} pages")
        return 0
    wrong = list(problems(json.loads(RECORD.read_text()), found))
    print(*wrong, sep="\n")
    print(f"{sum(map(len, found.values()))} outputs of {len(found)} pages, {len(wrong)} problems")
    if wrong:
        print(
            "if the pages still say what is true, record them: python scripts/check_outputs.py --write"
        )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
