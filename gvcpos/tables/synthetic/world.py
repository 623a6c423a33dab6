"""The synthetic world as one object: its tables on demand, what was planted, and the countries' geography."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos._core.sphere import haversine
from gvcpos.tables.geography import polygons
from gvcpos.tables.iotable import IOTable
from gvcpos.tables.series import TableSeries
from gvcpos.tables.synthetic import geography, network
from gvcpos.tables.synthetic.assembly import assemble
from gvcpos.tables.synthetic.panels import Panels, draw_panels
from gvcpos.tables.synthetic.plan import WORLD_OUTPUT, Plan, make_plan
from gvcpos.tables.synthetic.planted import STAGES, Planted
from gvcpos.tables.synthetic.sectors import Sector, chain_of, make_sectors

if TYPE_CHECKING:
    import geopandas as gpd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SyntheticWorld:
    """Real countries with invented, exactly balanced tables and planted parameters.

    Attributes
    ----------
    seed : int
    planted : Planted
        What an analysis has to find again.
    countries, sectors : tuple of str
        Labels of the tables.
    years : tuple of int
    chain : mapping
        Stage (upstream, midstream, downstream) to sector codes.
    capitals : DataFrame
        iso3, country, capital, lat, lon.
    panels, plan : Panels, Plan
        The planned panels of the stages, and of every sector.
    """

    seed: int
    planted: Planted
    countries: tuple[str, ...]
    years: tuple[int, ...]
    capitals: pd.DataFrame
    panels: Panels
    plan: Plan
    _sectors: tuple[Sector, ...]
    _distance: FloatArray

    @property
    def sectors(self) -> tuple[str, ...]:
        """Sector codes."""
        return tuple(sector.code for sector in self._sectors)

    @property
    def chain(self) -> Mapping[str, tuple[str, ...]]:
        """Stage to sector codes, in the order of the chain."""
        return chain_of(self._sectors)

    def table(self, year: int) -> IOTable:
        """Build the table of one year; it depends on no other year's table.

        Raises
        ------
        InputError
            If the world has no such year.
        """
        if year not in self.years:
            raise InputError(f"no year {year} in the synthetic world; it runs {self.years[0]}-{self.years[-1]}.")
        t = self.years.index(year)
        planned = (self.plan.x[t], self.plan.va_rate[t], self.plan.upstreamness[t])
        abroad = np.exp(self.planted.openness * t)
        return assemble(
            network.opened(self._prior, len(self.sectors), abroad),
            self._costs,
            planned,
            sectors=self._sectors,
            countries=self.countries,
            year=self.years[t],
            seed=self.seed,
        )

    @cached_property
    def tables(self) -> TableSeries:
        """All tables, made year by year when they are asked for."""
        return TableSeries.from_loaders({year: partial(self.table, year) for year in self.years}, repr(self))

    @cached_property
    def _costs(self) -> FloatArray:
        return network.trade_costs(self._distance, self._sectors, _streams(self.seed)[2])

    @cached_property
    def _prior(self) -> FloatArray:
        return network.prior(self._costs, self._sectors)

    @cached_property
    def weights(self) -> FloatArray:
        """Row-normalised inverse distances of capitals, the W of the planted model, shape (N, N)."""
        return geography.inverse_distance_weights(self._distance)

    @cached_property
    def polygons(self) -> gpd.GeoDataFrame:
        """Polygons of the countries (Natural Earth 1:50m, simplified), indexed by iso3."""
        return polygons(self.countries)

    @cached_property
    def covariates(self) -> pd.DataFrame:
        """Synthetic covariates: country, year, rd_intensity, tariff (both per cent), synthetic (True)."""
        T = len(self.years)
        return pd.DataFrame(
            {
                "country": np.repeat(self.countries, T),
                "year": np.tile(self.years, len(self.countries)),
                "rd_intensity": self.panels.rd.T.ravel(),
                "tariff": self.panels.tariff.T.ravel(),
                "synthetic": True,
            }
        )

    @cached_property
    def truth(self) -> pd.DataFrame:
        """Planned panel: country, stage, year, va, x (million synthetic USD), va_rate, upstreamness, synthetic."""
        N, T = len(self.countries), len(self.years)
        va = WORLD_OUTPUT * self.panels.value_added.transpose(2, 0, 1).ravel()
        rate = self.panels.capture.transpose(2, 0, 1).ravel()
        return pd.DataFrame(
            {
                "country": np.repeat(self.countries, len(STAGES) * T),
                "stage": np.tile(np.repeat(STAGES, T), N),
                "year": np.tile(self.years, N * len(STAGES)),
                "va": va,
                "x": va / rate,
                "va_rate": rate,
                "upstreamness": self.panels.position.transpose(2, 0, 1).ravel(),
                "synthetic": True,
            }
        )

    @cached_property
    def time_effects(self) -> pd.DataFrame:
        """Planted time effects α of the value-added rate: stage, year, time_effect, synthetic; zero-sum by stage."""
        T = len(self.years)
        return pd.DataFrame(
            {
                "stage": np.repeat(STAGES, T),
                "year": np.tile(self.years, len(STAGES)),
                "time_effect": self.panels.time_effects.ravel(),
                "synthetic": True,
            }
        )

    def __repr__(self) -> str:
        return (
            f"<SYNTHETIC world, seed {self.seed}: {len(self.countries)} countries x {len(self._sectors)} sectors, "
            f"{self.years[0]}-{self.years[-1]}>"
        )


def synthetic_world(
    *,
    seed: int = 0,
    countries: int = 60,
    years: Iterable[int] = range(2007, 2022),
    planted: Planted | None = None,
    sectors: int | None = None,
) -> SyntheticWorld:
    """Make a world of real countries and invented tables with planted parameters.

    Parameters
    ----------
    seed : int
        The same seed gives the same bytes.
    countries : int
        The first so many of the shipped 60; CHN is always there.
    years : iterable of int
        Consecutive years.
    planted : Planted, optional
        Default: `Planted()`.
    sectors : int, optional
        Default seven; more by splitting those outside the chain.

    Returns
    -------
    SyntheticWorld

    Raises
    ------
    InputError
        If there are too few or too many countries or sectors, or years are not consecutive.
    LabelError
        If an event happens in a country that the world lacks.
    SpecificationError
        If the planted values drive a rate out of its range.
    """
    planted = Planted() if planted is None else planted
    span = tuple(int(year) for year in years)
    if len(span) < 2 or span != tuple(range(span[0], span[0] + len(span))):
        raise InputError(f"years={span}: give at least two consecutive years in ascending order.")
    capitals = geography.first_capitals(countries)
    names = tuple(capitals["iso3"])
    locate({event.country: None for event in planted.events if event.country}, names, "country of an event")
    kinds = make_sectors(sectors)
    distance = haversine(capitals["lat"], capitals["lon"])
    W = geography.inverse_distance_weights(distance)
    of_panels, of_plan, _ = _streams(seed)
    panels = draw_panels(of_panels, planted, W, names, span)
    plan = make_plan(of_plan, planted, panels, sectors=kinds, countries=names, years=span)
    for array in (*vars(panels).values(), *vars(plan).values(), distance):
        array.flags.writeable = False
    return SyntheticWorld(seed, planted, names, span, capitals, panels, plan, kinds, distance)


def _streams(seed: int) -> list[np.random.SeedSequence]:
    """Return independent seeds for the panels, the plan and the network."""
    return np.random.SeedSequence(seed).spawn(3)
