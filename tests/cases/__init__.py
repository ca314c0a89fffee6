"""The one table of cases: the `CASES` of every module in this folder."""

from __future__ import annotations

import importlib
import pkgutil

from tests.cases.case import AUTO, Case

MODULES = {
    module.name: importlib.import_module(f"tests.cases.{module.name}")
    for module in pkgutil.iter_modules(__path__)
    if module.name != "case"
}
CASES: list[Case] = [case for module in MODULES.values() for case in module.CASES]

__all__ = ["AUTO", "CASES", "MODULES", "Case"]
