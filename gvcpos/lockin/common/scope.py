"""Whom a test is about: the world, a group of countries, or one country."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align, locate, unique

if TYPE_CHECKING:
    from gvcpos.spatial import Weights

WORLD = "world"
ScopeLike = str | Iterable[str] | Mapping[str, Iterable[str]] | None


@dataclass(frozen=True)
class Scope:
    """A set of countries with a name.

    Attributes
    ----------
    name : str
        ``"world"``, the group's name, or the country.
    countries : tuple of str
        In the order of the panel.
    kind : {"world", "group", "country"}
    """

    name: str
    countries: tuple[str, ...]
    kind: Literal["world", "group", "country"]

    @classmethod
    def of(cls, scope: ScopeLike, panel: pd.DataFrame, exclude: Iterable[str] = ()) -> Scope:
        """Find the countries of a scope in a panel.

        Parameters
        ----------
        scope : str, iterable of str, mapping of one name to countries, or None
            None or ``"world"``: every country that is not excluded. One country's label. Several labels: a group, whose
            name is theirs joined by "+", or given as in ``{"ASEAN": ["MYS", "VNM"]}``.
        panel : DataFrame
            With a column country.
        exclude : iterable of str
            Never in the world; naming one in a group is an error.

        Raises
        ------
        LabelError
            If a country is not in the panel, or twice in a group.
        InputError
            If a mapping has not just one name, a group is empty, or a country is excluded and asked for.
        """
        left_out = set(exclude)
        known = tuple(str(c) for c in panel["country"].drop_duplicates() if str(c) not in left_out)
        if scope is None or scope == WORLD:
            return cls(WORLD, known, "world")
        name, members = _named(scope)
        hidden = [c for c in members if c in left_out]
        if hidden:
            raise InputError(f"scope {name!r}: {hidden[0]} is excluded. Take it out of one of the two.")
        unique(members, f"countries of scope {name!r}")
        places = sorted(int(i) for i in locate(members, known, "country of the panel"))
        return cls(name, tuple(known[i] for i in places), "country" if isinstance(scope, str) else "group")

    def take(self, panel: pd.DataFrame) -> pd.DataFrame:
        """Return the panel's rows of these countries, with its attrs."""
        out = panel[panel["country"].isin(self.countries)]
        out.attrs.update(panel.attrs)
        return out


def weights_of(whom: Scope, weights: Weights, panel: pd.DataFrame, exclude: Iterable[str]) -> Weights:
    """Return weights of just the countries of a scope; for a group others of the panel are cut off.

    Raises
    ------
    LabelError
        If the weights lack a country of the scope or, for the world, have others; for a group, if they have countries
        that the panel has not.
    """
    if whom.kind == "group":
        everyone = Scope.of(None, panel, exclude).countries
        locate(weights.ids, everyone, "country of the panel (weights)")
        weights = weights.subset([c for c in weights.ids if c in whom.countries])
    align(weights.ids, whom.countries, "the weights", "the countries of the scope")
    return weights


def just_these(weights: Weights, countries: Iterable[Hashable]) -> Weights:
    """Return the weights of just these countries, in their order, normalised by row if they are not normalised.

    Rows of row-normalised weights shrink when a neighbour leaves: they are normalised again.
    """
    kept = [str(c) for c in countries]
    again = weights.normalisation if weights.normalisation != "none" else "row"
    return (weights if len(kept) == weights.n else weights.subset(kept)).align(kept).normalised(again)


def _named(scope: str | Iterable[str] | Mapping[str, Iterable[str]]) -> tuple[str, list[str]]:
    if isinstance(scope, str):
        return scope, [scope]
    if isinstance(scope, Mapping):
        if len(scope) != 1:
            raise InputError(f"a scope is one group, not {len(scope)}: give {{name: countries}} of one.")
        ((name, members),) = scope.items()
        return str(name), _listed(name, members)
    members = _listed("", scope)
    return "+".join(members), members


def _listed(name: object, members: Iterable[str]) -> list[str]:
    found = [members] if isinstance(members, str) else [str(c) for c in members]
    if not found:
        raise InputError(f"scope {name!r} names no country.")
    return found
