"""`funcgrad.scipy.spatial`: distances between traced points, rotations."""

from funcgrad.scipy.spatial import distance, transform

__all__ = ["distance", "transform"]
