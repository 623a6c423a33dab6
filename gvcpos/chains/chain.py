"""A value chain as an ordered set of stages: which sectors, and which HS codes, belong to which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos._core.options import choose

if TYPE_CHECKING:
    import pandas as pd

    from gvcpos._core.yaml_lines import YamlPath
    from gvcpos.chains.split import Split, SplitWeights
    from gvcpos.chains.split.data import HasFrame
    from gvcpos.tables import IOTable

RareEarthMap = Literal["adb35", "oecd45", "oecd50"]
SmeltingBoundary = Literal["smelting_midstream", "smelting_upstream"]


class HasSectors(Protocol):
    """Anything with sector labels, as an `IOTable`."""

    @property
    def sectors(self) -> tuple[str, ...]:
        """Sector labels."""


@dataclass(frozen=True)
class Stage:
    """One stage of a chain.

    Attributes
    ----------
    name : str
    sectors : tuple of str
        Labels of the table's sectors that make up the stage.
    hs : tuple of str
        HS codes of the stage's goods (``"2846.10"``), for trade data; may be empty.
    description : str
    goods : tuple of (str, str)
        HS code and the sector of the stage that makes the good, where the stage has several sectors.
    """

    name: str
    sectors: tuple[str, ...]
    hs: tuple[str, ...] = ()
    description: str = ""
    goods: tuple[tuple[str, str], ...] = ()

    @property
    def sector_of(self) -> dict[str, str]:
        """HS code to the sector that makes the good; empty if the stage has several sectors and does not say."""
        if self.goods or len(self.sectors) > 1:
            return dict(self.goods)
        return dict.fromkeys(self.hs, self.sectors[0])


@dataclass(frozen=True)
class Chain:
    """A chain of stages, first to last.

    Attributes
    ----------
    name : str
    stages : tuple of Stage
        In order, most upstream first.
    classification : str
        The sector list that the stages' labels belong to, as in ``"adb35"``.
    boundary : str
        Where the line between two stages was drawn, if that is a choice.

    Raises
    ------
    SpecificationError
        If a stage is nameless, empty or named twice, or if a sector is in two stages: sums over the
        stages would count it twice.
    """

    name: str
    stages: tuple[Stage, ...]
    classification: str = ""
    boundary: str = ""

    def __post_init__(self) -> None:
        if not self.stages:
            raise SpecificationError(f"chain {self.name!r} has no stages. Give at least one.")
        seen: dict[str, str] = {}
        for stage in self.stages:
            if not stage.name.strip() or not stage.sectors:
                raise SpecificationError(
                    f"chain {self.name!r}: stage {stage.name!r} needs a name and at least one sector."
                )
            for sector in stage.sectors:
                if sector in seen:
                    raise SpecificationError(
                        f"chain {self.name!r}: sector {sector!r} is in stage {seen[sector]!r} and in "
                        f"{stage.name!r}. Each sector belongs to one stage, once."
                    )
                seen[sector] = stage.name
            strange = [f"{sector!r} (HS {hs})" for hs, sector in stage.goods if sector not in stage.sectors]
            if strange:
                raise SpecificationError(
                    f"chain {self.name!r}: goods of stage {stage.name!r} are given to {', '.join(strange)}, which is "
                    f"not in the stage. It has: {', '.join(stage.sectors)}."
                )
        names = self.stage_names
        twice = [name for i, name in enumerate(names) if name in names[:i]]
        if twice:
            raise SpecificationError(f"chain {self.name!r}: stage {twice[0]!r} occurs twice.")

    @classmethod
    def from_yaml(cls, path: str | Path, *, boundary: str | None = None) -> Chain:
        """Read a chain from a YAML file; ``data/chains/rare_earths_adb35.yaml`` is the pattern.

        Parameters
        ----------
        path : str or Path
        boundary : str, optional
            One of the file's ``boundaries``; default the file's own choice.

        Raises
        ------
        SpecificationError
            For a wrong key or value: the message has the line and says what is allowed.
        """
        from gvcpos._core.yaml_lines import load_yaml_with_lines
        from gvcpos.chains.layout import chain_parts

        data, line_of = load_yaml_with_lines(path)

        def where(place: YamlPath) -> str:
            return f"{path}, line {line_of(place)}"

        return _build(chain_parts(data, where, boundary), f"{path}: ")

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, name: str = "chain", boundary: str = "") -> Chain:
        """Make a chain from a mapping.

        Parameters
        ----------
        mapping : mapping
            Stage name to sector labels, in order (``{"upstream": ["c2"], …}``), or, if it has the key
            ``"stages"``, the layout of a chain file.
        name : str
            Of a chain given as stage to sectors.
        boundary : str
            As in `from_yaml`; a mere label for a chain given as stage to sectors.

        Raises
        ------
        SpecificationError
            As for `from_yaml`; the place is named in place of the line.
        """
        from gvcpos.chains.layout import chain_parts

        if "stages" not in mapping:
            stages = [{"name": s, "sectors": list(v)} for s, v in mapping.items()]
            mapping = {"name": name, "stages": stages} | ({"boundary": boundary} if boundary else {})
            boundary = ""

        def where(place: YamlPath) -> str:
            return "chain" + "".join(f"[{key!r}]" for key in place)

        return _build(chain_parts(dict(mapping), where, boundary or None), "")

    @classmethod
    def rare_earths(cls, classification: RareEarthMap = "adb35", *, boundary: SmeltingBoundary | None = None) -> Chain:
        """Return the rare-earth chain that ships with gvcpos.

        Parameters
        ----------
        classification : {"adb35", "oecd45", "oecd50"}
            Sector list: ADB-MRIO and WIOD 2013, OECD ICIO 2023, OECD ICIO 2025.
        boundary : {"smelting_midstream", "smelting_upstream"}, optional
            Whether basic metals count as midstream (trade analysts, the default) or, with mining, as
            upstream (Huang & Xie 2025).

        Notes
        -----
        The sectors are far wider than rare earths: they measure mining, chemicals, metals and electronics.
        """
        choose(classification, RareEarthMap, "classification")
        if boundary is not None:
            choose(boundary, SmeltingBoundary, "boundary")
        return cls.shipped("rare_earths", classification, boundary=boundary)

    @classmethod
    def shipped(cls, name: str, classification: str = "adb35", *, boundary: str | None = None) -> Chain:
        """Return a chain that ships with gvcpos; `gvcpos.chains.shipped_chains` lists them.

        Parameters
        ----------
        name : str
            ``"rare_earths"``, ``"lithium"``, ``"cobalt"`` or ``"semiconductors"``.
        classification : str
            Sector list: ``"adb35"`` (also of WIOD 2013), ``"oecd45"`` or ``"oecd50"``.
        boundary : str, optional
            One of the chain's own boundaries.

        Raises
        ------
        InputError
            If there is no such chain; the message names those there are.
        """
        from gvcpos.chains.catalogue import shipped_path

        return cls.from_yaml(shipped_path(name, classification), boundary=boundary)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(stage.name for stage in self.stages)

    @property
    def sectors(self) -> tuple[str, ...]:
        """Every sector of the chain, stage by stage."""
        return tuple(sector for stage in self.stages for sector in stage.sectors)

    def stage(self, name: str) -> Stage:
        """Return one stage by its name."""
        return self.stages[int(locate([name], self.stage_names, f"stage of chain {self.name!r}")[0])]

    def stage_of(self) -> dict[str, str]:
        """Return sector to stage name."""
        return {sector: stage.name for stage in self.stages for sector in stage.sectors}

    def by_sector(self) -> Chain:
        """Return the chain with every sector as a stage of its own."""
        stages = tuple(Stage(sector, (sector,)) for sector in self.sectors)
        return replace(self, stages=stages)

    def check(self, table: HasSectors) -> dict[str, npt.NDArray[np.intp]]:
        """Find the chain's sectors in a table.

        Returns
        -------
        dict
            Stage name to positions among the table's sectors. The table may have other sectors too, and
            their order does not matter.

        Raises
        ------
        LabelError
            If the table lacks a sector of the chain; the message names it and its stage.
        """
        known = set(table.sectors)
        missing = [f"{s} ({name})" for s, name in self.stage_of().items() if s not in known]
        if missing:
            meant = f" (made for {self.classification})" if self.classification else ""
            raise LabelError(
                f"chain {self.name!r}{meant}: the table has no sector {enumerate_labels(missing)}. It has: "
                f"{enumerate_labels(table.sectors, 60)}. Use the chain made for the table's sector list."
            )
        return {stage.name: locate(stage.sectors, table.sectors, "sector") for stage in self.stages}

    def split(
        self,
        table: IOTable,
        trade: pd.DataFrame | HasFrame | None = None,
        production: pd.DataFrame | None = None,
        *,
        weights: SplitWeights | None = None,
        linkage: Mapping[tuple[str, str], float] | None = None,
        va_rates: Mapping[str, float] | None = None,
        inputs: pd.DataFrame | None = None,
        part: str = "RE",
        rest_part: str = "rest",
        tolerance: float = 1e-12,
        **data: Any,
    ) -> Split:
        """Cut the chain's wide sectors into its own part and the rest, so that the parts add up to the table.

        Parameters
        ----------
        table : IOTable
        trade, production : DataFrame, optional
            As in `SplitWeights.from_trade`, which also takes `data`: rest, unit, missing, reexports, cap,
            relative_error, sales_error, distribution, correlation.
        weights : SplitWeights, optional
            In place of trade and production.
        linkage : mapping of (stage, stage) to float, optional
            Fraction of a stage's own output, in every country it is sold to, that the own part of a stage buys there,
            if there is one. Default: it sells as the wide sector sells within a destination.
        va_rates : mapping of stage to float, optional
            Value added per unit of own output; default that of the wide sector, country by country.
        inputs : DataFrame, optional
            stage, sector, coefficient: purchases per unit of own output; others in proportion to the wide sector's.
        part, rest_part : str
            Names of the parts: ``"c2:RE"`` and ``"c2:rest"``.
        tolerance : float
            Of the sums of sales and purchases, relative to them.

        Raises
        ------
        InputError, LabelError
            As said at `SplitWeights.from_trade`, and for assumptions that leave no room.
        EstimationError
            If the parts do not balance.
        """
        from gvcpos.chains.split import SplitWeights, split_table

        if (trade is None) == (weights is None) or (weights is not None and (data or production is not None)):
            raise InputError("split takes trade (and production and what is said of them), or weights made before.")
        if weights is None:
            weights = SplitWeights.from_trade(table, self, trade, production, **data)
        assumed = {"linkage": linkage, "va_rates": va_rates, "inputs": inputs}
        return split_table(self, table, weights, part=part, rest=rest_part, tolerance=tolerance, **assumed)

    def to_yaml(self) -> str:
        """Return the chain as YAML text that `from_yaml` reads back to an equal chain."""
        import yaml

        data: dict[str, Any] = {"name": self.name}
        data |= {k: v for k in ("classification", "boundary") if (v := getattr(self, k))}
        data["stages"] = [_stage_mapping(stage) for stage in self.stages]
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)


def _stage_mapping(stage: Stage) -> dict[str, Any]:
    out: dict[str, Any] = {"name": stage.name}
    if stage.description:
        out["description"] = stage.description
    out["sectors"] = list(stage.sectors)
    if stage.goods:
        out["hs"] = {
            s: [hs for hs, maker in stage.goods if maker == s] for s in dict.fromkeys(maker for _, maker in stage.goods)
        }
    elif stage.hs:
        out["hs"] = list(stage.hs)
    return out


def _build(parts: Mapping[str, Any], origin: str) -> Chain:
    stages = tuple(Stage(**stage) for stage in parts["stages"])
    try:
        return Chain(parts["name"], stages, parts["classification"], parts["boundary"])
    except SpecificationError as error:
        raise SpecificationError(f"{origin}{error}") from error
