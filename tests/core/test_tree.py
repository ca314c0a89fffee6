"""Trees, compared with `jax.tree_util` on every kind of node, and on random trees."""

from __future__ import annotations

import copy
import functools
import gc
import operator
import pickle
import subprocess
import sys
import threading
import weakref
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcgrad import tree, tree_util
from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree import LEAF, describe_mismatch, flatten_axes, kinds, tree_paths, treedef

Pair = namedtuple("Pair", ["x", "y"])


@dataclass(frozen=True)
class Layer:
    weight: Any
    bias: Any
    activation: str = field(default="tanh", metadata={"static": True})


@dataclass
class Box:
    """A custom node without keys."""

    items: tuple[Any, ...]
    label: str


@dataclass
class Named:
    """A custom node with keys of its own."""

    left: Any
    right: Any


@dataclass(frozen=True)
class Mode:
    name: str


for library in (jax.tree_util, tree_util):
    library.register_dataclass(Layer)
    library.register_pytree_node(
        Box, lambda box: (box.items, box.label), lambda label, items: Box(tuple(items), label)
    )
    library.register_pytree_with_keys(
        Named,
        functools.partial(
            lambda keys, node: (((keys.GetAttrKey("l"), node.left), ("r", node.right)), None),
            library,
        ),
        lambda _, children: Named(*children),
    )
    library.register_static(Mode)


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


def paths_as_text(found: list[tuple[Any, Any]], library: Any) -> list[tuple[str, Any]]:
    return [(library.keystr(path), leaf) for path, leaf in found]


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


# Random trees, against JAX

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


# What the errors say


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


# Registration


def test_a_type_is_registered_once() -> None:
    for again in (
        lambda: tree_util.register_dataclass(Layer),
        lambda: tree_util.register_pytree_node(Layer, lambda x: ((), None), lambda *_: None),
        lambda: tree_util.register_static(Layer),
    ):
        with pytest.raises(ValueError, match=r"Layer is already registered as a tree node"):
            again()
    with pytest.raises(ValueError, match=r"builtins\.dict is already registered"):
        tree_util.register_pytree_node(dict, lambda x: ((), None), lambda *_: None)
    with pytest.raises(TypeError, match="only a class can be registered"):
        tree_util.register_pytree_node(3, lambda x: ((), None), lambda *_: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a function that flattens it"):
        tree_util.register_pytree_node(bytes, None, None)  # type: ignore[arg-type]


def test_a_type_can_be_registered_after_it_was_met_as_a_leaf() -> None:
    class Late:
        def __init__(self, x: Any) -> None:
            self.x = x

    Point = namedtuple("Point", ["x"])
    assert tree.structure(Late(1)) is LEAF
    assert str(tree.structure(Point(1))) == "PyTreeDef(CustomNode(namedtuple[Point], [*]))"
    tree_util.register_pytree_node(Late, lambda late: ([late.x], None), lambda _, xs: Late(*xs))
    tree_util.register_pytree_node(Point, lambda p: (iter(p), "own"), lambda _, xs: Point(*xs))
    assert tree.leaves(Late(1)) == [1]
    assert str(tree.structure(Late(1))) == "PyTreeDef(CustomNode(Late[None], [*]))"
    assert str(tree.structure(Point(1))) == "PyTreeDef(CustomNode(Point[own], [*]))"


def test_the_function_that_flattens_must_return_a_pair() -> None:
    class Wrong:
        pass

    tree_util.register_pytree_node(Wrong, lambda _: [1, 2, 3], lambda *_: None)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"flattens .*Wrong must return a pair.*\[1, 2, 3\]"):
        tree.flatten(Wrong())


def test_class_decorators() -> None:
    @tree_util.register_pytree_node_class
    class Plain:
        def __init__(self, *items: Any) -> None:
            self.items = items

        def tree_flatten(self) -> tuple[tuple[Any, ...], None]:
            return self.items, None

        @classmethod
        def tree_unflatten(cls, aux: None, children: tuple[Any, ...]) -> Plain:
            assert type(children) is tuple
            return cls(*children)

    @tree_util.register_pytree_with_keys_class
    class Keyed(Plain):
        def tree_flatten_with_keys(self) -> tuple[list[tuple[str, Any]], None]:
            return [(f"<{i}>", item) for i, item in enumerate(self.items)], None

    assert tree.map(lambda x: -x, Plain(1, Plain(2))).items[1].items == (-2,)
    assert tree_paths(Plain(1, [2])) == ["[<flat index 0>]", "[<flat index 1>][0]"]
    assert tree_paths(Keyed(1, [2], Keyed())) == ["<0>", "<1>[0]"]
    assert tree.leaves_with_path(Keyed(1)) == [(("<0>",), 1)]


def test_keys_of_a_node_that_refuses_placeholders() -> None:
    class Strict:
        def __init__(self, x: Any) -> None:
            self.x = float(x)

    tree_util.register_pytree_with_keys(
        Strict, lambda node: ([("x", node.x)], None), lambda _, xs: Strict(*xs)
    )
    assert tree_paths(Strict(1)) == ["[<flat index 0>]"]
    assert tree.leaves_with_path(Strict(1)) == [(("x",), 1.0)]


def test_dataclasses() -> None:
    @functools.partial(tree_util.register_dataclass, data_fields=["a"], meta_fields=["n"])
    @dataclass
    class Explicit:
        n: int
        a: Any
        derived: Any = field(init=False, default=None)

    class NotADataclass:
        def __init__(self, *, a: Any, n: int) -> None:
            self.a, self.n = a, n

    @functools.partial(tree_util.register_dataclass, drop_fields=["cache", "made"])
    @dataclass
    class Dropped:
        a: Any
        unit: str = tree.static(default="m", metadata={"about": "kept"})
        cache: Any = None
        made: Any = field(init=False, default=0)

    assert tree.map(lambda x: x + 1, Explicit(3, 1)) == Explicit(3, 2)
    tree_util.register_dataclass(NotADataclass, ["a"], ["n"])
    assert str(tree.structure(NotADataclass(a=1, n=2))).startswith("PyTreeDef(CustomNode(NotADat")
    assert tree.map(lambda x: x + 1, NotADataclass(a=1, n=2)).a == 2
    assert tree.map(lambda x: x + 1, Dropped(1, "km", "cached")) == Dropped(2, "km", None)
    assert Dropped.__dataclass_fields__["unit"].metadata == {"about": "kept", "static": True}
    with pytest.raises(ArgumentError, match=r"\['made'\] are not arguments .* drop_fields"):
        tree_util.register_dataclass(dataclass(type("Made", (Dropped,), {})))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"data_fields": ["a"]}, "pass both data_fields and meta_fields, or neither"),
        ({"data_fields": ["a"], "meta_fields": []}, r"\['n'\] are in neither"),
        (
            {"data_fields": ["a", "z"], "meta_fields": ["n"]},
            r"\['z'\] are not arguments of the constructor",
        ),
        ({"data_fields": ["a", "n"], "meta_fields": ["n"]}, r"\['n'\] are in data_fields and in"),
    ],
)
def test_fields_that_are_not_those_of_the_class(fields: dict[str, Any], text: str) -> None:
    @dataclass
    class Wrong:
        a: Any
        n: int

    with pytest.raises(ArgumentError, match=text):
        tree_util.register_dataclass(Wrong, **fields)
    with pytest.raises(TypeError):
        jax.tree_util.register_dataclass(Wrong, data_fields=["a"])
    with pytest.raises(ArgumentError, match="int is not a dataclass"):
        tree_util.register_dataclass(int)


def test_static_data_without_hash_or_equality() -> None:
    class Odd:
        def __init__(self, data: Any) -> None:
            self.data = data

    tree_util.register_pytree_node(Odd, lambda odd: ((), odd.data), lambda data, _: Odd(data))
    with pytest.raises(TypeError, match=r"static data.* needs `hash`.*Odd\[\[1\]\]"):
        hash(tree.structure(Odd([1])))
    assert tree.structure(Odd([1])) == tree.structure(Odd([1]))
    with pytest.raises(ArgumentError, match="arrays belong among the children"):
        assert tree.structure(Odd(np.ones(2))) == tree.structure(Odd(np.ones(2)))


def test_registration_from_many_threads() -> None:
    classes = [type(f"Class{i}", (), {}) for i in range(200)]
    registered, refused, start = [], [], threading.Barrier(4)

    def work() -> None:
        start.wait()
        for cls in classes:
            tree.flatten(cls())
            try:
                tree_util.register_pytree_node(cls, lambda _: ((1,), None), lambda c, _: c)
                registered.append(cls)
            except ValueError:
                refused.append(cls)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(cls.__name__ for cls in registered) == sorted(cls.__name__ for cls in classes)
    assert len(refused) == 3 * len(classes)
    assert all(tree.leaves(cls()) == [1] for cls in classes)


def test_unpickling_a_structure_whose_class_is_not_registered() -> None:
    script = f"""
import pickle
from dataclasses import dataclass
from funcgrad import tree
print(pickle.loads({pickle.dumps(tree.structure([1, Pair]))!r}))
class Mode: pass
from funcgrad.core.tree.treedef import _restore
_restore(Mode, None, ())
"""
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stdout == "PyTreeDef([*, *])\n"
    assert "ArgumentError: cannot unpickle a structure that contains __main__.Mode" in ended.stderr


# Partial


def test_partial() -> None:
    add = tree_util.Partial(operator.add, [1])
    assert tree.leaves(add) == jax.tree.leaves(jax.tree_util.Partial(operator.add, [1]))
    assert tree.map(lambda x: x * 10, add)([2]) == [10, 2]
    nested = tree_util.Partial(functools.partial(divmod, 17), 5)
    assert nested() == (3, 2)
    assert tree.leaves(nested) == [5]
    assert tree.structure(nested) != tree.structure(add)
    inner = functools.partial(divmod, 17)
    assert tree.structure(tree_util.Partial(inner, 5)) == tree.structure(
        tree_util.Partial(inner, 6)
    )
    assert hash(tree.structure(tree_util.Partial(inner, 5))) is not None
    assert "divmod" in repr(tree.structure(nested))
    loaded = pickle.loads(pickle.dumps(tree_util.Partial(divmod, 17, 5)))
    assert loaded() == (3, 2)
    assert tree.leaves(tree_util.Partial(dict, a=1, func=2)) == [1, 2]


# Sharing


def test_structures_are_shared() -> None:
    def make() -> Any:
        return ({"w": [1, 2], "b": None}, Pair(1, {3: 4}), Layer(1, 2), Layer(1, (2,), "relu"))

    assert tree.structure(make()) is tree.structure(make())
    assert pickle.loads(pickle.dumps(tree.structure(make()))) is tree.structure(make())
    assert tree.structure({"a": 1, "b": 2}) is tree.structure({"b": 1, "a": 2})
    assert tree_util.treedef_tuple([LEAF, LEAF]) is tree.structure((1, 2))


def test_sharing_keeps_equal_keys_apart() -> None:
    class Color(StrEnum):
        RED = "RED"

    for key in (1, 1.0, True, np.int64(1), 0.0, -0.0, "RED", Color.RED, np.str_("RED")):
        [rebuilt] = tree.map(lambda x: x, {key: 5})
        assert type(rebuilt) is type(key)
        assert repr(rebuilt) == repr(key)
    for static in (1, True, 1.0, np.int64(1), (1, True), (True, 1), 0.0, -0.0):
        rebuilt = tree.map(lambda x: x, Layer(1, 2, static)).activation  # type: ignore[arg-type]
        assert repr(rebuilt) == repr(static)


def test_tables_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treedef, "_MAX_SHARED", 10)
    monkeypatch.setattr(kinds, "_MAX_TYPES", len(kinds.KINDS) + 10)
    for i in range(100):
        Point = namedtuple("Point", [f"x{i}"])
        example = [{f"key{i}": (1,) * i}, Point(1), type("Leaf", (), {})()]
        leaves, structure = tree.flatten(example)
        assert structure == tree.structure(example)
        assert structure.unflatten(leaves) == example
    assert len(treedef._shared) <= 10
    assert len(treedef._str_dicts) <= 10
    assert len(kinds.KINDS) <= kinds._MAX_TYPES


def test_nothing_keeps_leaves_or_static_data_alive() -> None:
    class Held:
        pass

    leaf, static = Held(), Held()
    watch = [weakref.ref(leaf), weakref.ref(static)]
    example = Layer({"w": leaf}, [1], static)  # type: ignore[arg-type]
    structure = tree.structure(example)
    assert structure.unflatten(tree.leaves(example)) == example
    del leaf, static, example, structure
    gc.collect()
    assert [ref() for ref in watch] == [None, None]


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
