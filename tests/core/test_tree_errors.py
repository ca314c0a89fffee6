"""What is said of trees that do not have the structure that they should."""

from __future__ import annotations

import operator
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from funcgrad import tree
from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree import LEAF, describe_mismatch
from tests.core.nodes import Box, Layer, Named, Pair


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ((1, 2), (1, 2, 3), "the root: a tuple of length 2 in A, a tuple of length 3 in B"),
        ({"a": [1]}, {"a": 1.0}, "['a']: a list of length 1 in A, a leaf (float) in B"),
        ({"a": 1}, {"b": 1}, "the root: a dict with key 'a' in A, a dict with key 'b' in B "
         "(key 'a' only in A; key 'b' only in B)"),
        ({"a": 1, "b": 2}, {"a": 1}, "the root: a dict with keys 'a', 'b' in A, a dict with key "
         "'a' in B (key 'b' only in A)"),
        ({}, {"a": 1}, "the root: a dict with no keys in A, a dict with key 'a' in B "
         "(key 'a' only in B)"),
        ([None], [1], "[0]: None in A, a leaf (int) in B"),
        ([1], [None], "[0]: a leaf in A, None in B"),
        (Pair(1, (2,)), Pair(1, [2]), ".y: a tuple of length 1 in A, a list of length 1 in B "
         "(lists and tuples are different nodes)"),
        (Pair(1, 2), (1, 2), "the root: the named tuple Pair(x, y) in A, a tuple of length 2 in B"),
        (Layer(1, 2), Layer(1, 2, "relu"), "the root: the node Layer[('tanh',)] in A, the node "
         "Layer[('relu',)] in B"),
        (Layer(1, [2]), Layer(1, 2), ".bias: a list of length 1 in A, a leaf (int) in B"),
        (Named([2], 1), Named(2, 1), ".l: a list of length 1 in A, a leaf (int) in B"),
        (Box((1, [2]), ""), Box((1, 2), ""), "[<flat index 1>]: a list of length 1 in A, a leaf "
         "(int) in B"),
        (Box((1, 2), "x"), Box((1,), "x"), "the root: the node Box[x] in A, the node Box[x] in B "
         "(the first has 2 children, the second 1)"),
        (Pair(1, 2), namedtuple("Pair", "x y")(1, 2), "the root: the named tuple Pair(x, y) in A, "
         "the named tuple Pair(x, y) in B (they print alike, but the classes or the static data "
         "are not equal)"),
        (OrderedDict(a=1, b=2), OrderedDict(b=1, a=2), "the root: an OrderedDict with keys 'a', "
         "'b' in A, an OrderedDict with keys 'b', 'a' in B (their keys are in different order)"),
        (defaultdict(int, a=1), defaultdict(list, a=1), "the root: a defaultdict with key 'a' in "
         "A, a defaultdict with key 'a' in B (their factories are <class 'int'> and "
         "<class 'list'>)"),
    ],
    ids=repr,
)  # fmt: skip
def test_differences_in_words(first: Any, second: Any, text: str) -> None:
    assert describe_mismatch(first, second, ("A", "B")) == f"  at {text}"


def test_every_difference_is_listed_up_to_a_handful() -> None:
    text = describe_mismatch([(), 1, [], {}], [(), (), (), ()])
    assert [line.split(":")[0].strip() for line in text.splitlines()] == [
        "at [1]",
        "at [2]",
        "at [3]",
    ]
    text = describe_mismatch([1] * 20, [()] * 20)
    assert len(text.splitlines()) == 6
    assert text.endswith("and 15 more differences")


def test_a_map_over_trees_that_do_not_match() -> None:
    with pytest.raises(ArgumentError) as caught:
        tree.map(operator.add, {"w": (1, 2)}, {"w": (1, 2)}, {"w": np.ones(2)})
    assert str(caught.value) == (
        "the first tree does not match tree 3 of the map at ['w']: a tuple of length 2 in the "
        "first tree, a leaf (ndarray) in tree 3 of the map\n"
        "  the first tree:    {'w': (*, *)}\n"
        "  tree 3 of the map: {'w': *}"
    )
    with pytest.raises(ArgumentError, match="the first tree does not match tree 2 of the map"):
        tree.map_with_path(lambda path, x, y: x, [1], (1,))


def test_long_structures_are_cut() -> None:
    model = {f"layer{i}": {"w": 1, "b": 2} for i in range(1000)}
    with pytest.raises(ArgumentError) as caught:
        tree.map(operator.add, model, {**model, "layer7": {"w": 1}})
    assert "at ['layer7']: a dict with keys 'b', 'w' in the first tree" in str(caught.value)
    assert len(str(caught.value)) < 1200


def test_a_wrong_number_of_leaves() -> None:
    structure = tree.structure((1, [2]))
    with pytest.raises(ArgumentError, match=r"too few leaves: PyTreeDef\(\(\*, \[\*\]\)\) has 2, "):
        structure.unflatten([1])
    with pytest.raises(ArgumentError, match=r"too many leaves: .* has 2, got 3"):
        tree.unflatten(structure, range(3))
    with pytest.raises(ArgumentError, match="too many"):
        LEAF.unflatten([1, 2])


def test_a_leaf_that_stops_an_iteration_does_not_end_the_map() -> None:
    def stop(x: int) -> int:
        raise StopIteration

    with pytest.raises(StopIteration):
        tree.map(stop, [1, 2])
    with pytest.raises(StopIteration):
        tree.map(lambda x, y: stop(x), [1, 2], [1, 2])


def test_dicts_whose_keys_cannot_be_sorted() -> None:
    with pytest.raises(ValueError, match=r"must be sortable.*\['a', 1\] are not.*OrderedDict"):
        tree.flatten({"a": 1, 1: 2})
    assert tree.leaves(OrderedDict({"a": 1, 1: 2})) == [1, 2]


def test_nothing_to_reduce() -> None:
    with pytest.raises(TypeError, match="no leaves; pass initializer="):
        tree.reduce(operator.add, [None])
    with pytest.raises(TypeError, match="no leaves; pass identity="):
        tree.reduce_associative(operator.add, ())


def test_a_transpose_of_the_wrong_size() -> None:
    with pytest.raises(TypeError) as caught:
        tree.transpose(tree.structure([0, 0]), tree.structure({"a": 0}), [(1, 2), (3, 4)])
    assert str(caught.value) == (
        "the tree to transpose has 4 leaves, and outer_treedef and inner_treedef call for 2 * 1\n"
        "  expected: [{'a': *}, {'a': *}]\n"
        "  found:    [(*, *), (*, *)]"
    )
    with pytest.raises(ArgumentError, match="inner_treedef cannot be inferred"):
        tree.transpose(tree.structure([]), None, [])


def test_a_tree_that_contains_itself() -> None:
    endless: list[Any] = []
    endless.append(endless)
    functions: list[Callable[[Any], Any]] = [tree.flatten, tree.flatten_with_path]
    for function in functions:
        with pytest.raises(RecursionError, match="if it does not contain itself"):
            function(endless)
    deep: Any = 1.0
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(RecursionError, match="nested more deeply than Python's recursion limit"):
        tree.map(lambda x: x, deep)


def test_trees_of_reasonable_depth() -> None:
    deep: Any = 1.0
    for _ in range(300):
        deep = {"next": (deep,)}
    leaves, structure = tree.flatten(deep)
    assert leaves == [1.0]
    assert structure.unflatten([1.0]) == deep
    assert structure.flatten_up_to(deep) == [1.0]
    assert structure == tree.structure(deep, is_leaf=lambda _: False)
    assert hash(structure) == hash(tree.structure(deep))
    assert str(structure).count("*") == 1
