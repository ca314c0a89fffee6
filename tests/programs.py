"""Random programs: Python source that runs with NumPy and funcgrad, and with JAX.

A program is a function of one array and of a namespace (`np`, and `fg` for transforms): the text is what
hypothesis prints when a test fails, so that it can be pasted and run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Shape = tuple[int, ...]
# Elementwise operations that are smooth and stay bounded, so that derivatives can be compared.
UNARY = (
    "np.sin({})",
    "np.cos({})",
    "np.tanh({})",
    "np.exp(-{0} * {0})",
    "np.log1p({0} * {0})",
    "np.sqrt(1.0 + {0} ** 2)",
    "np.arctan({})",
    "np.sinh(np.tanh({}))",
    "np.expm1(np.tanh({}))",
    "1.0 / (2.0 + {0} ** 2)",
    "-{}",
    "{} * 0.5",
    "2 - {}",
    "np.square({}) * 0.1",
    "np.where({0} > 0.1, {0}, 0.3 * {0})",
    "np.clip({}, -0.9, 1.1)",
    "np.abs({} + 3.0)",
    "np.tanh({}) ** 3",
    "np.logaddexp({}, 0.5)",
    "np.cbrt(2.0 + np.tanh({}))",
)
BINARY = (
    "{} + {}",
    "{} - {}",
    "{} * {}",
    "{} / (2.0 + np.square({}))",
    "np.maximum({}, {})",
    "np.minimum({}, {})",
    "np.where({0} > {1}, np.sin({0}), {1} * 0.5)",
    "np.arctan2({}, 2.0 + np.square({}))",
    "np.hypot({}, 1.5 + np.square({}))",
    "np.logaddexp({}, {})",
    "np.power(1.5 + np.tanh({}), np.tanh({}))",
)
# Shape-changing operations: the source, and the shape of the result (None where it does not apply).
Reshaping = tuple[str, Callable[[Shape], Shape | None]]


def without(axis: int) -> Callable[[Shape], Shape | None]:
    def shape(s: Shape) -> Shape | None:
        return s[:axis] + s[axis + 1 :] if len(s) > axis else None

    return shape


def same_if(ndim: int) -> Callable[[Shape], Shape | None]:
    return lambda s: s if len(s) >= ndim else None


RESHAPING: tuple[Reshaping, ...] = (
    ("np.sum({}, axis=0)", without(0)),
    ("np.mean({}, axis=1)", without(1)),
    ("np.max({}, axis=0)", without(0)),
    ("np.min({}, axis=1)", without(1)),
    ("np.prod(np.tanh({}), axis=0)", without(0)),
    ("np.var({}, axis=0)", without(0)),
    ("np.sum({}, axis=0, keepdims=True)", lambda s: (1, *s[1:]) if s else None),
    ("{}.T", lambda s: s[::-1]),
    ("np.swapaxes({}, 0, 1)", lambda s: (s[1], s[0]) if len(s) == 2 else None),
    ("np.cumsum({}, axis=0)", same_if(1)),
    ("np.cumprod(np.tanh({}), axis=0)", same_if(1)),
    ("np.sort({}, axis=0)", same_if(1)),
    ("np.flip({}, axis=0)", same_if(1)),
    ("np.roll({}, 1, axis=0)", same_if(1)),
    ("{}[::-1]", same_if(1)),
    ("{}[1:]", lambda s: (s[0] - 1, *s[1:]) if s and s[0] > 1 else None),
    ("{}[0]", without(0)),
    ("{}[..., -1]", lambda s: s[:-1] if s else None),
    ("{}[:, None]", lambda s: (s[0], 1, *s[1:]) if s and len(s) < 3 else None),
    ("{}[np.array([0, 0, -1])]", lambda s: (3, *s[1:]) if s else None),
    ("np.ravel({})", lambda s: (s[0] * s[1],) if len(s) == 2 else None),
    ("np.reshape({}, (-1,))", lambda s: (s[0] * s[1],) if len(s) == 2 else None),
    ("np.concatenate([{0}, 2.0 * {0}], axis=0)", lambda s: (2 * s[0], *s[1:]) if s else None),
    ("np.stack([{0}, np.sin({0})])", lambda s: (2, *s) if len(s) < 2 else None),
    ("np.expand_dims({}, 0)", lambda s: (1, *s) if len(s) < 2 else None),
    ("np.squeeze(np.expand_dims({}, 0), 0)", lambda s: s),
    ("np.broadcast_to({}, (2, *np.shape({})))", lambda s: (2, *s) if len(s) < 2 else None),
    ("np.repeat({}, 2, axis=0)", lambda s: (2 * s[0], *s[1:]) if s else None),
    ("np.tile({}, 2)", lambda s: (*s[:-1], 2 * s[-1]) if s else None),
    ("np.pad({}, 1)", lambda s: tuple([n + 2 for n in s]) if s else None),
    ("np.diff({}, axis=0)", lambda s: (s[0] - 1, *s[1:]) if s and s[0] > 1 else None),
    ("np.diag({})", lambda s: (s[0], s[0]) if len(s) == 1 else (min(s),) if len(s) == 2 else None),
    ("np.triu({})", same_if(2)),
    ("np.trace({})", lambda s: () if len(s) == 2 else None),
    ("{0} @ {0}.T", lambda s: (s[0], s[0]) if len(s) == 2 else None),
    ("np.dot({0}, {0})", lambda s: () if len(s) == 1 else None),
    ("np.outer({0}, np.cos({0}))", lambda s: (s[0], s[0]) if len(s) == 1 else None),
    ("np.einsum('ij,kj->ik', {0}, {0})", lambda s: (s[0], s[0]) if len(s) == 2 else None),
    ("np.tensordot({0}, {0}, axes=([0], [0]))", lambda s: (s[1], s[1]) if len(s) == 2 else None),
    (
        "np.linalg.solve({0} @ {0}.T + 2.0 * np.eye(len({0})), {0})",
        lambda s: s if len(s) == 2 else None,
    ),
)
SIZE = 12

# Transforms: from a function of one array to another one, given as source. `{f}` is the function's name.
TRANSFORMS = {
    "grad": "fg.grad(lambda x: np.sum(np.sin({f}(x))))",
    "grad of weighted": "fg.grad(lambda x: np.sum({f}(x) * np.cos({f}(x))))",
    "jvp": "lambda x: fg.jvp({f}, (x,), (np.cos(x),))[1]",
    "vjp": "lambda x: fg.vjp({f}, x)[1](np.sin({f}(x)))[0]",
    "linearize": "lambda x: fg.linearize({f}, x)[1](np.sin(x))",
    "vmap": "lambda x: np.mean(fg.vmap({f})(np.stack([x, 0.5 * x])), axis=0)",
    "vmap over scales": "lambda x: np.sum(fg.vmap(lambda s: {f}(s * x), out_axes=-1)(SCALES), axis=-1)",
    "vmap over the last axis": "lambda x: fg.vmap({f}, in_axes=-1)(np.stack([x, -x], axis=-1))[0]",
    "jit": "fg.jit({f})",
    "jacfwd": "lambda x: np.sum(fg.jacfwd({f})(x) * np.sin(x), axis=tuple(range(-np.ndim(x), 0)))",
    "jacrev": "lambda x: np.sum(fg.jacrev({f})(x) * np.cos(x), axis=tuple(range(-np.ndim(x), 0)))",
    "hessian": "lambda x: np.sum(fg.hessian(lambda y: np.sum({f}(y)))(x) * x, "
    "axis=tuple(range(-np.ndim(x), 0)))",
}


def size(shape: Shape) -> int:
    total = 1
    for n in shape:
        total *= n
    return total


@st.composite
def programs(draw: Any, *, max_steps: int = 6, max_transforms: int = 3) -> tuple[str, Shape]:
    """The source of a program `f0`, with transforms of it up to `result`, and its argument's shape."""
    shape: Shape = draw(st.sampled_from([(), (3,), (2, 3), (3, 1), (2, 2)]))
    shapes = {"x": shape}
    lines = []
    for i in range(draw(st.integers(1, max_steps))):
        name = f"v{i}"
        source, result = draw(_step(shapes))
        lines.append(f"    {name} = {source}")
        shapes[name] = result
    last = list(shapes)[-1]
    # The result reads more than the last value, so that few steps are dead.
    extra = draw(st.sampled_from(list(shapes)))
    tail = f"np.tanh({last}) + np.sum(np.sin({extra}))"
    text = ["def f0(x):", *lines, f"    return {tail}"]
    chosen = draw(st.lists(st.sampled_from(sorted(TRANSFORMS)), max_size=max_transforms))
    for k, transform in enumerate(chosen):
        text.append(f"f{k + 1} = {TRANSFORMS[transform].format(f=f'f{k}')}  # {transform}")
    text.append(f"result = f{len(chosen)}")
    return "\n".join(text), shape


@st.composite
def _step(draw: Any, shapes: dict[str, Shape]) -> tuple[str, Shape]:
    names = list(shapes)
    kind = draw(st.sampled_from(["unary", "binary", "reshaping", "reshaping"]))
    x = draw(st.sampled_from(names[-3:]))
    if kind == "binary":
        fitting = [n for n in names if broadcast(shapes[x], shapes[n]) is not None]
        y = draw(st.sampled_from(fitting))
        result = broadcast(shapes[x], shapes[y])
        assert result is not None
        if size(result) <= SIZE:
            return draw(st.sampled_from(BINARY)).format(x, y), result
    if kind == "reshaping":
        options = []
        for source, rule in RESHAPING:
            found = rule(shapes[x])
            if found is not None and 0 < size(found) <= SIZE:
                options.append((source, found))
        if options:
            source, found = draw(st.sampled_from(options))
            return source.format(*[x] * source.count("{")), found
    return draw(st.sampled_from(UNARY)).format(x), shapes[x]


def broadcast(a: Shape, b: Shape) -> Shape | None:
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    if any(p != q and 1 not in (p, q) for p, q in zip(a, b, strict=True)):
        return None
    return tuple([max(p, q) for p, q in zip(a, b, strict=True)])


def build(source: str, np: Any, fg: Any, scales: Any) -> Callable[[Any], Any]:
    """The program's function, with these modules."""
    scope = {"np": np, "fg": fg, "SCALES": scales}
    exec(compile(source, "<random program>", "exec"), scope)
    return scope["result"]  # type: ignore[return-value]
