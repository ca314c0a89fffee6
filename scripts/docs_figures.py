"""For the documentation: figures as inline SVG that take their colours from the page.

Text, ticks and frames are drawn in `currentColor`, so that a figure can be read in light and dark.
"""

from __future__ import annotations

import html
import io
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

# A colour that no figure uses, replaced by the page's own.
INK = "#010203"
# Readable on white and on dark blue alike (contrast above 3 with both).
BLUE, ORANGE, GREEN, RED, VIOLET = "#3b82f6", "#ea7317", "#12a150", "#e5484d", "#8b5cf6"
# Pixels below which a figure's text cannot be read: there it scrolls.
SMALLEST = 480
# From little to much; both ends differ from white and from black.
SHADES = "viridis"

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "funcgrad",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, RED, VIOLET]),
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "legend.frameon": False,
    "font.size": 10,
    "lines.linewidth": 2.0,
}
# For what a page draws after `figure` has returned: legends, texts.
mpl.rcParams.update(STYLE)
_numbers = itertools.count()


def figure(
    columns: int = 1, rows: int = 1, size: tuple[float, float] = (6.4, 3.4)
) -> tuple[Figure, Any]:
    """A figure in the site's style and its axes."""
    made = Figure(figsize=size, layout="constrained")
    return made, made.subplots(rows, columns)


def show(made: Figure, alt: str) -> str:
    """The figure as SVG, to be printed in a block with `html="on"`; `alt` says what it shows."""
    buffer = io.StringIO()
    made.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"<style.*?</style>|font-family: [^;]*; ", "", svg, flags=re.DOTALL)
    svg = svg.replace(INK, "currentColor")
    # Names that the figure refers to itself by are made unique on a page with several figures.
    prefix = f"f{next(_numbers)}-"
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', svg)
    svg = re.sub(r'(href="|url\()#([^")]+)', rf"\1#{prefix}\2", svg)
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" LABEL>', svg, count=1)
    width = made.get_size_inches()[0] * 100
    limits = f"max-width:{width:.0f}px; min-width:{min(width, SMALLEST):.0f}px"
    label = f'role="img" aria-label="{html.escape(alt)}" style="{limits}"'
    svg = svg.replace("LABEL", label, 1)
    return f'<figure class="drawn">{"".join(svg.splitlines())}</figure>'


def graph(
    nodes: dict[str, tuple[float, float, str]],
    edges: Sequence[tuple[str, str, str]],
    alt: str,
    size: tuple[float, float] = (6.4, 2.4),
) -> str:
    """A picture of a graph: `nodes` are name: (x, y, text), edges (from, to, text)."""
    made, axes = figure(size=size)
    axes.axis("off")
    for start, end, text in edges:
        (x0, y0, _), (x1, y1, _) = nodes[start], nodes[end]
        arrow = {"arrowstyle": "->", "color": BLUE, "lw": 1.5, "shrinkA": 26, "shrinkB": 26}
        axes.annotate("", (x1, y1), (x0, y0), arrowprops=arrow)
        axes.text((x0 + x1) / 2, (y0 + y1) / 2 + 0.12, text, ha="center", color=ORANGE)
    for x, y, text in nodes.values():
        box = {"boxstyle": "round,pad=0.5", "fc": "none", "ec": INK}
        axes.text(x, y, text, ha="center", va="center", color=INK, bbox=box)
    xs, ys = [n[0] for n in nodes.values()], [n[1] for n in nodes.values()]
    axes.set_xlim(min(xs) - 0.6, max(xs) + 0.6)
    axes.set_ylim(min(ys) - 0.6, max(ys) + 0.6)
    return show(made, alt)


def plot(draw: Callable[[Any], None], alt: str, size: tuple[float, float] = (6.4, 3.4)) -> str:
    """A figure with one pair of axes that `draw` fills."""
    made, axes = figure(size=size)
    draw(axes)
    return show(made, alt)
