"""What a study may say: the specification, one model a block.

Every block refuses keys it does not know. Field descriptions are the user's documentation.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from gvcpos._core.block import Block, Flag, Whole
from gvcpos._core.options import CovarianceType, PanelEffects, PanelMethod, SpatialModel
from gvcpos.study.spec_covariates import Covariates, CovariatesBlock, VariableBlock
from gvcpos.study.spec_lockin import LockInBlock, RobustnessBlock
from gvcpos.study.spec_space import ColumnFile, FlowFile, PolygonFile, SpaceBlock, WeightsBlock
from gvcpos.study.spec_split import SplitBlock, StageSplitBlock
from gvcpos.study.spec_tables import ChainBlock, FileTables, PublishedTables, SyntheticTables, Tables
from gvcpos.study.spec_uncertainty import CellErrorsBlock, UncertaintyBlock

__all__ = [
    "CellErrorsBlock",
    "ChainBlock",
    "ColumnFile",
    "CovariatesBlock",
    "FileTables",
    "FlowFile",
    "LockInBlock",
    "PanelBlock",
    "PolygonFile",
    "PublishedTables",
    "ReportBlock",
    "RobustnessBlock",
    "SpaceBlock",
    "SplitBlock",
    "StageSplitBlock",
    "StudySpec",
    "SyntheticTables",
    "UncertaintyBlock",
    "VariableBlock",
    "WeightsBlock",
]


class PanelBlock(Block):
    """The spatial panel regressions."""

    stage: str = Field("upstream", description="stage of the chain that is the unit of observation")
    dependent: str = "va_rate"
    regressors: tuple[str, ...] = Field(("upstreamness",), min_length=1)
    models: tuple[SpatialModel, ...] = Field(("slx", "sar", "sem", "sdm"), min_length=1)
    main: SpatialModel = Field("sdm", description="the model whose effects and tests are reported")
    effects: PanelEffects = "twoway"
    method: PanelMethod = "lee-yu"
    cov_type: CovarianceType = "information"
    path: Flag = Field(True, description="whether to go the specification path: Moran, LM, effects, Hausman, Durbin")
    simulations: Whole = Field(2000, ge=100, description="draws for simulated standard errors of effects")

    @model_validator(mode="after")
    def _main_is_fitted(self) -> PanelBlock:
        if self.main not in self.models:
            raise ValueError(f"main={self.main} must be one of models ({', '.join(self.models)})")
        return self

    @model_validator(mode="after")
    def _method_has_effects_to_treat(self) -> PanelBlock:
        if self.effects == "none" and self.method != "lee-yu":
            raise ValueError(
                f"method={self.method} says how fixed effects are estimated; effects=none has none. Remove it"
            )
        return self


class ReportBlock(Block):
    """What the figures show."""

    countries: tuple[str, ...] = Field(("CHN", "USA", "JPN", "DEU"), min_length=1, description="countries to highlight")


class StudySpec(Block):
    """A whole study."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="letters, digits, - and _")
    title: str
    seed: Whole = Field(0, ge=0, description="seed of every random draw")
    tables: Tables
    chain: ChainBlock = ChainBlock()
    split: SplitBlock | None = Field(
        None, description="wide sectors cut with trade and production data into the chain's own part and the rest"
    )
    exclude: tuple[str, ...] = Field(("ROW",), description="economies left out of spatial statistics and tests")
    covariates: Covariates | None = None
    space: SpaceBlock = SpaceBlock()
    panel: PanelBlock = PanelBlock()
    lockin: LockInBlock = LockInBlock()
    robustness: RobustnessBlock | None = Field(
        None, description="specification curve and leave-one-out; {} for defaults"
    )
    uncertainty: UncertaintyBlock | None = Field(
        None, description="errors in the data carried to the coefficients; {} for defaults"
    )
    report: ReportBlock = ReportBlock()

    @model_validator(mode="after")
    def _something_has_errors(self) -> StudySpec:
        block = self.uncertainty
        if block is None or block.cells is not None or block.covariates:
            return self
        if self.split is None or not block.split_weights:
            raise ValueError(
                "uncertainty: neither cells nor covariates have errors, nor split weights: name covariates, or leave "
                "the block out"
            )
        return self
