"""The density of the data given rho and lambda, beta and sigma integrated by hand, and its integral over both.

p(y | model) = ∫∫ p(y | rho, lambda, model) p(rho) p(lambda) d rho d lambda, from the cross-products of the concentrated
likelihood. e = (I − λM)[(I − ρW)y − Xβ], X* = (I − λM)X, p(sigma²) = 1/sigma², and either Zellner's prior
β | sigma² ~ N(0, g sigma² (X*'X*)⁻¹), the constant of a pooled model flat, or a flat one.

Fixed effects are integrated with a flat prior on what they add to y: with one W that is the density of Lee and Yu's
(2010) transformed data. Where W changes over time sum_t log|I − ρW_t| takes the place of T log|I − ρW|, and entity
effects μ have the prior Π_t |I − ρW_t|^(−1/T): the geometric mean of what would be flat on (I − ρW_t)⁻¹μ in each
period. Beside an error whose M_t change they are dummies, (I − λM_t)μ, with a flat prior (see `ml.restricted`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from gvcpos.spatial.panel.bayes.quadrature import Axis, integrate
from gvcpos.spatial.panel.ml.estimation import Data, PanelArrays, columns_and_effects, logdeterminants, transformed
from gvcpos.spatial.panel.ml.interpolation import along_all
from gvcpos.spatial.panel.ml.likelihood import Moments, moments
from gvcpos.spatial.panel.ml.logdet import LogDeterminant, Spectrum
from gvcpos.spatial.panel.ml.period_spectrum import changes
from gvcpos.spatial.panel.models import Features

Array = npt.NDArray[np.float64]

_FEW = 33  # points below which polynomials cost more than they save


@dataclass(frozen=True)
class Prior:
    """Priors of the coefficients and of the spatial parameters.

    Attributes
    ----------
    beta : {"g", "diffuse"}
    g : float
        Of Zellner's prior.
    shape : float
        a of the Beta(a, a) prior of rho and lambda on their admissible intervals; 1 is uniform.
    """

    beta: str
    g: float
    shape: float


@dataclass(frozen=True)
class Marginal:
    """The density of the data given (rho, lambda) and the priors, beta and sigma integrated out.

    Attributes
    ----------
    full, base : Moments
        Cross-products with all columns, and with the constant or the dummies alone (or nothing).
    slopes, constants : int
        Regressors with Zellner's prior, and with a flat one.
    dummies : bool
        Whether entity effects are columns, as beside an error whose weights change: the volume that they take is part
        of its log-determinant.
    logdets : tuple of LogDeterminant or None
        log|I − ρW| and log|I − λM|.
    nobs, determinants : int
    prior : Prior
    """

    full: Moments
    base: Moments
    slopes: int
    constants: int
    dummies: bool
    logdets: tuple[LogDeterminant | None, LogDeterminant | None]
    nobs: int
    determinants: int
    prior: Prior

    def log_density(self, rho: Array, lam: Array) -> Array:
        """Return log p(y | rho, lam) at each (rho, lam); shapes broadcast.

        Notes
        -----
        Zellner: n0 = n − constants, −n0/2 log π + log Γ(n0/2) − k/2 log(1 + g) − log|1*'1*|/2
        − n0/2 log[(SS0 + g RSS)/(1 + g)], SS0 the sum of squares about the constant.
        Diffuse: −(n − k)/2 log π + log Γ((n − k)/2) − log|X*'X*|/2 − (n − k)/2 log RSS.
        """
        logdet = np.zeros(())
        for one, at in zip(self.logdets, (rho, lam), strict=True):
            if one is not None:
                logdet = logdet + _value(one, np.asarray(at))
        rss, volume = self.full.rss(rho, lam), np.zeros(())
        lost = self.slopes + self.constants
        if self.prior.beta == "g":
            g, lost = self.prior.g, self.constants
            rss = (self.base.rss(rho, lam) + g * rss) / (1.0 + g)
            volume = volume + self.slopes * np.log1p(g)
        else:
            volume = volume + log_volume(self.full, lam)
        if (self.prior.beta == "g") != self.dummies:
            volume = volume + log_volume(self.base, lam) * (-1.0 if self.dummies else 1.0)
        half = 0.5 * (self.nobs - lost)
        return np.asarray(
            self.determinants * logdet + gammaln(half) - half * np.log(np.pi) - 0.5 * volume - half * np.log(rss)
        )

    def log_marginal(self) -> tuple[float, float, float]:
        """Return log p(y) and the posterior means of rho and lambda, 0 where the model has none."""
        axes = [None if one is None else Axis(one.spectrum.interval, self.prior.shape) for one in self.logdets]
        return integrate(self.log_density, (axes[0], axes[1]))


@dataclass(frozen=True)
class ManyColumns(Moments):
    """Cross-products with entity dummies among the columns: at many lambdas by polynomials, see `interpolation`."""

    def _schur(self, lam: Array) -> Array:
        """Return what `Moments` does, shape (..., j, j); missing where filtered dummies are collinear."""
        j = self.b.shape[1]

        def exact(each: Array) -> Array:
            """Return it at each lambda, shape (m, j*j)."""
            try:
                return super(ManyColumns, self)._schur(each).reshape(len(each), -1)
            except np.linalg.LinAlgError:
                if len(each) == 1:
                    return np.full((1, j * j), np.nan)
                return np.concatenate([exact(one) for one in each[:, None]])

        return np.asarray(along_all(exact, lam.ravel()).reshape(*lam.shape, j, j))


def log_volume(cross: Moments, lam: Array) -> Array:
    """Return log|X*'X*| at each lambda, X* = (I − λM)X; 0 without regressors."""
    k = cross.R.shape[0]
    if k == 0:
        return 0.0 * np.asarray(lam)

    def volume(each: Array) -> Array:
        """Return it at each lambda, shape (m, 1)."""
        at = each[:, None, None]
        C = (cross.C0 - at * cross.C1 + at * at * cross.C2)[:, -k:, -k:]
        return np.asarray(np.linalg.slogdet(C)[1][:, None])

    flat = np.ravel(np.asarray(lam, dtype=float))
    found = along_all(volume, flat) if isinstance(cross, ManyColumns) else volume(flat)
    return np.asarray(found.reshape(np.shape(lam)) + 2.0 * np.log(np.abs(np.diag(cross.R))).sum())


def _value(logdet: LogDeterminant, r: Array) -> Array:
    """Return the log-determinant at each r; of weights that change at many r by polynomials."""
    return logdet.between(r) if changes(logdet.spectrum) and r.size > _FEW else logdet.value(r)


def _with_constant(data: Data, place: int, spectrum: Spectrum) -> Data:
    """Put a constant in the place of one dummy where I − λM_t only scales it: it then does not vanish at an end."""
    sums = spectrum.row_sums
    if data.MX is None or np.ptp(sums) > 1e-9 * max(1.0, float(np.abs(sums).max())):
        return data
    X, MX = data.X.copy(), data.MX.copy()
    X[:, place], MX[:, place] = 1.0, 0.0
    return replace(data, X=X, MX=MX)


def marginal(panel: PanelArrays, features: Features, constants: int, prior: Prior) -> Marginal:
    """Form what the density needs; the first `constants` columns of X have a flat prior.

    Parameters
    ----------
    panel : PanelArrays
    features : Features
    constants : int
        0 or 1.
    prior : Prior
    """
    t, k = panel.transformation, panel.X.shape[2]
    design, within = columns_and_effects(panel, features)
    data = transformed(panel, design, within, features)
    dummies = design.shape[2] > k
    if dummies and not within.time:
        data = _with_constant(data, k, panel.error_spectrum)
    kind = ManyColumns if dummies else Moments

    def cross(columns: slice) -> Moments:
        """Return the cross-products of some columns, which may be none."""
        filtered = None if data.filtered is None else (data.filtered[0], data.filtered[1][:, columns])
        X = data.X[:, columns]
        if X.shape[1]:
            made = moments(data.targets, X, filtered)
            return kind(made.C0, made.C1, made.C2, made.b, made.R)
        C = [data.targets.T @ data.targets] + [np.zeros((data.targets.shape[1],) * 2)] * 2
        if filtered is not None:
            one = data.targets.T @ filtered[0]
            C[1:] = [one + one.T, filtered[0].T @ filtered[0]]
        return Moments(C[0], C[1], C[2], np.empty((0, data.targets.shape[1])), np.empty((0, 0)))

    base = cross(slice(k, None) if dummies else slice(constants))
    return Marginal(
        cross(slice(None)),
        base,
        k - constants,
        constants,
        dummies,
        logdeterminants(panel, features),
        t.nobs,
        t.determinants,
        prior,
    )
