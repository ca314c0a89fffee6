"""Train a classifier on 1,797 real handwritten digits, then find the ones that surprise it most.

    python examples/digits.py [--epochs N] [--plot FILE] [--no-progress]

A multilayer perceptron, minibatch gradient descent with Adam, and per-example gradients. The digits are
the UCI Optical Recognition of Handwritten Digits test set (Alpaydin, Kaynak; CC BY 4.0).
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from pathlib import Path

# Matrices this small are multiplied faster than threads can be woken, more so on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import funcgrad as fg

DATA = Path(__file__).parent / "data" / "digits.npz"
SIZES = (64, 128, 64, 10)
BATCH = 64
SHADES = " .:-=+*#%@"


def load(rng):
    """Images as rows of 64 numbers in [0, 1], labels; shuffled and split 4 : 1."""
    with np.load(DATA) as data:
        images = data["images"].reshape(-1, 64) / 16.0
        labels = data["labels"].astype(int)
    order = rng.permutation(len(images))
    images, labels = images[order], labels[order]
    n_test = len(images) // 5
    return (images[n_test:], labels[n_test:]), (images[:n_test], labels[:n_test])


def init(rng):
    """One weight matrix and one bias per layer (He initialisation)."""
    return [
        {"w": rng.normal(0.0, np.sqrt(2.0 / m), (m, n)), "b": np.zeros(n)}
        for m, n in itertools.pairwise(SIZES)
    ]


def logits(params, x):
    """Scores of the ten classes; `x` is one image (64,) or a batch (n, 64)."""
    *hidden, last = params
    for layer in hidden:
        x = np.maximum(x @ layer["w"] + layer["b"], 0.0)
    return x @ last["w"] + last["b"]


def log_softmax(z):
    z = z - np.max(z, axis=-1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))


def loss(params, images, labels):
    """Mean cross-entropy of a batch, with a little weight decay."""
    scores = log_softmax(logits(params, images))
    cross_entropy = -np.mean(scores[np.arange(len(labels)), labels])
    return cross_entropy + 1e-4 * sum(np.sum(layer["w"] ** 2) for layer in params)


def example_loss(params, image, label):
    """Cross-entropy of one image."""
    return -log_softmax(logits(params, image))[label]


def adam_init(params):
    zeros = fg.tree.map(np.zeros_like, params)
    return {"step": 0, "mean": zeros, "square": zeros}


def adam(params, grads, state, rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    """One step of Adam (Kingma and Ba, 2015, algorithm 1)."""
    step = state["step"] + 1
    mean = fg.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state["mean"], grads)
    square = fg.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, state["square"], grads)
    scale = rate * np.sqrt(1 - b2**step) / (1 - b1**step)
    params = fg.tree.map(lambda p, m, s: p - scale * m / (np.sqrt(s) + eps), params, mean, square)
    return params, {"step": step, "mean": mean, "square": square}


def accuracy(params, images, labels):
    return np.mean(np.argmax(logits(params, images), axis=1) == labels)


def progress(epoch, epochs, value, test_accuracy):
    filled = round(30 * epoch / epochs)
    bar = "#" * filled + "." * (30 - filled)
    end = "\n" if epoch == epochs else ""
    text = f"[{bar}] epoch {epoch:3d}/{epochs}  loss {value:.4f}  held-out {test_accuracy:.1%}"
    sys.stdout.write(("\r" if sys.stdout.isatty() else "\n") + text + end)
    sys.stdout.flush()


def train(params, data, test, epochs, rng, show):
    images, labels = data
    loss_and_grad = fg.jit(fg.value_and_grad(loss))
    state = adam_init(params)
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(images))
        total = 0.0
        batches = range(0, len(images) - BATCH + 1, BATCH)
        for start in batches:
            pick = order[start : start + BATCH]
            value, grads = loss_and_grad(params, images[pick], labels[pick])
            params, state = adam(params, grads, state)
            total += value
        if show and (sys.stdout.isatty() or epoch % 5 == 0):
            progress(epoch, epochs, total / len(batches), accuracy(params, *test))
    return params


def surprises(params, images, labels, count=10):
    """The images whose own gradient is largest: what the model would have to change most for."""
    per_example = fg.vmap(fg.grad(example_loss), in_axes=(None, 0, 0))
    grads = per_example(params, images, labels)
    squares = [np.sum(g.reshape(len(images), -1) ** 2, axis=1) for g in fg.tree.leaves(grads)]
    norms = np.sqrt(sum(squares))
    order = np.argsort(-norms)[:count]
    return order, norms[order]


def draw(images, captions, per_row=5):
    """Print 8x8 images side by side, two characters per pixel."""
    for start in range(0, len(images), per_row):
        row = images[start : start + per_row]
        print("\n" + "  ".join(f"{c:<16}" for c in captions[start : start + per_row]))
        for y in range(8):
            print(
                "  ".join(
                    "".join(2 * SHADES[int(v * 9)] for v in image[8 * y : 8 * y + 8])
                    for image in row
                )
            )


def save_plot(path, images, captions):
    from matplotlib.figure import Figure  # an optional dependency, for this picture only

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplots(2, 5)
    for axis, image, caption in zip(axes.flat, images, captions, strict=True):
        axis.imshow(image.reshape(8, 8), cmap="gray_r")
        axis.set_title(caption, fontsize=9)
        axis.axis("off")
    figure.suptitle("The ten most surprising test images, by gradient norm")
    figure.savefig(path, dpi=150)
    print(f"saved {path}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plot", metavar="FILE", help="save the ten images as a picture (needs matplotlib)"
    )
    parser.add_argument("--no-progress", action="store_true")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(options.seed)
    data, test = load(rng)
    print(f"{len(data[0])} images to train on, {len(test[0])} held out")
    started = time.perf_counter()
    params = train(init(rng), data, test, options.epochs, rng, not options.no_progress)
    seconds = time.perf_counter() - started
    print(f"\ntrained in {seconds:.1f} s")
    print(f"accuracy on held-out images: {accuracy(params, *test):.2%}")

    order, norms = surprises(params, *test)
    images, labels = test[0][order], test[1][order]
    guesses = np.argmax(logits(params, images), axis=1)
    captions = [
        f"is {y}, seen as {g} ({n:.0f})" for y, g, n in zip(labels, guesses, norms, strict=True)
    ]
    print("\nthe ten most surprising test images, by the norm of their own gradient:")
    draw(images, captions)
    if options.plot:
        save_plot(options.plot, images, captions)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
