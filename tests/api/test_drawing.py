"""Pictures of programs: what they show, in SVG, DOT and Mermaid."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import ArgumentError


def loss(x: Any, y: Any) -> Any:
    return np.sum(np.tanh(x @ y) * 2.0)


X, Y = np.ones((3, 4)), np.ones(4)


def program() -> Any:
    return fg.make_jaxpr(fg.grad(loss))(X, Y)


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    name = "{http://www.w3.org/2000/svg}"
    found = []
    for group in ET.fromstring(svg).iter(f"{name}g"):
        box = group.find(f"{name}rect")
        assert box is not None
        found.append(tuple(float(box.attrib[k]) for k in ("x", "y", "width", "height")))
    return found  # type: ignore[return-value]


def test_the_picture_has_a_box_per_equation_input_and_output() -> None:
    pytest.importorskip("networkx")
    jaxpr = program()
    svg = fg.draw(jaxpr)._repr_svg_()
    assert len(boxes(svg)) == len(jaxpr.eqns) + 2 + 1
    assert "tanh" in svg
    assert "f64[3,4]" in svg
    assert "test_drawing.py" in svg  # the user's lines, as titles


def test_boxes_do_not_overlap_and_stay_inside() -> None:
    pytest.importorskip("networkx")
    svg = fg.draw(program()).svg
    root = ET.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    placed = boxes(svg)
    for i, (x, y, w, h) in enumerate(placed):
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
        for x2, y2, w2, h2 in placed[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_called_programs_are_drawn_in_place_in_a_colour() -> None:
    inner = fg.jit(lambda x: np.sin(x) * np.cos(x))
    jaxpr = fg.make_jaxpr(lambda x: inner(inner(x)))(1.0)
    text = fg.to_dot(jaxpr)
    assert text.count("subgraph cluster_") == 2
    assert text.count('label="sin"') == 2
    assert fg.to_mermaid(jaxpr).count("subgraph") == 2


def test_clusters_of_the_executor() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x) * np.exp(-x) + x)

    jaxpr = fg.make_jaxpr(f)(np.ones(1 << 16))
    assert "subgraph" not in fg.to_dot(jaxpr)
    assert "subgraph cluster_0" in fg.to_dot(jaxpr, clusters=True)


def test_every_arrow_joins_boxes_that_are_there() -> None:
    lines = fg.to_mermaid(program()).splitlines()
    names = {
        line.split("[")[0].split("(")[0].strip()
        for line in lines
        if '"' in line and "-->" not in line
    }
    for line in lines:
        if "-->" in line:
            assert {line.split()[0], line.split()[-1]} <= names


def test_control_flow_is_a_box() -> None:
    jaxpr = fg.make_jaxpr(lambda x: fg.lax.fori_loop(0, 3, lambda i, c: c * x, x))(2.0)
    assert "label=" in fg.to_dot(jaxpr)


def test_save(tmp_path: Path) -> None:
    pytest.importorskip("networkx")
    fg.draw(fg.make_jaxpr(lambda: 1.0)()).save(tmp_path / "constant.svg")
    assert (tmp_path / "constant.svg").read_text().startswith("<svg")


def test_only_programs_can_be_drawn() -> None:
    with pytest.raises(ArgumentError, match=r"write fg.draw\(fg.make_jaxpr\(f\)\(x\)\)"):
        fg.to_dot(np.sin)  # type: ignore[arg-type]


def test_without_networkx_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(ImportError, match=r"pip install funcgrad\[draw\]"):
        fg.draw(program())
