"""Two trees of arrays side by side, for errors."""

from __future__ import annotations

from collections.abc import Sequence

from funcgrad.core.tree import PyTreeDef, keystr, tree_flatten_with_path
from funcgrad.core.types import ShapedArray


def side_by_side(
    a: PyTreeDef,
    a_avals: Sequence[ShapedArray],
    b: PyTreeDef,
    b_avals: Sequence[ShapedArray],
    names: tuple[str, str],
    root: str,
) -> str:
    """Both trees, a line per leaf, with a mark where they differ.

    Args:
        a, a_avals, b, b_avals: the structures and the types of their leaves.
        names: the heads of the columns.
        root: what a leaf without a path is called.
    """
    left, right = _types(a, a_avals), _types(b, b_avals)
    paths = list(dict.fromkeys([*left, *right]))
    width = max([len(path or root) for path in paths], default=0)
    column = max([len(text) for text in (*left.values(), names[0])])
    lines = [f"    {'':{width}}  {names[0]:{column}}  {names[1]}"]
    for path in paths:
        x, y = left.get(path, "-"), right.get(path, "-")
        mark = ">>> " if x != y else "    "
        lines.append(f"{mark}{path or root:{width}}  {x:{column}}  {y}")
    return "\n".join(lines)


def _types(tree: PyTreeDef, avals: Sequence[ShapedArray]) -> dict[str, str]:
    paths = tree_flatten_with_path(tree.unflatten(range(len(avals))))[0]
    return {keystr(path): str(aval) for (path, _), aval in zip(paths, avals, strict=True)}
