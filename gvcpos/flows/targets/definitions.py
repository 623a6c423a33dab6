"""What each compared figure is: over which flows, processes, layers and years, in one file and in words beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from gvcpos._core.block import Block, Flag, Number, Whole
from gvcpos._core.errors import LabelError, SpecificationError
from gvcpos._core.faults import placed, words_of
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.resources import data_path
from gvcpos._core.yaml_lines import load_yaml_with_lines
from gvcpos.flows.network import Network

Names = Annotated[tuple[str, ...], Field(min_length=1)]
CostKind = Literal["material", "energy", "system", "waste"]
KINDS = ("mass", "value", "unit_value", "unit_cost", "share", "growth", "added_value", "rank", "cost_share")


class SumBlock(Block):
    """Flows that are added, less those that are taken off."""

    plus: Names
    minus: tuple[str, ...] = ()


class ShareBlock(Block):
    """Mass of some flows over that of others."""

    of: Names
    over: Names


class GrowthBlock(Block):
    """A mass of the last year over that of the first."""

    of: SumBlock
    first: Whole
    last: Whole


class RankBlock(Block):
    """Place of one set of processes among several by added value: 1 is the highest."""

    of: str
    among: dict[str, Names]


class CostShareBlock(Block):
    """Some kinds of cost over all cost."""

    of: tuple[CostKind, ...] = Field(min_length=1)
    by_centre: Flag = Field(
        False, description="sum over the centres, with what each receives from the one before as its material"
    )


class FigureBlock(Block):
    """A figure: the claim it is compared with, what is computed, and what is to be said of the difference."""

    claim: str = Field(min_length=1, description="id of the claim")
    words: str = Field(min_length=1, description="how ours is computed, in words")
    reason: str = Field(min_length=1, description="why ours differs, or is not expected to")
    target: Number | None = Field(None, description="what is compared, where the claim says it in words only")
    variant_of: str | None = Field(
        None, description="another figure of the same claim, of which this is another reading"
    )
    years: tuple[Whole, ...] | None = Field(None, min_length=1, description="all years of the system by default")
    layers: Names | None = Field(None, description="all layers by default")
    mass: SumBlock | None = None
    value: SumBlock | None = None
    unit_value: Names | None = Field(None, description="value of flows over their mass")
    unit_cost: Names | None = Field(None, description="cost of flows over their mass")
    share: ShareBlock | None = None
    growth: GrowthBlock | None = None
    added_value: Names | None = Field(None, description="processes: value of what leaves them less of what enters")
    rank: RankBlock | None = None
    cost_share: CostShareBlock | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> FigureBlock:
        given = [key for key in KINDS if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"a figure is one of {', '.join(KINDS)}; here are {len(given)}")
        if self.rank is not None and self.rank.of not in self.rank.among:
            raise ValueError(f"rank.of={self.rank.of!r} is none of {', '.join(self.rank.among)}")
        return self

    @property
    def kind(self) -> str:
        """Which of `KINDS` it is."""
        return next(key for key in KINDS if getattr(self, key) is not None)

    @property
    def flows(self) -> tuple[str, ...]:
        """Flows that it names, each once."""
        sums = [s for s in (self.mass, self.value, self.growth.of if self.growth else None) if s is not None]
        named = [name for part in sums for name in (*part.plus, *part.minus)]
        named += [*(self.unit_value or ()), *(self.unit_cost or ()), *(self.share.of if self.share else ())]
        return tuple(dict.fromkeys([*named, *(self.share.over if self.share else ())]))

    @property
    def processes(self) -> tuple[str, ...]:
        """Processes that it names, each once."""
        ranked = [name for part in self.rank.among.values() for name in part] if self.rank else []
        return tuple(dict.fromkeys([*(self.added_value or ()), *ranked]))


def load_targets(name: str | Path) -> dict[str, FigureBlock]:
    """Read the figures to compare, by key, in the order of the file.

    Parameters
    ----------
    name : str or path
        A system that ships (its file is ``data/flows/targets/NAME.yaml``), or the path of a file.

    Raises
    ------
    InputError
        If the file is absent.
    SpecificationError
        For every fault: line, what was found, what is allowed.
    """
    path = Path(name) if Path(name).suffix else data_path(f"flows/targets/{name}.yaml")
    data, line_of = load_yaml_with_lines(path)
    if not isinstance(data, dict) or set(data) != {"figures"} or not isinstance(data["figures"], dict):
        raise SpecificationError(f"{path}: a file of targets has one key, figures, with a block for each.")
    found, faults = {}, []
    for key, block in data["figures"].items():
        try:
            found[str(key)] = FigureBlock.model_validate(block)
        except ValidationError as error:
            for item in error.errors():
                inner, types = placed(FigureBlock, item["loc"])
                where = ".".join(str(part) for part in (key, *inner))
                faults.append(
                    f"{path}, line {line_of(('figures', key, *inner))}: figures.{where}: {words_of(item, types)}."
                )
        parent = found[str(key)].variant_of if str(key) in found else None
        if parent is not None and (parent not in found or found[parent].claim != found[str(key)].claim):
            where = f"{path}, line {line_of(('figures', key, 'variant_of'))}"
            faults.append(f"{where}: figures.{key}.variant_of = {parent!r}: no figure of the same claim before it.")
    if faults:
        raise SpecificationError("\n".join(faults))
    return found


def check_names(figures: Mapping[str, FigureBlock], network: Network) -> None:
    """Raise LabelError for flows, processes, layers or years that the network does not have, naming the figure."""
    for key, block in figures.items():
        years: Iterable[int] = (
            *(block.years or ()),
            *((block.growth.first, block.growth.last) if block.growth else ()),
        )
        for what, named, known in (
            ("flow", block.flows, network.flows),
            ("process", block.processes, network.processes),
            ("layer", block.layers or (), network.layers),
            ("year", tuple(years), network.years),
        ):
            unknown = tuple(_not_in(named, known))
            if unknown:
                raise LabelError(
                    f"figure {key}: no {what} is called {enumerate_labels(unknown)}. There are: "
                    f"{enumerate_labels(known, 12)}."
                )


def _not_in(named: Iterable[object], known: Iterable[object]) -> Iterator[object]:
    there = set(known)
    return (name for name in named if name not in there)
