"""NumPy's own, for modules that are imported while these names stand for something else (`stand_ins`)."""

from __future__ import annotations

import numpy as np

numpy_r, numpy_c = np.r_, np.c_
numpy_ndenumerate = np.ndenumerate
numpy_vectorize = np.vectorize
