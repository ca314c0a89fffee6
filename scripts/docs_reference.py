"""For the documentation: the reference of namespaces whose names come from elsewhere, found at run time."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from typing import Any

import numpy as np

OPTIONS = """
    options:
      heading_level: {level}
      show_root_heading: true
      show_root_full_path: false
"""


def reference(namespace: str, level: int = 3) -> str:
    """Every name of a namespace: functions by mkdocstrings, NumPy's own and distributions as tables."""
    module = importlib.import_module(namespace)
    values = {name: getattr(module, name) for name in sorted(module.__all__)}
    modules = {name for name, value in values.items() if inspect.ismodule(value)}
    ufuncs = {name: v for name, v in values.items() if isinstance(v, np.ufunc)}
    distributions = {name: v for name, v in values.items() if hasattr(v, "shapes")}
    # As HTML, which markdown-exec leaves as it is: it gives other anchors a prefix of their own.
    links = [
        f'<a href="#{namespace}.{name}"><code>{name}</code></a>'
        for name in values
        if name not in modules
    ]
    parts = [f"<p>{' · '.join(links)}</p>\n"]
    for name, value in values.items():
        if name not in ufuncs and name not in distributions and name not in modules:
            parts.append(entry(f"{namespace}.{name}", value, level))
    if distributions:
        parts.append(distribution_table(namespace, distributions))
    if ufuncs:
        parts.append(ufunc_table(namespace, ufuncs))
    return "\n".join(parts)


def others(namespace: str, level: int = 3) -> str:
    """The names that mkdocstrings, which reads files, does not see: second names, ufuncs, values."""
    module = importlib.import_module(namespace)
    values = {name: getattr(module, name) for name in sorted(module.__all__)}
    ufuncs = {name: v for name, v in values.items() if isinstance(v, np.ufunc)}
    hidden = {
        name: value
        for name, value in values.items()
        if name not in ufuncs and not inspect.ismodule(value)
        if getattr(value, "__name__", "") != name
        or is_made(value, name)
        or is_module(f"{namespace}.{name}")
    }
    parts = [entry(f"{namespace}.{name}", value, level) for name, value in hidden.items()]
    return "\n".join(parts + ([ufunc_table(namespace, ufuncs)] if ufuncs else []))


def is_made(value: Any, name: str) -> bool:
    """Whether a function was made by a function: mkdocstrings, which reads files, sees no `def` of this name."""
    code = getattr(inspect.unwrap(value), "__code__", None) if callable(value) else None
    return code is not None and code.co_name != name


def is_module(path: str) -> bool:
    parent = importlib.import_module(path.rpartition(".")[0])
    return hasattr(parent, "__path__") and importlib.util.find_spec(path) is not None


def entry(path: str, value: Any, level: int) -> str:
    """One name; under a second name it says so."""
    name = path.rpartition(".")[2]
    other = getattr(value, "__name__", None)
    anchor = f'{"#" * level} `{name}`\n\n<a id="{path}"></a>'
    if other is None:
        doc = (inspect.getdoc(type(value)) or "").split("\n\n")[0]
        return f"{anchor}{doc}\n"
    if other != name:
        doc = (inspect.getdoc(value) or "").split("\n")[0]
        return f"{anchor}The same as `{other}`: {doc}\n"
    if is_made(value, name):
        words, _, example = (inspect.getdoc(value) or "").partition(">>>")
        shown = f"\n\n```pycon\n>>>{example}\n```" if example else ""
        return f"{anchor}`{name}{inspect.signature(value)}`\n\n{words.strip()}{shown}\n"
    if is_module(path):  # a file of that name, which would be taken for it
        return f'<a id="{path}"></a>\n\n::: {value.__module__}.{name}{OPTIONS.format(level=level)}'
    return f"::: {path}{OPTIONS.format(level=level)}"


def ufunc_table(namespace: str, ufuncs: dict[str, np.ufunc]) -> str:
    lines = [
        "NumPy's own functions, under JAX's names. Their signatures and results are NumPy's.\n",
        "| name | function | what it does |\n| --- | --- | --- |",
    ]
    for name, ufunc in ufuncs.items():
        described = [line for line in (ufunc.__doc__ or "").splitlines() if line.strip()]
        what = next((line.strip() for line in described if "(" not in line.split(" ")[0]), "")
        lines.append(
            f'| <a id="{namespace}.{name}"></a>`{name}` | `np.{ufunc.__name__}` | {what.replace("|", chr(92) + "|")} |'
        )
    return "\n".join(lines) + "\n"


def distribution_table(namespace: str, distributions: dict[str, Any]) -> str:
    lines = [
        "| distribution | shape parameters | methods |\n| --- | --- | --- |",
    ]
    for name, each in distributions.items():
        shapes = ", ".join(f"`{s}`" for s in each.shapes) if each.shapes else ""
        methods = [m for m in dir(each) if not m.startswith("_") and callable(getattr(each, m))]
        shown = ", ".join(f"`{m}`" for m in methods if m not in ("check", "formulas", "support"))
        lines.append(f'| <a id="{namespace}.{name}"></a>`{name}` | {shapes} | {shown} |')
    return "\n".join(lines) + "\n"
