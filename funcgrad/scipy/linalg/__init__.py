"""`funcgrad.scipy.linalg`: SciPy's linear algebra on traced values.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values.
"""

from __future__ import annotations

from funcgrad.numpy.norms import norm as _traced_norm
from funcgrad.scipy.linalg.factors import (
    cholesky,
    det,
    lu,
    pinv,
    pinvh,
    polar,
    qr,
    svd,
    svdvals,
)
from funcgrad.scipy.linalg.functions import (
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    logm,
    sinhm,
    sinm,
    sqrtm,
    tanhm,
    tanm,
)
from funcgrad.scipy.linalg.matrix_equations import (
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_sylvester,
)
from funcgrad.scipy.linalg.riccati import solve_continuous_are, solve_discrete_are
from funcgrad.scipy.linalg.solves import (
    cho_factor,
    cho_solve,
    inv,
    lstsq,
    lu_factor,
    lu_solve,
    solve,
    solve_triangular,
)
from funcgrad.scipy.linalg.spectra import (
    eig,
    eigh,
    eigh_tridiagonal,
    eigvals,
    eigvalsh,
    null_space,
    orth,
    orthogonal_procrustes,
    subspace_angles,
)
from funcgrad.scipy.linalg.structured import (
    block_diag,
    circulant,
    companion,
    convolution_matrix,
    hankel,
    khatri_rao,
    toeplitz,
)
from funcgrad.scipy.linalg.structured_solves import (
    solve_banded,
    solve_circulant,
    solve_toeplitz,
    solveh_banded,
)
from funcgrad.scipy.mirror import mirrors, other_names

norm = mirrors("linalg", "norm")(_traced_norm)
solve_lyapunov = solve_continuous_lyapunov
__getattr__ = other_names("linalg")

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "circulant", "companion",
    "convolution_matrix", "coshm", "cosm", "det", "eig", "eigh", "eigh_tridiagonal", "eigvals",
    "eigvalsh", "expm", "expm_frechet", "fractional_matrix_power", "hankel", "inv", "khatri_rao",
    "logm", "lstsq", "lu", "lu_factor", "lu_solve", "norm", "null_space", "orth",
    "orthogonal_procrustes", "pinv", "pinvh", "polar", "qr", "sinhm", "sinm", "solve",
    "solve_banded", "solve_circulant", "solve_continuous_are", "solve_continuous_lyapunov",
    "solve_discrete_are", "solve_discrete_lyapunov",
    "solve_lyapunov", "solve_sylvester", "solve_toeplitz", "solve_triangular", "solveh_banded",
    "sqrtm", "subspace_angles", "svd", "svdvals", "tanhm", "tanm", "toeplitz",
]  # fmt: skip
