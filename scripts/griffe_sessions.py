"""For the documentation: docstrings' `>>>` examples become code blocks.

Docstrings end with a plain interactive session, which doctest runs as it is. Markdown would read its
`>>>` as nested quotations, so each such paragraph is put into a fence before it is rendered.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension

SESSION = re.compile(r"^(?P<indent>[ ]*)>>> .*(?:\n[ ]*\S.*)*", re.MULTILINE)


class Sessions(Extension):
    """Fence the interactive sessions of every docstring."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = SESSION.sub(fence, obj.docstring.value)


def fence(session: re.Match[str]) -> str:
    indent = session["indent"]
    return f"{indent}```pycon\n{session[0]}\n{indent}```"
