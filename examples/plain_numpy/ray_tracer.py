"""A tiny ray tracer: spheres, shadows by masks, diffuse light. Masks are boolean arrays."""

import numpy as np

SIZE = 9
LIGHT = np.array([0.5, 0.7, -0.5]) / np.sqrt(0.99)


def rays():
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    d = np.stack([x, -y, 2 * np.ones_like(x)], axis=-1).reshape(-1, 3)
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def render(scene):
    """Brightness of each pixel; `scene` has a row (x, y, z, radius, albedo) per sphere."""
    directions = rays()
    image = np.zeros_like(directions[:, 0] * scene[0, 0])
    depth = np.full(len(directions), np.inf)
    for sphere in scene:
        center, radius, albedo = sphere[:3], sphere[3], sphere[4]
        b = directions @ center
        disc = b**2 - center @ center + radius**2
        hit = disc > 0
        distance = b - np.sqrt(np.where(hit, disc, 1.0))
        nearer = hit & (distance < depth)
        depth = np.where(nearer, distance, depth)
        normal = (directions * distance[:, None] - center) / radius
        light = np.maximum(normal @ LIGHT, 0.0)
        image[nearer] = (albedo * light)[nearer]
    return image.reshape(SIZE, SIZE)


def objective(scene):
    """Total brightness, weighted towards the top left."""
    weights = np.linspace(1.0, 0.5, SIZE)
    return weights @ render(scene.reshape(2, 5)) @ weights


def example(rng):
    scene = np.array([[-0.4, 0.1, 3.0, 0.8, 0.9], [0.5, -0.2, 2.5, 0.6, 0.6]])
    return (scene + 0.05 * rng.uniform(-1, 1, scene.shape)).reshape(-1)
