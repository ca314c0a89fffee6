"""Kinds of nodes for the tests of trees, registered with JAX too."""

from __future__ import annotations

import functools
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

import jax

from funcgrad import tree_util

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


def paths_as_text(found: list[tuple[Any, Any]], library: Any) -> list[tuple[str, Any]]:
    return [(library.keystr(path), leaf) for path, leaf in found]
