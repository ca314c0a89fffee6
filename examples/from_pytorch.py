"""A PyTorch autograd lesson in functional form: the same steps, the same numbers.

    python examples/from_pytorch.py

In PyTorch a tensor remembers that it wants a gradient, `backward()` fills `.grad`, and the loop clears it.
Here a gradient is a function: `fg.grad(f)` takes what `f` takes and returns the derivative.
"""

from __future__ import annotations

import numpy as np

import funcgrad as fg


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def scalar_gradient() -> None:
    """PyTorch: x = tensor(2., requires_grad=True); y = x**2 + 3*x + 1; y.backward(); x.grad."""
    title("1. Gradient of a scalar function")

    def f(x):
        return x**2 + 3 * x + 1

    value, gradient = fg.value_and_grad(f)(2.0)
    print(f"f(2) = {value:g}, f'(2) = {gradient:g}")


def vector_gradient() -> None:
    """PyTorch: y = (x**2 + 3*x + 1).sum(); y.backward(); x.grad."""
    title("2. Gradient with respect to a vector")

    def loss(x):
        return np.sum(x**2 + 3 * x + 1)

    value, gradient = fg.value_and_grad(loss)(np.array([1.0, 2.0, 3.0]))
    print(f"loss = {value:g}, gradient = {gradient}")


def composite() -> None:
    """PyTorch: three leaves with requires_grad, one backward() through two steps."""
    title("3. The chain rule: z = y**2 + 2y, y = a x**2 + b x + 1")

    def inner(x, a, b):
        return a * x**2 + b * x + 1

    def z(x, a, b):
        y = inner(x, a, b)
        return y**2 + 2 * y

    x, a, b = 1.0, 2.0, 3.0
    y = inner(x, a, b)
    value, (dx, da, db) = fg.value_and_grad(z, argnums=(0, 1, 2))(x, a, b)
    print(f"y = {y:g}, z = {value:g}")
    print(f"dz/dx = {dx:g}, dz/da = {da:g}, dz/db = {db:g}")

    dz_dy = 2 * y + 2
    print("by hand:", end=" ")
    print(f"dz/dx = {dz_dy * (2 * a * x + b):g}, dz/da = {dz_dy * x**2:g}, dz/db = {dz_dy * x:g}")


def accumulation() -> None:
    """PyTorch: backward() adds to .grad until optimizer.zero_grad() clears it."""
    title("4. Accumulating gradients is addition; clearing them is starting from zero")
    gradient = fg.grad(lambda w: 2.0 * w)
    accumulated = 0.0
    for step in range(1, 4):
        accumulated = accumulated + gradient(1.0)
        print(f"after pass {step}: {accumulated:g}")
    accumulated = 0.0
    print(f"cleared: {accumulated:g}")


def switching_off() -> None:
    """PyTorch: x.detach(), or `with torch.no_grad():`."""
    title("5. Switching gradients off")

    def f(x):
        return x * fg.stop_gradient(x)

    print(f"d/dx of x * x at 3: {fg.grad(lambda x: x * x)(3.0):g}")
    print(f"d/dx of x * stop_gradient(x) at 3: {fg.grad(f)(3.0):g}")


def custom_function() -> None:
    """PyTorch: class Clip(torch.autograd.Function) with forward and backward."""
    title("6. A function with its own derivative rule")

    @fg.custom_vjp
    def passes_gradients(x):
        """Rounds, but lets gradients through as if it did not (a straight-through estimator)."""
        return np.round(x)

    passes_gradients.defvjp(lambda x: (np.round(x), None), lambda _, ct: (ct,))
    value, gradient = fg.value_and_grad(lambda x: passes_gradients(x) ** 2)(2.6)
    print(f"round(2.6)**2 = {value:g}, its straight-through gradient = {gradient:g}")


def main() -> None:
    scalar_gradient()
    vector_gradient()
    composite()
    accumulation()
    switching_off()
    custom_function()


if __name__ == "__main__":
    main()
