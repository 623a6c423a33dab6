"""Which chain a study means: one that ships, by name or sector list, a file, or the synthetic world's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos.chains import Chain, shipped_chains
from gvcpos.study.places import Places
from gvcpos.study.spec import ChainBlock

if TYPE_CHECKING:
    from gvcpos.tables import SyntheticWorld

_PLAIN = "rare_earths"  # what a sector list alone stands for


def chain_of(
    block: ChainBlock, places: Places, world: SyntheticWorld | None, sectors: Callable[[], Sequence[str]]
) -> Chain:
    """Return the chain that a study names.

    Parameters
    ----------
    block : ChainBlock
    places : Places
    world : SyntheticWorld or None
    sectors : callable
        Gives the labels of the sectors of the tables, to choose among the sector lists of a shipped chain.

    Raises
    ------
    SpecificationError
        If there is no such chain or file, none for the sectors of the tables, or its file is wrong.
    """
    if block.map == "world":
        if world is None:
            raise SpecificationError(
                f"chain.map = 'world' goes with synthetic tables only. Allowed for files: {_allowed()}."
            )
        return Chain.from_mapping(world.chain, name="synthetic rare-earth chain")
    stem = _shipped(block.map, sectors)
    try:
        path = places.shipped(f"chains/{stem}.yaml") if stem else places.file(block.map)
    except InputError as error:
        raise SpecificationError(f"chain.map = {block.map!r}: {error} Allowed: {_allowed()}.") from error
    try:
        return Chain.from_yaml(path, boundary=block.boundary)
    except SpecificationError as error:
        raise SpecificationError(f"chain.map = {block.map!r}: {error}") from error


def _shipped(name: str, sectors: Callable[[], Sequence[str]]) -> str | None:
    """Return the shipped file that a name means; None for a file of the user's."""
    known = shipped_chains()
    stems = {f"{chain}_{listed}" for chain, lists in known.items() for listed in lists}
    if name in known[_PLAIN]:
        return f"{_PLAIN}_{name}"
    if name in stems:
        return name
    if name in known:
        return _for_sectors(name, known[name], sectors())
    return None


def _for_sectors(name: str, lists: Sequence[str], sectors: Sequence[str]) -> str:
    """Return the file of a chain whose sectors the tables have."""
    for listed in lists:
        if set(Chain.shipped(name, listed).stage_of()) <= set(sectors):
            return f"{name}_{listed}"
    raise SpecificationError(
        f"chain.map = {name!r}: this chain ships for the sector lists {', '.join(lists)}, and the tables have none of "
        f"them. They have: {enumerate_labels(sectors, 60)}. Give a YAML file of stages with these sectors."
    )


def _allowed() -> str:
    known = shipped_chains()
    return (
        f"{', '.join(known)} (for the sectors of the tables), {', '.join(known[_PLAIN])} (rare earths), or a YAML file"
    )
