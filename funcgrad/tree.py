"""Trees: nested containers of arrays, under the names of `jax.tree`.

Parameters, states, arguments and results may be nested tuples, lists, dicts, named tuples and
registered classes. The functions here see through those to the leaves.
"""

from __future__ import annotations

from funcgrad.core.tree import static
from funcgrad.core.tree import tree_all as all
from funcgrad.core.tree import tree_broadcast as broadcast
from funcgrad.core.tree import tree_flatten as flatten
from funcgrad.core.tree import tree_flatten_with_path as flatten_with_path
from funcgrad.core.tree import tree_leaves as leaves
from funcgrad.core.tree import tree_leaves_with_path as leaves_with_path
from funcgrad.core.tree import tree_map as map
from funcgrad.core.tree import tree_map_with_path as map_with_path
from funcgrad.core.tree import tree_reduce as reduce
from funcgrad.core.tree import tree_reduce_associative as reduce_associative
from funcgrad.core.tree import tree_structure as structure
from funcgrad.core.tree import tree_transpose as transpose
from funcgrad.core.tree import tree_unflatten as unflatten

__all__ = [
    "all",
    "broadcast",
    "flatten",
    "flatten_with_path",
    "leaves",
    "leaves_with_path",
    "map",
    "map_with_path",
    "reduce",
    "reduce_associative",
    "static",
    "structure",
    "transpose",
    "unflatten",
]
