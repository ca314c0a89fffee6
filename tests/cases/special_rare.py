"""Cases: the rarer functions of `scipy.special`, where they have derivatives and where they have none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import special

import funcgrad as fg
from tests.cases.case import Case

# Operands: a pair is the range of one with a derivative, a number is plain.
OPERANDS: dict[str, tuple[Any, ...]] = {
    "agm": ((0.5, 1.0), (1.5, 2.0)),
    "bdtri": (2, 7, (0.3, 0.7)),
    "bdtrik": ((0.3, 0.7), (7.0, 8.0), (0.4, 0.6)),
    "bdtrin": (2.0, (0.3, 0.7), (0.4, 0.6)),
    "besselpoly": ((0.5, 2.0), 1.5, 0.5),
    "btdtria": ((0.3, 0.7), (1.0, 2.0), (0.4, 0.6)),
    "btdtrib": ((1.0, 2.0), (0.3, 0.7), (0.4, 0.6)),
    "chdtriv": ((0.3, 0.7), (1.0, 3.0)),
    "chndtr": ((1.0, 3.0), 2.5, (0.5, 1.5)),
    "chndtrix": ((0.3, 0.7), 2.5, (0.5, 1.5)),
    "chndtrinc": ((1.0, 2.0), 2.5, (0.3, 0.4)),
    "elliprg": ((0.5, 1.0), (1.2, 1.6), (2.0, 3.0)),
    "elliprj": ((0.5, 1.0), (1.2, 1.6), (2.0, 3.0), (4.0, 5.0)),
    "fdtri": ((2.0, 3.0), (4.0, 5.0), (0.3, 0.7)),
    "fdtridfd": (2.5, (0.6, 0.7), (1.5, 2.0)),
    "gdtria": ((0.3, 0.7), (1.0, 2.0), (1.0, 2.0)),
    "gdtrib": ((1.0, 2.0), (0.3, 0.7), (1.0, 2.0)),
    "gdtrix": ((1.0, 2.0), (1.0, 2.0), (0.3, 0.7)),
    "it2i0k0": ((0.5, 2.0),),
    "it2j0y0": ((0.5, 2.0),),
    "it2struve0": ((0.5, 2.0),),
    "itairy": ((0.5, 2.0),),
    "iti0k0": ((0.5, 2.0),),
    "itj0y0": ((0.5, 2.0),),
    "itmodstruve0": ((0.5, 2.0),),
    "itstruve0": ((0.5, 2.0),),
    "kelvin": ((0.5, 2.0),),
    "kolmogi": ((0.3, 0.7),),
    "kolmogorov": ((0.5, 1.2),),
    "log_wright_bessel": (0.5, 1.2, (0.5, 2.0)),
    "wright_bessel": (0.5, 1.2, (0.5, 2.0)),
    "lpmv": (1, 2.5, (-0.5, 0.5)),
    "mathieu_cem": (2, 1.3, (10.0, 60.0)),
    "mathieu_sem": (2, 1.3, (10.0, 60.0)),
    "mathieu_modcem1": (2, 1.3, (0.5, 1.0)),
    "mathieu_modcem2": (2, 1.3, (0.5, 1.0)),
    "mathieu_modsem1": (2, 1.3, (0.5, 1.0)),
    "mathieu_modsem2": (2, 1.3, (0.5, 1.0)),
    "modfresnelm": ((0.5, 1.5),),
    "modfresnelp": ((0.5, 1.5),),
    "nbdtri": (2, 7, (0.3, 0.7)),
    "nbdtrik": ((0.3, 0.7), (3.0, 4.0), (0.4, 0.6)),
    "nbdtrin": (2.0, (0.3, 0.7), (0.4, 0.6)),
    "ncfdtr": (3.0, 5.0, (0.5, 1.5), (0.8, 1.5)),
    "ncfdtri": (3.0, 5.0, (0.5, 1.5), (0.3, 0.7)),
    "ncfdtrinc": (3.0, 5.0, (0.3, 0.4), (1.0, 1.2)),
    "nctdtr": (5.0, 0.7, (0.3, 1.5)),
    "nctdtrit": (5.0, 0.7, (0.5, 0.8)),
    "nrdtrimn": ((0.3, 0.45), (1.0, 2.0), (0.5, 1.0)),
    "nrdtrisd": ((0.1, 0.5), (0.6, 0.8), (1.0, 2.0)),
    "obl_ang1": (1, 2, 0.8, (0.2, 0.7)),
    "obl_rad1": (1, 2, 0.8, (0.5, 1.5)),
    "pro_ang1": (1, 2, 0.8, (0.2, 0.7)),
    "pro_rad1": (1, 2, 0.8, (1.5, 2.5)),
    "obl_ang1_cv": (1, 2, 0.8, 5.724118375219577, (0.2, 0.7)),
    "obl_rad1_cv": (1, 2, 0.8, 5.724118375219577, (0.5, 1.5)),
    "pro_ang1_cv": (1, 2, 0.8, 6.272697364485751, (0.2, 0.7)),
    "pro_rad1_cv": (1, 2, 0.8, 6.272697364485751, (1.5, 2.5)),
    "pbdv": (1.3, (0.5, 2.0)),
    "pbvv": (1.3, (0.5, 2.0)),
    "pbwa": (1.3, (0.5, 2.0)),
    "pdtri": (2, (0.3, 0.7)),
    "pdtrik": ((0.3, 0.7), (2.0, 3.0)),
    "smirnov": (5, (0.2, 0.5)),
    "smirnovi": (5, (0.2, 0.7)),
    "stdtridf": ((0.62, 0.68), (0.5, 0.6)),
    "tklmbda": ((-0.5, 0.5), 0.4),
}
ONCE = """
    bdtrik bdtrin btdtria btdtrib chdtriv fdtri fdtridfd gdtria gdtrib gdtrix kolmogi kolmogorov nbdtrik nbdtrin
    ncfdtrinc pdtrik smirnov smirnovi stdtridf
"""
# Where SciPy finds inverses to few digits.
ROUGH = {"ncfdtrinc": 1e-3, "itairy": 1e-5}
# In single precision SciPy's spheroidal functions do not end, and bdtri is deprecated.
IN_DOUBLE = ("pro_", "obl_", "bdtri")
WITHOUT = {
    "chndtridf": (1.0, 0.4, 0.5),
    "mathieu_a": (2, 1.3),
    "mathieu_b": (2, 1.3),
    "nctdtridf": (0.6, 0.7, 1.1),
    "nctdtrinc": (5.0, 0.6, 1.1),
    "ncfdtridfd": (3.0, 0.5, 0.5, 1.1),
    "ncfdtridfn": (0.4, 5.0, 0.5, 1.1),
    "obl_cv": (1, 2, 0.8),
    "obl_rad2": (1, 2, 0.8, 1.2),
    "obl_rad2_cv": (1, 2, 0.8, 5.7, 1.2),
    "pro_cv": (1, 2, 0.8),
    "pro_rad2": (1, 2, 0.8, 2.2),
    "pro_rad2_cv": (1, 2, 0.8, 6.2, 2.2),
}


def cases() -> Iterator[Case]:
    for name, operands in OPERANDS.items():
        moving = [o for o in operands if isinstance(o, tuple)]
        low, high = zip(*moving, strict=True)

        def fun(*xs: Any, name: str = name, operands: Any = operands) -> Any:
            given = iter([x * np.float64(1.0) for x in xs] if name.startswith(IN_DOUBLE) else xs)
            return getattr(special, name)(
                *[next(given) if isinstance(o, tuple) else o for o in operands]
            )

        yield Case(
            fun,
            shapes=((3,),) * len(moving),
            low=tuple(low),
            high=tuple(high),
            jax=None,
            name=f"special.{name}",
            order=1 if name in ONCE.split() else 2,
            rtol=ROUGH.get(name, 1e-7),
        )
    for name, values in WITHOUT.items():
        yield Case(
            # Their derivatives are refused, unless none is wanted.
            lambda *xs, name=name: getattr(special, name)(*map(fg.stop_gradient, xs)),
            args=lambda rng, values=values: tuple(np.float64(v) for v in values),
            jax=None,
            grad=False,
            vmap=False,
            name=f"special.{name}",
        )


CASES = [
    *cases(),
    Case(
        lambda theta, phi: fg.scipy.special.sph_harm_y(3, np.array([-3, 0, 2]), theta, phi),
        shapes=((3,), (3,)),
        low=(0.2, -2.0),
        high=(2.8, 2.0),
        jax=None,
        name="special.sph_harm_y",
    ),
]
