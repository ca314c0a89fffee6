"""Attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.api.stop import stop_gradient
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.nn.softmax import logsumexp, softmax
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    *,
    scale: float | None = None,
    is_causal: bool = False,
    query_seq_lengths: Any = None,
    key_value_seq_lengths: Any = None,
    local_window_size: int | tuple[int, int] | None = None,
    implementation: Any = None,
    return_residual: bool = False,
) -> Any:
    """Scaled dot product attention: softmax(scale * query key^T + bias) value, for each head.

    The letters stand for: B examples, T queries, S keys, N heads of the queries, K heads of the keys and values (N is
    a multiple of K), H components.

    Args:
        query: (B, T, N, H), or without B, as all others.
        key: (B, S, K, H).
        value: see `key`.
        bias: is added to the logits; broadcasts to (B, N, T, S).
        mask: booleans that tell which logits take part; broadcasts to (B, N, T, S).
        scale: 1 / sqrt(H) by default.
        is_causal: whether a query sees only keys up to its own position.
        query_seq_lengths: (B,), the numbers of queries and keys that exist in each example.
        key_value_seq_lengths: see `query_seq_lengths`.
        local_window_size: how many positions to the left and to the right of its own a query sees.
        implementation: accepted for JAX's sake; without effect.
        return_residual: whether to return the logarithms of the softmax's denominators (B, T, N) too.

    Returns:
        (B, T, N, H), in the dtype of the key.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.arange(6.0).reshape(3, 1, 2)
    >>> fg.nn.dot_product_attention(x, x, x, is_causal=True).round(3)[:, 0]
    array([[0.   , 1.   ],
           [1.998, 2.998],
           [4.   , 5.   ]])
    """
    q, k, v = [
        _four_axes(name, x) for name, x in (("query", query), ("key", key), ("value", value))
    ]
    batch, n_queries, heads, size = typeof(q).shape
    _, n_keys, groups, _ = typeof(k).shape
    if typeof(k).shape != (batch, n_keys, groups, size) or typeof(v).shape != typeof(k).shape:
        raise ArgumentError(
            f"dot_product_attention: query {typeof(q).shape}, key {typeof(k).shape} and value "
            f"{typeof(v).shape} must agree in examples and components, key and value in all{here()}"
        )
    if heads % groups:
        raise ArgumentError(
            f"dot_product_attention: the {heads} heads of the queries are no multiple of the {groups} heads of "
            f"the keys{here()}"
        )
    logits = _scores(q, k, 1.0 / math.sqrt(size) if scale is None else scale)
    if bias is not None:
        logits = logits + convert(operand(bias), typeof(logits).dtype)
    mask = _combined_mask(
        (batch, n_queries, n_keys),
        mask,
        is_causal,
        query_seq_lengths,
        key_value_seq_lengths,
        local_window_size,
    )
    if mask is not None:
        # Finite, so that a query that sees nothing gives a mean, not NaN.
        least = -0.7 * float(
            np.finfo(np.float32 if typeof(logits).dtype.itemsize >= 4 else "e").max
        )
        logits = np.where(mask, logits, least)
    out = _mix(convert(softmax(logits), typeof(k).dtype), v)
    if query_seq_lengths is not None:
        exists = np.arange(n_queries)[None, :] < _column(query_seq_lengths)
        out = out * exists[:, :, None, None]
    out = np.reshape(out, typeof(operand(query)).shape)
    if not return_residual:
        return out
    residual = convert(np.moveaxis(logsumexp(logits, axis=-1), 1, 2), typeof(k).dtype)
    return out, stop_gradient(np.reshape(residual, typeof(out).shape[:-1]))


def _four_axes(name: str, x: Any) -> Any:
    x = operand(x)
    ndim = typeof(x).ndim
    if ndim not in (3, 4):
        raise ArgumentError(
            f"dot_product_attention: {name} has 3 or 4 axes, (positions, heads, components) behind that of the "
            f"examples, not shape {typeof(x).shape}{here()}"
        )
    return x if ndim == 4 else np.expand_dims(x, 0)


def _scores(q: Any, k: Any, scale: Any) -> Any:
    """(B, N, T, S): one product of matrices per example and head of the keys."""
    batch, n_queries, heads, size = typeof(q).shape
    n_keys, groups = typeof(k).shape[1:3]
    dtype = np.result_type(typeof(q).dtype, np.float32)
    q = np.reshape(np.swapaxes(q, 1, 2), (batch, groups, heads // groups * n_queries, size))
    keys = np.transpose(k, (0, 2, 3, 1))
    logits = np.matmul(convert(q, dtype), convert(keys, dtype)) * scale
    return np.reshape(logits, (batch, heads, n_queries, n_keys))


def _mix(weights: Any, v: Any) -> Any:
    """(B, T, N, H): the values, mixed by the weights (B, N, T, S)."""
    batch, heads, n_queries, n_keys = typeof(weights).shape
    groups, size = typeof(v).shape[2:]
    weights = np.reshape(weights, (batch, groups, heads // groups * n_queries, n_keys))
    out = np.matmul(weights, np.swapaxes(v, 1, 2))
    return np.swapaxes(np.reshape(out, (batch, heads, n_queries, size)), 1, 2)


def _column(lengths: Any) -> Any:
    return np.expand_dims(operand(lengths), -1)


def _combined_mask(
    sizes: tuple[int, int, int],
    mask: Any,
    is_causal: bool,
    query_lengths: Any,
    key_lengths: Any,
    window: int | tuple[int, int] | None,
) -> Any:
    """Which logits take part, of a shape that broadcasts to (B, N, T, S); None for all."""
    _, n_queries, n_keys = sizes
    at_query, at_key = np.arange(n_queries)[:, None], np.arange(n_keys)[None, :]
    parts = []
    if mask is not None:
        mask = operand(mask)
        if typeof(mask).dtype != np.dtype(bool):
            raise ArgumentError(
                f"dot_product_attention: a mask holds booleans, not {typeof(mask)}{here()}\n  use bias= for "
                "numbers that are added to the logits"
            )
        parts.append(mask)
    if is_causal:
        parts.append(at_key <= at_query)
    if window is not None:
        left, right = (window, window) if isinstance(window, int) else window
        parts.append((at_query <= at_key + left) & (at_query >= at_key - right))
    if query_lengths is not None:
        parts.append(np.expand_dims(np.arange(n_queries) < _column(query_lengths), (1, 3)))
    if key_lengths is not None:
        parts.append(np.expand_dims(np.arange(n_keys) < _column(key_lengths), (1, 2)))
    if not parts:
        return None
    combined = parts[0]
    for part in parts[1:]:
        combined = np.logical_and(combined, part)
    return combined
