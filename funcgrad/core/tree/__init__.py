"""Trees: nested containers, seen as a list of leaves and a structure (JAX's pytrees).

keys and kinds come first, then compare (what to say of differences) and treedef (flatten,
unflatten); functions, paths, prefix and register stand on these.
"""

from __future__ import annotations

from funcgrad.core.tree.compare import structure_text
from funcgrad.core.tree.functions import (
    all_leaves,
    flatten_one_level,
    tree_all,
    tree_leaves,
    tree_map,
    tree_reduce,
    tree_reduce_associative,
    tree_structure,
    tree_transpose,
    tree_unflatten,
    treedef_children,
    treedef_is_leaf,
    treedef_tuple,
)
from funcgrad.core.tree.keys import (
    DictKey,
    FlattenedIndexKey,
    GetAttrKey,
    KeyPath,
    SequenceKey,
    keystr,
)
from funcgrad.core.tree.kinds import register_pytree_node
from funcgrad.core.tree.paths import (
    tree_flatten_with_path,
    tree_leaves_with_path,
    tree_map_with_path,
    tree_paths,
)
from funcgrad.core.tree.prefix import describe_mismatch, flatten_axes, tree_broadcast
from funcgrad.core.tree.register import (
    Partial,
    register_dataclass,
    register_pytree_node_class,
    register_pytree_with_keys,
    register_pytree_with_keys_class,
    register_static,
    static,
)
from funcgrad.core.tree.treedef import LEAF, PyTreeDef, tree_flatten

__all__ = [
    # taking apart and putting together
    "LEAF",
    "PyTreeDef",
    "tree_flatten",
    "tree_unflatten",
    "tree_leaves",
    "tree_structure",
    "all_leaves",
    "flatten_one_level",
    "treedef_children",
    "treedef_is_leaf",
    "treedef_tuple",
    # computing
    "tree_all",
    "tree_map",
    "tree_reduce",
    "tree_reduce_associative",
    "tree_transpose",
    # paths
    "DictKey",
    "FlattenedIndexKey",
    "GetAttrKey",
    "KeyPath",
    "SequenceKey",
    "keystr",
    "tree_flatten_with_path",
    "tree_leaves_with_path",
    "tree_map_with_path",
    "tree_paths",
    # prefixes, and messages
    "describe_mismatch",
    "flatten_axes",
    "structure_text",
    "tree_broadcast",
    # registering
    "Partial",
    "register_dataclass",
    "register_pytree_node",
    "register_pytree_node_class",
    "register_pytree_with_keys",
    "register_pytree_with_keys_class",
    "register_static",
    "static",
]
