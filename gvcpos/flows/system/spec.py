"""What a system's file may say, one model a block. Field descriptions are the user's documentation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from gvcpos._core.block import Block, Flag, Number, Whole
from gvcpos.flows.cost.spec import CostsBlock, Prices
from gvcpos.flows.scenarios.spec import ScenarioBlock
from gvcpos.flows.stocks.ages import Timing
from gvcpos.flows.stocks.lifetimes import LifetimeName
from gvcpos.flows.system.quantities import Factor, Grade, LayerName, Masses, Plain, PlainShare, Shares, Time

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
FlowKind = Literal["product", "loss", "import", "export", "stock"]
Composition = Annotated[
    Annotated[Literal["same"], Tag("<same>")] | Annotated[dict[LayerName, PlainShare], Tag("<layers>")],
    Discriminator(lambda value: "<layers>" if isinstance(value, dict) else "<same>"),
]


class SourceBlock(Block):
    """Where numbers are from."""

    text: str = Field(min_length=1, description="the source as a reader would look for it")
    url: str | None = None
    grade: Grade | None = Field(None, description="quality of its numbers, A (best) to D")
    note: str | None = None


class Span(Block):
    """Years from the first to the last."""

    first: Whole = Field(ge=1800, le=2200)
    last: Whole = Field(ge=1800, le=2200)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.last < self.first:
            raise ValueError(f"last={self.last} is before first={self.first}")
        return self


SystemYears = Annotated[
    Annotated[Span, Tag("<span>")]
    | Annotated[tuple[Annotated[Whole, Field(ge=1800, le=2200)], ...], Field(min_length=1), Tag("<list>")],
    Discriminator(lambda value: "<span>" if isinstance(value, dict | BaseModel) else "<list>"),
]


class LifetimeBlock(Block):
    """How long things stay in use."""

    distribution: LifetimeName = Field(description="weibull, lognormal, normal or fixed")
    shape: Plain | None = Field(None, description="of a Weibull distribution")
    scale: Time | None = Field(None, description="of a Weibull distribution, in years")
    mean: Time | None = Field(None, description="mean lifetime in years")
    sd: Time | None = Field(None, description="standard deviation of the lifetime in years")

    @model_validator(mode="after")
    def _parameters_fit(self) -> LifetimeBlock:
        wanted = {"weibull": ({"shape", "scale"}, {"shape", "mean"}), "fixed": ({"mean"},)}
        allowed = wanted.get(self.distribution, ({"mean", "sd"},))
        given = {key for key in ("shape", "scale", "mean", "sd") if getattr(self, key) is not None}
        if given not in allowed:
            text = " or ".join(", ".join(sorted(keys)) for keys in allowed)
            raise ValueError(
                f"a {self.distribution} lifetime has {text}; here: {', '.join(sorted(given)) or 'nothing'}"
            )
        return self


class StockBlock(Block):
    """A stock in a process: what enters it leaves after its lifetime, by data of outflows, or never."""

    lifetime: LifetimeBlock | None = None
    timing: Timing = Field("middle", description="when in a year an inflow comes: start, middle or end")
    accumulates: Flag = Field(False, description="nothing ever leaves, as of a landfill")
    history: Masses | None = Field(None, description="inflows of the years before the first, without a gap")
    initial: Masses | None = Field(None, description="stock at the end of the year before the first")
    growth: Number = Field(0.0, gt=-1, allow_inf_nan=False, description="yearly growth of the inflow behind `initial`")
    composition: dict[LayerName, PlainShare] | None = Field(
        None, description="layers of `history` or `initial`, where they are given as totals"
    )

    @model_validator(mode="after")
    def _consistent(self) -> StockBlock:
        if self.accumulates and self.lifetime is not None:
            raise ValueError("a stock has a lifetime, or accumulates: true, not both")
        if self.history is not None and self.initial is not None:
            raise ValueError("give history (earlier inflows) or initial (the stock they left), not both")
        if self.history is not None and self.lifetime is None:
            raise ValueError("history says when earlier inflows leave only with a lifetime")
        if self.composition is not None and self.history is None and self.initial is None:
            raise ValueError("composition goes with history or initial")
        return self


class ProcessBlock(Block):
    """A process: what enters it leaves it, but for its stock."""

    title: str | None = None
    stage: str | None = Field(None, description="stage of the chain: upstream, midstream, downstream, use, ...")
    centre: Flag = Field(False, description="whether it is a quantity centre of cost accounting")
    stock: StockBlock | None = None
    costs: CostsBlock | None = Field(None, description="what the process spends; it is then a quantity centre")
    note: str | None = None


class RatioBlock(Factor):
    """A flow as a multiple of another."""

    of: str = Field(min_length=1, description="the other flow")
    basis: Literal["layers", "total"] | None = Field(
        None, description="whether each layer is a multiple of the other's (default), or only the total is"
    )


class FlowBlock(Block):
    """A flow from one process, or the outside, to another."""

    from_: str = Field(alias="from", min_length=1, description="process that it leaves, or outside")
    to: str = Field(min_length=1, description="process that it enters, or outside")
    title: str | None = None
    kind: FlowKind = "product"
    value: Masses | None = Field(None, description="measured mass: of the total, or by layer")
    composition: Composition | None = Field(
        None, description="shares of the layers, or `same`: as what leaves its process together with it"
    )
    share: Shares | None = Field(None, description="transfer coefficient: share of what enters `from`")
    ratio: RatioBlock | None = None
    price: Prices | None = Field(None, description="price of the flow: one, or by layer")
    purchase: Prices | None = Field(None, description="what the buyer pays, where that is not the price")
    note: str | None = None


class SystemSpec(Block):
    """A whole system."""

    name: Name
    title: str
    description: str | None = None
    synthetic: Flag = Field(False, description="true where numbers are invented: everything made from it then says so")
    years: SystemYears
    layers: tuple[Name, ...] = Field(("total",), min_length=1, description="parts of the mass; they sum to the total")
    sources: dict[Name, SourceBlock] = Field(default_factory=dict)
    processes: dict[Name, ProcessBlock] = Field(min_length=1)
    flows: dict[Name, FlowBlock] = Field(min_length=1)
    scenarios: dict[Name, ScenarioBlock] = Field({}, description="named changes of these numbers")

    @property
    def all_years(self) -> tuple[int, ...]:
        """The years, in order."""
        if isinstance(self.years, Span):
            return tuple(range(self.years.first, self.years.last + 1))
        return tuple(sorted(self.years))

    @property
    def has_costs(self) -> bool:
        """Whether a process has costs, so that there is money to account for."""
        return any(process.centre or process.costs is not None for process in self.processes.values())
