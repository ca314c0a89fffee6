"""`draw`, `to_dot`, `to_mermaid`: pictures of programs.

Each equation is a box and each variable that it reads an arrow, labelled with its type. What is called
(the jaxpr of a `jit`, a cluster that the executor runs block by block) is drawn in place, in a colour of its own.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from funcgrad.compile.compiler import optimized
from funcgrad.core.errors import ArgumentError
from funcgrad.core.jaxpr import ClosedJaxpr, Equation, Jaxpr, Literal
from funcgrad.core.source import locate

_COLOURS = ("#cfe3f7", "#fde2c4", "#d7f0d1", "#f6d3dd", "#e5dbf5", "#f7f1c0", "#d0efee")
_CHARACTER, _MARGIN, _ROW, _BOX = 7.4, 24.0, 78.0, 34.0


class _Node(NamedTuple):
    label: str
    kind: str  # "input", "equation" or "output"
    group: int | None
    title: str


class _Graph:
    """The boxes and arrows of a program."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        self.nodes: list[_Node] = []
        self.edges: list[tuple[int, int, str]] = []
        self.groups: list[str] = []
        self.made: dict[Any, tuple[int, str]] = {}
        for kind, variables in (("constant", jaxpr.constvars), ("input", jaxpr.invars)):
            for i, v in enumerate(variables):
                self.made[v] = self.add(f"{kind} {i}", "input", None, str(v.aval)), str(v.aval)
        self.add_equations(jaxpr.eqns, None)
        for i, atom in enumerate(jaxpr.outvars):
            node = self.add(f"output {i}", "output", None, str(atom.aval))
            self.connect(atom, node)

    def add(self, label: str, kind: str, group: int | None, title: str) -> int:
        self.nodes.append(_Node(label, kind, group, title))
        return len(self.nodes) - 1

    def connect(self, atom: Any, node: int) -> None:
        if type(atom) is not Literal and atom in self.made:
            source, text = self.made[atom]
            self.edges.append((source, node, text))

    def add_equations(self, eqns: Iterable[Equation], group: int | None) -> None:
        for eqn in eqns:
            inner = eqn.params.get("jaxpr")
            if isinstance(inner, Jaxpr) and _means_its_jaxpr(eqn, inner):
                self.expand(eqn, inner)
                continue
            place = locate(eqn.source)
            node = self.add(_label(eqn), "equation", group, "" if place is None else str(place))
            for atom in eqn.invars:
                self.connect(atom, node)
            for v in eqn.outvars:
                self.made[v] = node, str(v.aval)

    def expand(self, eqn: Equation, inner: Jaxpr) -> None:
        """Draw a called jaxpr in place. It may be called twice: its variables belong to this call only."""
        outer = self.made
        self.groups.append(str(eqn.params.get("name") or eqn.primitive.name))
        self.made = {}
        for v, atom in zip(inner.invars, eqn.invars, strict=True):
            if type(atom) is not Literal and atom in outer:
                self.made[v] = outer[atom]
        self.add_equations(inner.eqns, len(self.groups) - 1)
        results = [self.made.get(v) if type(v) is not Literal else None for v in inner.outvars]
        self.made = outer
        for v, made in zip(eqn.outvars, results, strict=True):
            if made is not None:
                self.made[v] = made


def _means_its_jaxpr(eqn: Equation, inner: Jaxpr) -> bool:
    called = "call" in eqn.primitive.properties or eqn.primitive.name == "fused"
    return called and len(inner.invars) == len(eqn.invars) and not inner.constvars


def _label(eqn: Equation) -> str:
    literals = [str(v.val) for v in eqn.invars if type(v) is Literal and not v.aval.shape]
    name = eqn.primitive.name
    short = [f"{k}={v}" for k, v in eqn.params.items() if isinstance(v, (int, str, tuple, bool))]
    extra = ", ".join([*literals, *[text for text in short if len(text) <= 18]])
    return f"{name} {extra}" if extra and len(extra) <= 36 else name


def _program(jaxpr: Any, clusters: bool) -> Jaxpr:
    if isinstance(jaxpr, ClosedJaxpr):
        jaxpr = jaxpr.jaxpr
    if not isinstance(jaxpr, Jaxpr):
        raise ArgumentError(
            f"a jaxpr can be drawn, not {type(jaxpr).__name__}\n  write fg.draw(fg.make_jaxpr(f)(x))"
        )
    return optimized(jaxpr.open_consts()) if clusters else jaxpr


class Drawing:
    """A picture of a program: notebooks show it; `save` writes it to a file; `svg` is its text."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the SVG to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def __repr__(self) -> str:
        return f"<Drawing: SVG of {len(self.svg)} characters>"


def draw(jaxpr: Jaxpr | ClosedJaxpr, *, clusters: bool = False) -> Drawing:
    """A picture of a program as SVG, for notebooks and documents. It needs networkx, and no other program.

    Args:
        jaxpr: what `make_jaxpr` returns.
        clusters: whether to show the optimised program, with what the executor runs together in one colour.

    Returns:
        A `Drawing`, which notebooks show.

    Raises:
        ImportError: networkx is not installed (`pip install funcgrad[draw]`).

    >>> import numpy as np, funcgrad as fg
    >>> picture = fg.draw(fg.make_jaxpr(fg.grad(lambda x: np.sin(x) * x))(1.0))
    >>> picture.svg[:4], picture.svg.count(">cos<")
    ('<svg', 1)
    """
    graph = _Graph(_program(jaxpr, clusters))
    return Drawing(_svg(graph, _positions(graph)))


def to_dot(jaxpr: Jaxpr | ClosedJaxpr, *, clusters: bool = False) -> str:
    """A program in the DOT language of Graphviz.

    Args:
        jaxpr: what `make_jaxpr` returns.
        clusters: whether to show the optimised program, with what the executor runs together in one colour.

    >>> import numpy as np, funcgrad as fg
    >>> print(fg.to_dot(fg.make_jaxpr(np.sin)(1.0)))
    digraph program {
      node [shape=box, style="rounded,filled", fillcolor=white]
      n0 [label="input 0", tooltip="f64[]"]
      n1 [label="sin"]
      n2 [label="output 0", tooltip="f64[]"]
      n0 -> n1 [label="f64[]"]
      n1 -> n2 [label="f64[]"]
    }
    """
    graph = _Graph(_program(jaxpr, clusters))
    lines = ["digraph program {", '  node [shape=box, style="rounded,filled", fillcolor=white]']
    for group, members in _by_group(graph).items():
        indent = "  "
        if group is not None:
            lines += [f"  subgraph cluster_{group} {{", f"    label={_quoted(graph.groups[group])}"]
            lines.append(f'    node [fillcolor="{_colour(group)}"]')
            indent = "    "
        for i in members:
            node = graph.nodes[i]
            tooltip = f", tooltip={_quoted(node.title)}" if node.kind != "equation" else ""
            lines.append(f"{indent}n{i} [label={_quoted(node.label)}{tooltip}]")
        if group is not None:
            lines.append("  }")
    lines += [f"  n{a} -> n{b} [label={_quoted(text)}]" for a, b, text in graph.edges]
    return "\n".join([*lines, "}"])


def to_mermaid(jaxpr: Jaxpr | ClosedJaxpr, *, clusters: bool = False) -> str:
    """A program as a Mermaid flowchart, for Markdown pages.

    Args:
        jaxpr: what `make_jaxpr` returns.
        clusters: whether to show the optimised program, with what the executor runs together in one colour.

    >>> import numpy as np, funcgrad as fg
    >>> print(fg.to_mermaid(fg.make_jaxpr(np.sin)(1.0)))
    flowchart TD
      n0(["input 0"])
      n1["sin"]
      n2(["output 0"])
      n0 -->|"f64[]"| n1
      n1 -->|"f64[]"| n2
    """
    graph = _Graph(_program(jaxpr, clusters))
    lines = ["flowchart TD"]
    for group, members in _by_group(graph).items():
        if group is not None:
            lines.append(f'  subgraph g{group}["{_entities(graph.groups[group])}"]')
        for i in members:
            node = graph.nodes[i]
            left, right = ("[", "]") if node.kind == "equation" else ("([", "])")
            lines.append(f'  n{i}{left}"{_entities(node.label)}"{right}')
        if group is not None:
            lines += ["  end", f"  style g{group} fill:{_colour(group)}"]
    lines += [f'  n{a} -->|"{_entities(text)}"| n{b}' for a, b, text in graph.edges]
    return "\n".join(lines)


def _by_group(graph: _Graph) -> dict[int | None, list[int]]:
    members: dict[int | None, list[int]] = {}
    for i, node in enumerate(graph.nodes):
        members.setdefault(node.group, []).append(i)
    return members


def _colour(group: int) -> str:
    return _COLOURS[group % len(_COLOURS)]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _entities(text: str) -> str:
    return text.replace('"', "#quot;")


def _positions(graph: _Graph) -> list[tuple[float, float]]:
    """The middle of each box, in pixels: layers from top to bottom, in each the order that crosses few arrows."""
    try:
        import networkx as nx
    except ImportError as error:
        raise ImportError(
            "fg.draw lays the program out with networkx: pip install funcgrad[draw]\n"
            "  fg.to_dot and fg.to_mermaid need no other package"
        ) from error
    if not graph.nodes:
        return []
    digraph = nx.DiGraph()
    digraph.add_nodes_from(range(len(graph.nodes)))
    digraph.add_edges_from([(a, b) for a, b, _ in graph.edges])
    layers = [sorted(layer) for layer in nx.topological_generations(digraph)]
    for _ in range(4):
        place = {n: i for layer in layers for i, n in enumerate(layer)}
        for neighbours, order in ((digraph.pred, layers), (digraph.succ, layers[::-1])):
            for layer in order:
                weight = {
                    n: sum(place[m] for m in neighbours[n]) / (len(neighbours[n]) or 1)
                    for n in layer
                }
                layer.sort(key=lambda n: weight[n])
                place.update({n: i for i, n in enumerate(layer)})
    ordered = nx.DiGraph()
    for depth, layer in enumerate(layers):
        ordered.add_nodes_from(layer, layer=depth)
    unit = nx.multipartite_layout(ordered, subset_key="layer", align="horizontal")
    spread = max(len(layers) - 1, max(map(len, layers)) - 1, 1)
    xs = [float(unit[n][0]) for n in range(len(graph.nodes))]
    ys = [float(unit[n][1]) for n in range(len(graph.nodes))]
    extent = max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
    column = max(_width(node) for node in graph.nodes) + _MARGIN
    left = _MARGIN + column / 2
    return [
        (
            left + (x - min(xs)) / extent * spread * column,
            _MARGIN + _BOX / 2 + (y - min(ys)) / extent * spread * _ROW,
        )
        for x, y in zip(xs, ys, strict=True)
    ]


def _width(node: _Node) -> float:
    return max(60.0, len(node.label) * _CHARACTER + 20)


def _svg(graph: _Graph, positions: list[tuple[float, float]]) -> str:
    right = max(
        (x + _width(n) / 2 for (x, _), n in zip(positions, graph.nodes, strict=True)), default=0
    )
    width = right + _MARGIN
    height = max((y for _, y in positions), default=0.0) + _BOX / 2 + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="monospace" font-size="12">',
        '<defs><marker id="funcgrad-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#667"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
    ]
    for a, b, text in graph.edges:
        (x1, y1), (x2, y2) = positions[a], positions[b]
        start, stop = y1 + _BOX / 2, y2 - _BOX / 2
        half = (start + stop) / 2
        curve = f"M{x1:.1f} {start:.1f}C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {x2:.1f} {stop:.1f}"
        parts.append(
            f'<path d="{curve}" fill="none" stroke="#667" marker-end="url(#funcgrad-arrow)"/>'
            f'<text x="{(x1 + x2) / 2 + 4:.1f}" y="{half:.1f}" font-size="10" fill="#667">'
            f"{html.escape(text)}</text>"
        )
    for (x, y), node in zip(positions, graph.nodes, strict=True):
        wide = _width(node)
        fill = "white" if node.group is None else _colour(node.group)
        title = node.title if node.group is None else f"{graph.groups[node.group]}: {node.title}"
        parts.append(
            f"<g><title>{html.escape(title)}</title>"
            f'<rect x="{x - wide / 2:.1f}" y="{y - _BOX / 2:.1f}" width="{wide:.1f}" '
            f'height="{_BOX:.0f}" rx="{4 if node.kind == "equation" else 16}" fill="{fill}" stroke="#334"/>'
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{html.escape(node.label)}</text></g>'
        )
    return "\n".join([*parts, "</svg>"])
