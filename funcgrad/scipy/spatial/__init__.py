"""`funcgrad.scipy.spatial`: distances between traced points."""

from funcgrad.scipy.spatial import distance

__all__ = ["distance"]
