"""The configuration: the only global state of funcgrad."""

from __future__ import annotations

import os


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() not in (
        "0",
        "",
        "false",
        "off",
        "no",
    )


class Config:
    """Settings, read at call time. Each starts from an environment variable.

    Attributes:
        check_jaxprs: validate every jaxpr after every transform and pass (`FUNCGRAD_CHECK_JAXPRS`).
        traceback_filtering: hide funcgrad's own frames in tracebacks (`FUNCGRAD_TRACEBACK_FILTERING`).
    """

    __slots__ = ("check_jaxprs", "traceback_filtering")

    def __init__(self) -> None:
        self.check_jaxprs = _flag("FUNCGRAD_CHECK_JAXPRS", False)
        self.traceback_filtering = _flag("FUNCGRAD_TRACEBACK_FILTERING", True)


config = Config()
