"""Trees, compared with `jax.tree_util` on every kind of node."""

from __future__ import annotations

import copy
import operator
import pickle
from collections import OrderedDict, defaultdict
from typing import Any

import jax
import numpy as np
import pytest

from funcgrad import tree, tree_util
from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree import LEAF, describe_mismatch, flatten_axes, tree_paths
from tests.core.nodes import Box, Layer, Mode, Named, Pair, paths_as_text

EXAMPLES = [
    1.5,
    None,
    (),
    [],
    {},
    (1,),
    (1, 2, 3),
    [1, [2, None]],
    {"b": 1, "a": (2, {"c": []})},
    {3: 1, 1: 2, 2.5: 3},
    {("k", 1): 1, ("k", 0): 2},
    {True: 1, 0: 2},
    Pair(1, [2, 3]),
    OrderedDict([("b", 1), ("a", Pair(2, None))]),
    defaultdict(list, {"b": 1, "a": 2}),
    defaultdict(None, {}),
    Layer(1, (2, 3)),
    Layer({"w": 1}, None, "relu"),
    Box((1, [2]), "label"),
    Box((), "empty"),
    Named(1, Named([2], 3)),
    [Mode("train"), 1],
    ((1, {"w": 2, "b": 3}), {}),
    {np.str_("b"): 1, "a": 2},
]
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=repr)


# One tree, against JAX


@each_example
def test_flatten_and_unflatten(example: Any) -> None:
    leaves, structure = tree.flatten(example)
    expected_leaves, expected = jax.tree.flatten(example)
    assert leaves == expected_leaves
    assert str(structure) == repr(structure) == str(expected)
    assert structure.num_leaves == expected.num_leaves
    assert structure.num_nodes == expected.num_nodes
    assert structure.node_data() == expected.node_data()
    assert [str(child) for child in structure.children()] == [str(c) for c in expected.children()]
    rebuilt = tree.unflatten(structure, iter(leaves))
    assert rebuilt == example
    assert type(rebuilt) is type(example)
    assert repr(rebuilt) == repr(jax.tree.unflatten(expected, leaves))


@each_example
def test_paths(example: Any) -> None:
    ours, structure = tree.flatten_with_path(example)
    theirs, expected = jax.tree.flatten_with_path(example)
    assert paths_as_text(ours, tree_util) == paths_as_text(theirs, jax.tree_util)
    assert structure == tree.structure(example)
    assert str(structure) == str(expected)
    assert [str(path) for path, _ in ours] == [str(path) for path, _ in theirs]
    assert tree_paths(example) == tree_paths(structure)
    assert tree_paths(example) == [tree_util.keystr(path) for path, _ in ours]


@each_example
def test_structures_are_values(example: Any) -> None:
    structure = tree.structure(example)
    again = tree.structure(copy.deepcopy(example))
    assert structure == again
    assert hash(structure) == hash(again)
    assert copy.copy(structure) is copy.deepcopy(structure) is structure
    loaded = pickle.loads(pickle.dumps(structure))
    assert loaded == structure
    assert loaded.unflatten(tree.leaves(example)) == example
    assert structure.flatten_up_to(example) == tree.leaves(example)
    assert structure.compose(LEAF) == LEAF.compose(structure) == structure


def test_structures_equal_exactly_where_those_of_jax_do() -> None:
    for a in EXAMPLES:
        for b in EXAMPLES:
            ours = tree.structure(a) == tree.structure(b)
            assert ours == (jax.tree.structure(a) == jax.tree.structure(b)), (a, b)
            assert ours == (describe_mismatch(a, b) == ""), (a, b)
    assert tree.structure({1: 0}) == tree.structure({1.0: 0})
    assert hash(tree.structure({1: 0})) == hash(tree.structure({1.0: 0}))
    assert tree.structure(1.0) != "PyTreeDef(*)"


@each_example
def test_compose_and_transpose(example: Any) -> None:
    inner = {"u": 0, "v": [0, 0]}
    composed = tree.structure(example).compose(tree.structure(inner))
    assert str(composed) == str(jax.tree.structure(example).compose(jax.tree.structure(inner)))
    assert composed == tree.structure(tree.map(lambda _: inner, example))
    nested = tree.map(lambda x: {"u": x, "v": [x, -x]}, example)
    ours = tree.transpose(tree.structure(example), tree.structure(inner), nested)
    outer = tree.structure(example)
    assert ours == {"u": example, "v": [example, tree.map(lambda x: -x, example)]}
    if outer.num_leaves:
        assert tree.transpose(outer, None, nested) == ours


@each_example
def test_maps_and_reductions(example: Any) -> None:
    assert tree.map(lambda x: x * 2, example) == jax.tree.map(lambda x: x * 2, example)
    pair = tree.map(lambda x, y: (x, y), example, example)
    assert pair == jax.tree.map(lambda x, y: (x, y), example, example)
    total = tree.reduce(operator.add, example, 0)
    assert total == jax.tree.reduce(operator.add, example, 0)
    assert tree.reduce_associative(operator.add, example, identity=0) == total
    assert tree.all(example) == jax.tree.all(example)
    assert tree.leaves_with_path(example) == tree.flatten_with_path(example)[0]
    if total:
        assert tree.reduce(operator.add, example) == total

    def show(path: Any, x: Any, y: Any) -> str:
        return f"{''.join(map(str, path))} {x} {y}"

    assert tree.map_with_path(show, example, pair) == jax.tree.map_with_path(show, example, pair)


def is_pair(node: Any) -> bool:
    return isinstance(node, Pair) or node is None


@each_example
def test_is_leaf(example: Any) -> None:
    leaves, structure = tree.flatten(example, is_leaf=is_pair)
    expected_leaves, expected = jax.tree.flatten(example, is_leaf=is_pair)
    assert leaves == expected_leaves
    assert str(structure) == str(expected)
    assert tree.map(str, example, is_leaf=is_pair) == jax.tree.map(str, example, is_leaf=is_pair)
    ours = tree.flatten_with_path(example, lambda path, x: len(path) == 1, is_leaf_takes_path=True)
    theirs = jax.tree.flatten_with_path(
        example, lambda path, x: len(path) == 1, is_leaf_takes_path=True
    )
    assert [leaf for _, leaf in ours[0]] == [leaf for _, leaf in theirs[0]]
    assert str(ours[1]) == str(theirs[1])


def test_subclasses_and_arrays_are_leaves() -> None:
    class MyTuple(tuple):
        __slots__ = ()

    class MyDict(dict):
        pass

    for leaf in (MyTuple((1, 2)), MyDict(a=1), np.ones(3), "text", {1, 2}, range(3), b"bytes"):
        assert tree.structure(leaf) is LEAF
        assert tree.leaves(leaf)[0] is leaf
    assert tree_util.all_leaves([1, "a"])
    assert not tree_util.all_leaves([1, None])


def test_one_level_of_a_tree() -> None:
    for node in ({"b": [1.0], "a": 2.0}, (1, [2]), None, [3]):
        ours = tree_util.flatten_one_level(node)
        theirs = jax.tree_util.flatten_one_level(node)
        assert list(ours[0]) == list(theirs[0])
    with pytest.raises(ArgumentError, match=r"a float is a leaf and has no children: 1\.0"):
        tree_util.flatten_one_level(1.0)


def test_treedef_functions() -> None:
    structures = [tree.structure(example) for example in EXAMPLES]
    assert tree_util.treedef_tuple(structures) == tree.structure(tuple(EXAMPLES))
    assert tree_util.treedef_children(tree.structure(EXAMPLES)) == structures
    for example, structure in zip(EXAMPLES, structures, strict=True):
        expected = jax.tree_util.treedef_is_leaf(jax.tree.structure(example))
        assert tree_util.treedef_is_leaf(structure) == expected


# Axes


def test_none_is_an_axis() -> None:
    structure = tree.structure(({"w": 1, "b": 2}, [3, None], 4))
    assert flatten_axes("in_axes", structure, None) == [None] * 4
    assert flatten_axes("in_axes", structure, 0) == [0] * 4
    assert flatten_axes("in_axes", structure, (None, 0, 1)) == [None, None, 0, 1]
    assert flatten_axes("in_axes", structure, ({"w": 0, "b": None}, [1, None], -1)) == [
        None,
        0,
        1,
        -1,
    ]


def test_axes_that_do_not_match_show_the_path_and_both_structures() -> None:
    structure = tree.structure(({"w": 1, "b": [2, 3]}, 4))
    with pytest.raises(ArgumentError) as caught:
        flatten_axes("vmap in_axes", structure, ({"w": 0, "b": (0, None)}, 1), "the arguments")
    assert str(caught.value) == (
        "vmap in_axes does not match the arguments at [0]['b']: a tuple of length 2 in vmap "
        "in_axes, a list of length 2 in the arguments (lists and tuples are different nodes)\n"
        "  vmap in_axes:  ({'w': 0, 'b': (0, None)}, 1)\n"
        "  the arguments: ({'b': [*, *], 'w': *}, *)\n"
        "vmap in_axes must be nested in containers of the same types as the arguments, down to "
        "any level; a leaf (an int or None) stands for everything below its place"
    )


def test_axes_of_a_single_argument_must_be_wrapped() -> None:
    with pytest.raises(ArgumentError, match=r"write it as a tuple of one: \(\{'w': 0\},\)"):
        flatten_axes("vmap in_axes", tree.structure(({"w": 1},)), {"w": 0})


# Keys


def test_keys_are_values() -> None:
    ours = [cls(0) for cls in (tree_util.SequenceKey, tree_util.DictKey)]
    ours += [tree_util.GetAttrKey("x"), tree_util.FlattenedIndexKey(0)]
    for a in ours:
        assert [a == b for b in ours].count(True) == 1
        assert pickle.loads(pickle.dumps(a)) == a
        assert hash(copy.copy(a)) == hash(a)
    theirs = [cls(0) for cls in (jax.tree_util.SequenceKey, jax.tree_util.DictKey)]
    theirs += [jax.tree_util.GetAttrKey("x"), jax.tree_util.FlattenedIndexKey(0)]
    assert repr(ours) == repr(theirs)
    for options in ({}, {"simple": True}, {"simple": True, "separator": "/"}):
        assert tree_util.keystr(ours, **options) == jax.tree_util.keystr(tuple(theirs), **options)
    match ours[1]:
        case tree_util.DictKey(key):
            assert key == 0
        case _:
            pytest.fail("keys do not match as patterns")
