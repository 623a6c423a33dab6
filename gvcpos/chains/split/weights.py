"""What part of every wide sector is the chain's, and who buys it: estimates with errors, not points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate, unique
from gvcpos._core.options import choose
from gvcpos.chains.chain import Chain
from gvcpos.chains.split.data import HasFrame, is_synthetic
from gvcpos.chains.split.estimates import DataRules, Estimates, estimate
from gvcpos.tables import IOTable

FloatArray = npt.NDArray[np.float64]
WeightDistribution = Literal["lognormal", "beta"]
_TAIL = 1e-4  # of draws of a log-normal share that may be cut to 1


@dataclass(frozen=True, eq=False)
class SplitWeights:
    """The chain's output within wide sectors and its sales by destination, with their errors.

    Make them with `SplitWeights.from_trade` or `SplitWeights.from_shares`. G countries, W wide sectors.

    Attributes
    ----------
    countries, sectors, stages : tuple of str
        G countries; W wide sectors and the stage of each.
    wide : ndarray, shape (G, W)
        Output of the wide sectors, in the table's unit.
    output : ndarray, shape (G, W)
        The chain's part of it: the mean of what is drawn.
    sales : ndarray, shape (G, W, G)
        Where it goes, home included; sums to `output`.
    relative_error : ndarray, shape (G, W)
        Standard deviation of `output` over its mean.
    sales_error : float
        Of every sale, before they are brought to the sum again.
    distribution : {"lognormal", "beta"}
        Of the share ``output / wide``.
    correlation : float
        Of the errors of one wide sector's shares between countries, as a price that is wrong for all gives it.
    basis : tuple of str
        What each output rests on, G·W texts.
    asked : ndarray, shape (G, W, G)
        Exports as the trade data have them, NaN without data.
    year : int
    unit : str
    synthetic : bool
        True if the table or the data are invented.
    """

    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    stages: tuple[str, ...]
    wide: FloatArray
    output: FloatArray
    sales: FloatArray
    relative_error: FloatArray
    sales_error: float
    distribution: WeightDistribution
    correlation: float
    basis: tuple[str, ...]
    asked: FloatArray
    year: int
    unit: str
    synthetic: bool = False

    @classmethod
    def from_trade(
        cls,
        table: IOTable,
        chain: Chain,
        trade: pd.DataFrame | HasFrame,
        production: pd.DataFrame | None = None,
        *,
        sales_error: float = 0.2,
        distribution: WeightDistribution = "lognormal",
        correlation: float = 0.0,
        **rules: Any,
    ) -> SplitWeights:
        """Make weights from trade by HS code and from production.

        Parameters
        ----------
        table : IOTable
        chain : Chain
            Its stages' HS codes say which goods count; where a stage has several sectors, which of them makes each.
        trade : DataFrame or `gvcpos.trade.TradeFlows`
            exporter, importer, hs, year, value. Codes of six digits, with or without the point; other goods may be
            there too. Countries as in the table.
        production : DataFrame, optional
            country, year, stage (or sector), and value, or tonnes and price (USD a tonne); optionally relative_error.
            What is made, exports included, at what it sells for.
        sales_error : float
            Relative error of every flow to a destination.
        distribution : {"lognormal", "beta"}
            Of shares of output.
        correlation : float
            Of the errors of one wide sector's shares between countries, in [0, 1].
        **rules
            Fields of `DataRules`: rest, unit, missing, reexports, cap, relative_error.

        Raises
        ------
        LabelError
            For unknown countries, stages or sectors, and for flows or production given twice.
        InputError
            For units that cannot be read, amounts that are negative or not finite, no data of the table's year, and
            shares above 1.
        """
        found = estimate(table, chain, trade, production, DataRules.of(rules))
        weights = cls.from_estimates(
            table, found, sales_error=sales_error, distribution=distribution, correlation=correlation
        )
        return replace(weights, synthetic=weights.synthetic or is_synthetic(trade) or is_synthetic(production))

    @classmethod
    def from_estimates(
        cls,
        table: IOTable,
        found: Estimates,
        *,
        sales_error: float = 0.2,
        distribution: WeightDistribution = "lognormal",
        correlation: float = 0.0,
    ) -> SplitWeights:
        """Make weights of estimates for a table; InputError for negative errors."""
        choose(distribution, WeightDistribution, "distribution")
        if not (np.isfinite(sales_error) and sales_error >= 0):
            raise InputError(f"sales_error={sales_error}: it is a relative standard deviation, 0 or more.")
        if not 0 <= correlation <= 1:
            raise InputError(f"correlation={correlation}: it lies in [0, 1].")
        weights = cls(
            table.countries,
            found.sectors,
            found.stages,
            found.wide,
            found.output,
            found.sales,
            found.relative_error,
            sales_error,
            distribution,
            correlation,
            tuple(found.basis.ravel()),
            found.asked,
            table.year,
            table.meta.unit,
            table.meta.synthetic,
        )
        if not (np.isfinite(found.relative_error) & (found.relative_error >= 0)).all():
            raise InputError("a relative error is negative or not finite. It is a standard deviation over the mean.")
        return weights

    @classmethod
    def from_shares(
        cls,
        table: IOTable,
        chain: Chain,
        shares: pd.DataFrame,
        *,
        relative_error: float = 0.2,
        sales_error: float = 0.0,
        distribution: WeightDistribution = "lognormal",
        correlation: float = 0.0,
    ) -> SplitWeights:
        """Make weights from shares that are known, sold to the countries that buy from the wide sector.

        Parameters
        ----------
        table : IOTable
        chain : Chain
        shares : DataFrame
            country, sector (of the chain), share of output in [0, 1], optionally relative_error. What is not named
            has a share of 0.
        relative_error, sales_error, distribution, correlation
            As in `from_trade`.

        Raises
        ------
        LabelError
            For a country the table lacks, a sector the chain lacks, or two shares of one.
        InputError
            For a share outside [0, 1].
        """
        missing = [c for c in ("country", "sector", "share") if c not in shares.columns]
        if missing:
            raise LabelError(f"the shares lack the column {enumerate_labels(missing)}.")
        chain.check(table)
        named = set(shares["sector"].astype(str))
        sectors = tuple(s for s in chain.sectors if s in named)
        rows = locate(dict.fromkeys(shares["country"].astype(str)), table.countries, "country of the table")
        locate(dict.fromkeys(shares["sector"].astype(str)), chain.sectors, "sector of the chain")
        unique(shares["country"].astype(str) + " " + shares["sector"].astype(str), "country and sector of the shares")
        place = dict(zip(dict.fromkeys(shares["country"].astype(str)), rows, strict=True))
        share, error = np.zeros((2, len(table.countries), len(sectors)))
        error += relative_error
        for row in shares.to_dict("records"):
            at = place[str(row["country"])], sectors.index(str(row["sector"]))
            share[at], error[at] = row["share"], row.get("relative_error", relative_error)
        if not ((share >= 0) & (share <= 1)).all():
            raise InputError("a share of output is outside [0, 1].")
        found = Estimates.of_shares(table, sectors, tuple(chain.stage_of()[s] for s in sectors), share, error)
        return cls.from_estimates(
            table, found, sales_error=sales_error, distribution=distribution, correlation=correlation
        )

    @property
    def share(self) -> FloatArray:
        """The chain's share of the wide sectors' output, shape (G, W); 0 where they have none."""
        return np.divide(self.output, self.wide, out=np.zeros_like(self.output), where=self.wide > 0)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a country and wide sector: what the chain makes, of how much, on what evidence, how sure."""
        G, W = self.output.shape
        home = self.sales[np.arange(G), :, np.arange(G)]
        return pd.DataFrame(
            {
                "country": np.repeat(np.array(self.countries, dtype=object), W),
                "stage": list(self.stages) * G,
                "sector": list(self.sectors) * G,
                "year": self.year,
                "wide_output": self.wide.ravel(),
                "output": self.output.ravel(),
                "share": self.share.ravel(),
                "relative_error": self.relative_error.ravel(),
                "exports": (self.sales.sum(axis=2) - home).ravel(),
                "home": home.ravel(),
                "basis": list(self.basis),
            }
        )

    def draws(self, n: int, *, seed: int = 0) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Draw output (G, W) and sales (G, W, G), n times.

        Parameters
        ----------
        n : int
        seed : int

        Notes
        -----
        Log-normal and beta have the estimate as their mean and `relative_error` as their coefficient of variation. A
        share of 1 has no error. Between sectors errors are independent; between countries the normal scores of one
        sector's have the `correlation` (a Gaussian copula).

        Raises
        ------
        InputError
            For a share whose error is too large for the distribution.
        """
        if n < 1:
            raise InputError(f"n={n}: draw at least once.")
        self._require_possible()
        rng = np.random.default_rng(seed)
        for _ in range(n):
            yield self._one(rng)

    def drawn(self, rng: np.random.Generator) -> SplitWeights:
        """Return weights with one draw's output and sales in the estimates' place; errors as of `draws`."""
        self._require_possible()
        output, sales = self._one(rng)
        return replace(self, output=output, sales=sales)

    def draw_shares(self, n: int, *, seed: int = 0) -> pd.DataFrame:
        """Draw shares of the wide sectors' output, the same as `draws` with this seed.

        Returns
        -------
        DataFrame
            draw (1 to n; 0 is the estimate), country, stage, sector, year, share.
        """
        G, W = self.output.shape
        wide = np.where(self.wide > 0, self.wide, 1.0)
        shares = [self.share, *(output / wide for output, _ in self.draws(n, seed=seed))]
        return pd.DataFrame(
            {
                "draw": np.repeat(np.arange(n + 1), G * W),
                "country": np.tile(np.repeat(np.array(self.countries, dtype=object), W), n + 1),
                "stage": list(self.stages) * (G * (n + 1)),
                "sector": list(self.sectors) * (G * (n + 1)),
                "year": self.year,
                "share": np.stack(shares).ravel(),
            }
        )

    def _one(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw output (G, W) and sales (G, W, G) once."""
        output = self._drawn_share(rng) * self.wide
        sales = self.sales * np.exp(np.sqrt(np.log1p(self.sales_error**2)) * rng.standard_normal(self.sales.shape))
        total = sales.sum(axis=2, keepdims=True)
        return output, np.divide(sales, total, out=np.zeros_like(sales), where=total > 0) * output[:, :, None]

    def _drawn_share(self, rng: np.random.Generator) -> FloatArray:
        from scipy.special import betaincinv, ndtr

        m, cv = self.share, self.relative_error
        moves = (m > 0) & (m < 1) & (cv > 0)
        own, common = rng.standard_normal(m.shape), rng.standard_normal(m.shape[1])
        z = np.sqrt(1.0 - self.correlation) * own + np.sqrt(self.correlation) * common
        if self.distribution == "lognormal":
            sigma = np.sqrt(np.log1p(cv**2))
            return np.where(moves, np.minimum(m * np.exp(sigma * z - 0.5 * sigma**2), 1.0), m)
        mean, spread = np.where(moves, m, 0.5), np.where(moves, cv, 0.5)
        a = (1.0 - mean) / spread**2 - mean
        return np.where(moves, betaincinv(a, a * (1.0 - mean) / mean, ndtr(z)), m)

    def _require_possible(self) -> None:
        """Raise InputError for errors that no distribution on [0, 1] with this mean has."""
        from scipy.special import ndtr

        m, cv = self.share, self.relative_error
        moves = (m > 0) & (m < 1) & (cv > 0)
        if self.distribution == "lognormal":
            sigma = np.where(moves, np.sqrt(np.log1p(cv**2)), 1.0)
            above = ndtr((np.log(np.where(moves, m, 0.5)) - 0.5 * sigma**2) / sigma)
            bad, why = moves & (above > _TAIL), "log-normal draws would exceed 1; give distribution='beta' or a smaller"
        else:
            bad, why = moves & (cv**2 * m >= 1.0 - m), "no beta distribution is as wide; give a smaller"
        if bad.any():
            i, j = (int(k) for k in np.argwhere(bad)[0])
            raise InputError(
                f"{self.countries[i]} {self.sectors[j]}: share {m[i, j]:.4g} with relative error {cv[i, j]:.3g}: {why} "
                "relative_error."
            )
