"""Kinds of nodes that users register, `Partial`, and the structures that are shared."""

from __future__ import annotations

import functools
import gc
import operator
import pickle
import subprocess
import sys
import threading
import weakref
from collections import namedtuple
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import jax
import numpy as np
import pytest

from funcgrad import tree, tree_util
from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree import LEAF, kinds, tree_paths, treedef
from tests.core.nodes import Layer, Pair


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
