"""`funcgrad.nn`: functions of neural networks, with the names and conventions of `jax.nn`.

>>> import numpy as np, funcgrad as fg
>>> fg.nn.softmax(fg.nn.relu(np.array([-1.0, 0.0])))
array([0.5, 0.5])
"""

from __future__ import annotations

from numpy import tanh

from funcgrad.nn import initializers
from funcgrad.nn.activations import (
    celu,
    elu,
    gelu,
    glu,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    identity,
    leaky_relu,
    log1mexp,
    log_sigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_sign,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    swish,
)
from funcgrad.nn.attention import dot_product_attention
from funcgrad.nn.pooling import avg_pool, max_pool, min_pool
from funcgrad.nn.softmax import (
    log_softmax,
    logmeanexp,
    logsumexp,
    normalize,
    one_hot,
    softmax,
    standardize,
)

__all__ = [
    # activations
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "log1mexp",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "swish",
    "tanh",
    # sums of exponentials, normalisation
    "log_softmax",
    "logmeanexp",
    "logsumexp",
    "normalize",
    "one_hot",
    "softmax",
    "standardize",
    # layers
    "avg_pool",
    "dot_product_attention",
    "max_pool",
    "min_pool",
    # weights
    "initializers",
]
