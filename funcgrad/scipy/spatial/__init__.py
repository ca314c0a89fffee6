"""`funcgrad.scipy.spatial`: distances between traced points, rotations."""

from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.spatial import distance, transform
from funcgrad.scipy.spatial.matrices import (
    distance_matrix,
    minkowski_distance,
    minkowski_distance_p,
)

__getattr__ = other_names("spatial")

__all__ = ["distance", "distance_matrix", "minkowski_distance", "minkowski_distance_p", "transform"]
