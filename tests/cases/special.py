"""Cases for the functions of `scipy.special`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

import funcgrad as fg
from tests.cases.case import Case


def one(fun: Any, low: float = -2.0, high: float = 2.0, **fields: Any) -> Case:
    return Case(fun, shapes=((2, 3),), low=low, high=high, dtypes=("float32",), **fields)


def several(fun: Any, low: Any, high: Any, **fields: Any) -> Case:
    """A function of several operands."""
    shapes = ((2, 3), (3,), (2, 1), ())[: len(low)]
    return Case(fun, shapes=shapes, low=low, high=high, dtypes=("float32",), **fields)


def of_order(
    fun: Any, orders: tuple[float, ...], low: float = 0.3, high: float = 6.0, **fields: Any
) -> list[Case]:
    """A function whose first operands are parameters without a derivative."""
    return [
        one(
            lambda x, order, fun=fun: fun(order, x),
            low,
            high,
            name=f"special.{fun.__name__}",
            params={"order": order},
            jax=None,
            **fields,
        )
        for order in orders
    ]


ERRORS = [
    one(special.erf),
    one(special.erf, complex=True, jax=None),
    one(special.erfc),
    one(special.erfi, jax=None),
    one(special.erfcx, jax=None),
    one(special.dawsn, complex=True, jax=None),
    several(
        lambda x, y: np.real(special.wofz(x + 1j * y)),
        (-2, -1),
        (2, 2),
        name="special.wofz",
        jax=None,
    ),
    one(special.erfinv, -0.95, 0.95),
    one(special.erfcinv, 0.05, 1.95, jax=None),
    one(special.ndtr),
    one(special.log_ndtr),
    one(special.log_ndtr, -40.0, -20.0, name="special.log_ndtr far out", jax=None, rtol=1e-5),
    one(special.ndtri, 0.05, 0.95),
    one(special.ndtri_exp, -9.0, -0.1, jax=None),
    several(special.owens_t, (-2.0, -2.0), (2.0, 2.0), jax=None),
    one(special.fresnel, jax=None),
    several(special.voigt_profile, (-2.0, 0.5, 0.3), (2.0, 1.5, 1.0), jax=None, rtol=1e-11),
]

GAMMAS = [
    one(special.gamma, 0.3, 4.0),
    one(special.gamma, -1.9, -1.1, name="special.gamma of negative numbers", jax=None),
    one(special.gammaln, 0.3, 9.0),
    one(special.loggamma, 0.3, 9.0, complex=True, jax=None),
    one(special.gammasgn, -3.3, 3.3, grad=False),
    one(special.psi, 0.3, 9.0, jax=lambda x: _jax().digamma(x)),
    one(special.psi, 0.3, 9.0, complex=True, jax=None),
    one(special.rgamma, -2.4, 3.0, jax=None),
    Case(special.rgamma, name="special.rgamma at its zeros", jax=None,
         args=lambda rng: (np.array([0.0, -1.0, -2.0, 0.5]),), order=1),
    several(special.beta, (0.3, 0.3), (3.0, 3.0)),
    several(special.betaln, (0.3, 0.3), (9.0, 9.0), jax=None),  # whose value is single-precision
    several(special.poch, (0.5, 0.2), (4.0, 3.0)),
    several(special.binom, (4.0, 0.5), (9.0, 3.0), jax=None),
    several(lambda s, q: special.zeta(s, q), (1.2, 0.5), (6.0, 5.0), name="special.zeta", jax=None, order=1),
    one(lambda q: special.zeta(3.0, q), 0.5, 5.0, name="special.zeta of q", jax=None),
    one(lambda s: special.zeta(s), 1.2, 6.0, name="special.zeta of s", jax=None, order=1),
    one(special.zetac, 1.2, 6.0, jax=None, order=1),
]  # fmt: skip

INCOMPLETE = [
    # The second derivative with respect to the parameters is not known.
    several(special.gammainc, (0.4, 0.2), (4.0, 6.0), order=1),
    several(special.gammaincc, (0.4, 0.2), (4.0, 6.0), order=1),
    several(special.betainc, (0.5, 0.5, 0.1), (5.0, 5.0, 0.9), order=1, jax=None),  # by x only
    several(special.betaincc, (0.5, 0.5, 0.1), (5.0, 5.0, 0.9), order=1, jax=None),
    one(lambda x: special.gammainc(2.5, x), 0.2, 6.0, name="special.gammainc of x"),
    one(lambda x: special.betainc(2.5, 1.5, x), 0.1, 0.9, name="special.betainc of x"),
    several(special.gammaincinv, (0.6, 0.1), (4.0, 0.9), order=1, jax=None, rtol=1e-10),
    several(special.gammainccinv, (0.6, 0.1), (4.0, 0.9), order=1, jax=None, rtol=1e-10),
    several(special.betaincinv, (0.8, 0.8, 0.1), (4.0, 4.0, 0.9), order=1, jax=None, rtol=1e-10),
    several(special.betainccinv, (0.8, 0.8, 0.1), (4.0, 4.0, 0.9), order=1, jax=None, rtol=1e-10),
    several(special.stdtr, (1.5, -3.0), (9.0, 3.0), order=1, jax=None),
    several(special.stdtrit, (1.5, 0.1), (9.0, 0.9), order=1, jax=None, rtol=1e-10),
    one(lambda t: special.stdtr(3.0, t), name="special.stdtr of t", jax=None),
    several(special.chdtr, (1.0, 0.5), (5.0, 6.0), order=1, jax=None),
    several(special.chdtrc, (1.0, 0.5), (5.0, 6.0), order=1, jax=None),
    several(special.chdtri, (1.0, 0.1), (5.0, 0.9), order=1, jax=None, rtol=1e-10),
    several(special.gdtr, (0.5, 0.6, 0.5), (2.0, 3.0, 4.0), order=1, jax=None),
    several(special.gdtrc, (0.5, 0.6, 0.5), (2.0, 3.0, 4.0), order=1, jax=None),
    several(special.fdtr, (1.0, 1.0, 0.3), (6.0, 6.0, 3.0), order=1, jax=None),
    several(special.fdtrc, (1.0, 1.0, 0.3), (6.0, 6.0, 3.0), order=1, jax=None),
    *of_order(special.pdtr, (0, 3)),
    *of_order(special.pdtrc, (0, 3)),
    *[
        one(
            lambda p, fun=fun: fun(2.0, 5, p * np.float64(1.0)),
            0.1,
            0.9,
            name=f"special.{fun.__name__}",
            jax=None,
        )
        for fun in (special.bdtr, special.bdtrc, special.nbdtr, special.nbdtrc)
    ],
]

ENTROPIES = [
    several(special.xlogy, (-2.0, 0.2), (2.0, 3.0), complex=True, jax=None),
    several(special.xlog1py, (-2.0, -0.8), (2.0, 3.0), complex=True, jax=None),
    one(special.entr, 0.1, 2.0),
    several(special.rel_entr, (0.2, 0.2), (2.0, 2.0)),
    several(special.kl_div, (0.2, 0.2), (2.0, 2.0)),
    one(special.expit),
    one(special.logit, 0.05, 0.95),
    one(special.log_expit, jax=None),
    several(special.huber, (0.5, -2.0), (1.5, 2.0), jax=None),
    several(special.pseudo_huber, (0.5, -2.0), (1.5, 2.0), jax=None),
    one(special.exprel, jax=None),
    several(special.boxcox, (0.2, -1.0), (3.0, 2.0), jax=None),
    several(special.boxcox1p, (-0.5, -1.0), (3.0, 2.0), jax=None),
    several(special.inv_boxcox, (0.1, 0.2), (1.0, 2.0), jax=None),
    several(special.inv_boxcox1p, (0.1, 0.2), (1.0, 2.0), jax=None),
    Case(special.inv_boxcox, name="special.inv_boxcox near 0", jax=None, rtol=1e-9,
         args=lambda rng: (np.array([0.5, 1.0, 2.0]), np.array([0.0, 1e-5, -2e-4])), order=1),
    Case(special.boxcox, name="special.boxcox near 0", jax=None, rtol=1e-9,
         args=lambda rng: (np.array([0.5, 1.5, 2.0]), np.array([0.0, 1e-7, -1e-4]))),
    one(special.exp2, jax=None), one(special.exp10, jax=None), one(special.expm1, jax=None),
    one(special.log1p, -0.5, 2.0, jax=None), one(special.cbrt, 0.2, 2.0, jax=None),
    one(special.round, -3.0, 3.0, grad=False),
    one(special.cosm1, jax=None),
    several(special.powm1, (0.3, -2.0), (3.0, 2.0), jax=None),
    one(special.sindg, -90.0, 90.0, jax=None), one(special.cosdg, -90.0, 90.0, jax=None),
    one(special.tandg, -70.0, 70.0, jax=None), one(special.cotdg, 20.0, 70.0, jax=None),
    several(special.radian, (0.0, 0.0, 0.0), (90.0, 60.0, 60.0), jax=None),
]  # fmt: skip

INTEGRALS = [
    one(special.expi, 0.3, 3.0),
    one(special.exp1, 0.3, 3.0),
    *of_order(special.expn, (0, 1, 2, 5), 0.3, 3.0),
    one(special.sici, 0.3, 6.0, jax=None),
    one(special.shichi, 0.3, 3.0, jax=None),
    Case(lambda x: (special.sici(x)[0], special.shichi(x)[0]), name="special.sici near 0", jax=None,
         args=lambda rng: (np.array([0.0, 1e-6, -1e-3, 0.5]),)),
    one(special.spence, 0.2, 3.0, jax=None),  # which gives NaN for some
    Case(special.spence, name="special.spence near 1", jax=None,
         args=lambda rng: (np.array([1.0, 1.0 + 1e-6, 0.9995]),)),
]  # fmt: skip

BESSEL = [
    one(special.j0, -6.0, 6.0, jax=None), one(special.j1, -6.0, 6.0, jax=None),
    one(special.y0, 0.4, 6.0, jax=None), one(special.y1, 0.4, 6.0, jax=None),
    one(special.i0, -6.0, 6.0), one(special.i1, -6.0, 6.0),
    one(special.i0e, 0.1, 6.0), one(special.i1e, -6.0, -0.1),
    one(special.k0, 0.3, 6.0, jax=None), one(special.k1, 0.3, 6.0, jax=None),
    one(special.k0e, 0.3, 6.0, jax=None), one(special.k1e, 0.3, 6.0, jax=None),
    *of_order(special.jv, (0, 2, 2.5), complex=True),
    *of_order(special.yv, (0, 2, 2.5)),
    *of_order(special.iv, (0, 2, 2.5), complex=True),
    *of_order(special.kv, (0, 2, 2.5)),
    *of_order(special.ive, (0, 2.5)),
    *of_order(special.kve, (0, 2.5)),
    *of_order(special.jve, (0, 2.5)),
    *of_order(special.yve, (0, 2.5)),
    *of_order(special.yn, (0, 3)),
    *of_order(special.kn, (0, 3)),
    *[
        one(
            lambda x, fun=fun: np.abs(fun(1.5, x + 0.3j)),
            0.3,
            6.0,
            name=f"special.{fun.__name__}",
            jax=None,
        )
        for fun in (special.hankel1, special.hankel2, special.hankel1e, special.hankel2e)
    ],
    one(special.airy, jax=None),
    one(special.airye, 0.3, 3.0, jax=None),
    *[one(fun, 0.3, 5.0, jax=None) for fun in (special.ber, special.bei, special.ker, special.kei)],
    *[one(fun, 0.3, 5.0, jax=None) for fun in (special.berp, special.beip, special.kerp, special.keip)],
    *[
        one(
            lambda x, n, name=name: getattr(fg.scipy.special, name)(n, x),
            *(0.5, 6.0),
            name=f"special.{name}",
            params={"n": n},
            jax=None,
        )
        for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn")
        for n in (0, 2)
    ],
    *[
        one(
            lambda x, n, name=name: getattr(fg.scipy.special, name)(n, x),
            *(-6.0, -0.5),
            name=f"special.{name} below 0",
            params={"n": n},
            jax=None,
        )
        for name in ("spherical_jn", "spherical_yn", "spherical_in")
        for n in (1, 2)
    ],
    one(
        lambda x: fg.scipy.special.spherical_jn(2, x, derivative=True),
        *(-5.0, 5.0),
        name="special.spherical_jn_d",
        jax=None,
        rtol=1e-6,
    ),
    *of_order(special.struve, (0.0, 1.5)),
    *of_order(special.modstruve, (0.0, 1.5), 0.3, 3.0),
]  # fmt: skip

ELLIPTIC = [
    one(special.ellipk, -2.0, 0.9, jax=None),
    one(special.ellipkm1, 0.05, 0.9, jax=None),
    one(special.ellipe, -2.0, 0.9, jax=None),
    several(special.ellipkinc, (-4.0, -1.0), (4.0, 0.8), jax=None),
    several(special.ellipeinc, (-4.0, -1.0), (4.0, 0.8), jax=None),
    Case(special.ellipkinc, name="special.ellipkinc at m = 0", jax=None, order=1,
         args=lambda rng: (np.array([-5.0, 0.3, 1.2]), np.zeros(3))),
    several(special.ellipj, (-2.0, 0.1), (2.0, 0.9), jax=None),
    several(special.elliprf, (0.2, 1.0, 2.5), (0.8, 2.0, 4.0), jax=None),
    several(special.elliprd, (0.2, 1.0, 2.5), (0.8, 2.0, 4.0), jax=None),
    several(special.elliprc, (0.2, 1.0), (0.8, 2.0), jax=None, order=1),
]  # fmt: skip


def polynomials() -> list[Case]:
    names = (
        *("legendre", "chebyt", "chebyu", "chebyc", "chebys", "laguerre", "hermite", "hermitenorm"),
        *("sh_legendre", "sh_chebyt", "sh_chebyu"),
    )
    cases = []
    for name in names:
        fun = getattr(special, f"eval_{name}")
        degrees = (0, 1, 3) if name.startswith("hermite") else (0, 1, 3, 2.5)
        cases += of_order(fun, degrees, 0.1, 0.9)
    for name, parameters in (
        *(("gegenbauer", (0.7,)), ("genlaguerre", (0.7,))),
        *(("jacobi", (0.5, 1.5)), ("sh_jacobi", (2.5, 1.5))),
    ):
        fun = getattr(special, f"eval_{name}")
        cases += [
            one(
                lambda x, n, fun=fun, p=parameters: fun(n, *p, x),
                0.1,
                0.9,
                name=f"special.eval_{name}",
                params={"n": n},
                jax=None,
            )
            for n in (0, 1, 3)
        ]
    return cases


HYPERGEOMETRIC = [
    *polynomials(),
    *of_order(special.hyp0f1, (1.5,)),
    *[
        one(lambda x, f=f: f(x), 0.1, 0.8, name=name, jax=None)
        for name, f in (
            ("special.hyp1f1", lambda x: special.hyp1f1(0.5, 1.5, x)),
            ("special.hyp2f1", lambda x: special.hyp2f1(0.5, 1.5, 2.5, x)),
            ("special.hyperu", lambda x: special.hyperu(0.5, 1.5, x)),
        )
    ],
    one(lambda x: special.lambertw(x), 0.2, 3.0, name="special.lambertw", jax=None),
    one(special.wrightomega, -2.0, 2.0, jax=None),
]


def _jax() -> Any:
    import jax.scipy.special

    return jax.scipy.special


def composite(name: str, low: float = -2.0, high: float = 2.0, **params: Any) -> Case:
    """A function that SciPy writes in Python: SciPy's own on plain arrays, ours on traced ones."""
    fun = getattr(fg.scipy.special, name)
    return one(
        fun, low, high, name=f"special.{name}", params=params, jax=getattr(_jax(), name, None)
    )


COMPOSITE = [
    composite("logsumexp"),
    composite("logsumexp", axis=0),
    composite("logsumexp", axis=(0, 1), keepdims=True),
    composite("logsumexp", axis=-1, b=np.array([2.0, 0.0, 0.5])),
    Case(lambda a, b: fg.scipy.special.logsumexp(a, 1, b, return_sign=True), name="special.logsumexp of b",
         shapes=((2, 3), (3,)), jax=None),
    composite("softmax"), composite("softmax", axis=1),
    composite("log_softmax"), composite("log_softmax", axis=0),
    one(lambda a: fg.scipy.special.multigammaln(a, 3), 1.5, 4.0, name="special.multigammaln", jax=None),
    one(lambda x: fg.scipy.special.polygamma(2, x), 0.4, 4.0, name="special.polygamma", jax=None),
    one(lambda x: fg.scipy.special.polygamma(0, x), 0.4, 4.0, name="special.polygamma of order 0", jax=None),
    composite("factorial", 0.1, 4.0),
    several(lambda n, k: fg.scipy.special.comb(n, k), (4.0, 0.5), (9.0, 3.0), name="special.comb", jax=None),
    several(lambda n, k: fg.scipy.special.perm(n, k), (4.0, 0.5), (9.0, 3.0), name="special.perm", jax=None),
    one(special.softplus, jax=None),
    one(lambda x: special.jvp(1.5, x, 2), 0.5, 4.0, name="special.jvp", jax=None),
]  # fmt: skip


CASES = [
    *ERRORS,
    *GAMMAS,
    *INCOMPLETE,
    *ENTROPIES,
    *INTEGRALS,
    *BESSEL,
    *ELLIPTIC,
    *HYPERGEOMETRIC,
    *COMPOSITE,
]
