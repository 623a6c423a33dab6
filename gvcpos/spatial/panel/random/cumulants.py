"""Third and fourth cumulants of innovations and of random effects, from filtered data v = (B_t mu + e_t).

A mean over time is B̄ mu plus a mean of T innovations, a deviation (B_t − B̄) mu plus that of innovations; cumulants add,
with powers of what they are multiplied by. Where B does not change, the deviations have the innovations alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inference.covariance import cumulants
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.random.kernel import Kernel
from gvcpos.spatial.panel.random.period_kernel import PeriodKernel

Array = npt.NDArray[np.float64]


def component_cumulants(v: Array, kernel: Kernel, sigma2: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the third and fourth cumulant of the innovations, and those of the random effects.

    Parameters
    ----------
    v : ndarray, shape (T, N)
        Filtered disturbances.
    kernel : Kernel
    sigma2 : float
    """
    T, n = v.shape
    mean = v.mean(axis=0)
    squares, cubes, fourths = (kernel.row_sums(power) for power in (2, 3, 4))
    variance = sigma2 * (kernel.phi * squares + 1.0 / T)
    of_means = float((mean**3).mean()), float((mean**4 - 3.0 * variance**2).mean())
    within = Transformation(n, T, entity=True, time=False, lee_yu=True)
    if isinstance(kernel, PeriodKernel):
        strays = [kernel.strays(power) for power in (2, 3, 4)]
        spread = sigma2 * (1.0 - 1.0 / T + kernel.phi * strays[0])
        of_deviations = float(((v - mean) ** 3).mean()), float(((v - mean) ** 4 - 3.0 * spread**2).mean())
        found = []
        for i, power in enumerate((3, 4)):
            own = [within.power_sum(power), strays[i + 1].mean()]
            system = np.array([own, [T ** (1.0 - power), (cubes, fourths)[i].mean()]])
            found.append(np.linalg.lstsq(system, np.array([of_deviations[i], of_means[i]]), rcond=None)[0])
        return (float(found[0][0]), float(found[1][0])), (float(found[0][1]), float(found[1][1]))
    third, fourth = cumulants((v - mean).reshape(-1), sigma2, within)
    third_mu = (of_means[0] - third / T**2) / float(cubes.mean())
    fourth_mu = (of_means[1] - fourth / T**3) / float(fourths.mean())
    return (third, fourth), (third_mu, fourth_mu)
