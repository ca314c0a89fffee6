"""Random trees, their prefixes and pairs of them, against JAX."""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict
from typing import Any

import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcgrad import tree, tree_util
from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree import LEAF, describe_mismatch, flatten_axes, tree_paths
from tests.core.nodes import Box, Layer, Named, Pair, paths_as_text

keys = st.text("abcd", max_size=2)


def containers(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(children, max_size=3)
    dicts = st.dictionaries(keys, children, max_size=3)
    return st.one_of(
        lists,
        lists.map(tuple),
        dicts,
        st.dictionaries(st.integers(0, 3), children, max_size=3),
        dicts.map(OrderedDict),
        dicts.map(lambda items: defaultdict(int, items)),
        st.builds(Pair, children, children),
        st.builds(Layer, children, children, st.sampled_from(["tanh", "relu"])),
        st.builds(Box, lists.map(tuple), keys),
        st.builds(Named, children, children),
    )


trees = st.recursive(st.one_of(st.integers(0, 9), st.none()), containers, max_leaves=12)


def prune(draw: st.DrawFn, node: Any) -> Any:
    """Replace random subtrees by leaves, which makes a prefix."""
    _, structure = tree.flatten(node)
    if structure is LEAF or draw(st.integers(0, 3)) == 0:
        return draw(st.integers(10, 99))
    children, one_level = tree.flatten(node, is_leaf=lambda x: x is not node)
    return one_level.unflatten([prune(draw, child) for child in children])


@st.composite
def prefixes(draw: st.DrawFn) -> tuple[Any, Any]:
    full = draw(trees)
    return prune(draw, full), full


@given(trees)
def test_random_trees(example: Any) -> None:
    leaves, structure = tree.flatten(example)
    expected_leaves, expected = jax.tree.flatten(example)
    assert leaves == expected_leaves
    assert str(structure) == str(expected)
    assert (structure.num_nodes, structure.num_leaves) == (expected.num_nodes, len(leaves))
    assert structure.unflatten(leaves) == example
    assert pickle.loads(pickle.dumps(structure)) == structure
    ours, theirs = tree.leaves_with_path(example), jax.tree.leaves_with_path(example)
    assert paths_as_text(ours, tree_util) == paths_as_text(theirs, jax.tree_util)
    assert tree_paths(structure) == [tree_util.keystr(path) for path, _ in ours]


@given(prefixes())
def test_random_prefixes(pair: tuple[Any, Any]) -> None:
    prefix, full = pair
    assert tree.broadcast(prefix, full) == jax.tree.broadcast(prefix, full)
    together = tree.map(lambda axis, subtree: (axis, subtree), prefix, full)
    assert together == jax.tree.map(lambda axis, subtree: (axis, subtree), prefix, full)
    axes = flatten_axes("axes", tree.structure(full), prefix)
    assert axes == jax.tree.leaves(jax.tree.broadcast(prefix, full))


@given(trees, trees)
def test_random_pairs(a: Any, b: Any) -> None:
    equal = jax.tree.structure(a) == jax.tree.structure(b)
    assert (tree.structure(a) == tree.structure(b)) == equal
    assert (describe_mismatch(a, b) == "") == equal
    try:
        expected = jax.tree.map(lambda x, y: (x, y), a, b)
    except ValueError:
        with pytest.raises(ArgumentError, match="does not match"):
            tree.map(lambda x, y: (x, y), a, b)
        with pytest.raises(ArgumentError, match="does not match"):
            tree.broadcast(a, b)
    else:
        assert tree.map(lambda x, y: (x, y), a, b) == expected
