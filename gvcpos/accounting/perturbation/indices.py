"""The published indices with their derivatives by every cell of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.leontief import LeontiefSystem
from gvcpos.accounting.perturbation.gradients import Gradient
from gvcpos.accounting.perturbation.kernels import Kernels
from gvcpos.accounting.perturbation.quantities import Quantities


class IndexGradients:
    """Gradients of the vector indices of one table under their published names.

    Parameters
    ----------
    system : LeontiefSystem
        Of a balanced table; exporters of one size.
    Y : ndarray, shape (n, G)

    Raises
    ------
    InputError
        If exporters are of unlike sizes (groups of countries).

    Notes
    -----
    Output moves with its row and value added closes the column. Where an index has no number, neither has its
    derivative: mask it with the index.
    """

    def __init__(self, system: LeontiefSystem, Y: FloatArray) -> None:
        if len(set(system.blocks.sizes)) != 1:
            raise InputError(
                f"derivatives need exporters of one size; there are {enumerate_labels(set(system.blocks.sizes))} "
                "cells. Leave out groups of countries."
            )
        self._q = Quantities(system, Y)

    @property
    def kernels(self) -> Kernels:
        """The matrices that the gradients refer to."""
        return self._q.kernels

    def __getitem__(self, name: str) -> Gradient:
        """Return the gradient of one index.

        Raises
        ------
        InputError
            If it is not among `names`.
        """
        if name not in self._made:
            raise InputError(f"no derivative of {name!r}. There are: {enumerate_labels(self._made, 40)}.")
        return self._made[name]()

    @property
    def names(self) -> tuple[str, ...]:
        """Indices that have one."""
        return tuple(self._made)

    @cached_property
    def _made(self) -> Mapping[str, Callable[[], Gradient]]:
        q = self._q
        makers: dict[str, Callable[[], Gradient]] = {
            "x": lambda: q.output,
            "va": lambda: q.value_added,
            "exports": lambda: q.exports,
            "va_rate": lambda: q.value_added / q.output,
            "fgo": lambda: q.final / q.output,
            "upstreamness": lambda: q.upstreamness,
            "downstreamness": lambda: q.downstreamness,
        }
        return makers | self._forward() | self._backward() | {"gvc_position": lambda: self._ahead / self._behind}

    @property
    def _ahead(self) -> Gradient:
        return self._q.chains_ahead / self._q.used_abroad

    @property
    def _behind(self) -> Gradient:
        return (self._q.downstreamness - self._q.home_behind) / self._q.from_abroad

    def _forward(self) -> dict[str, Callable[[], Gradient]]:
        """Return what is seen from sales; value added cancels in all of it."""
        q = self._q
        return {
            "wwyz_forward": lambda: q.used_abroad,
            "wwyz_forward_simple": lambda: q.used_next_door,
            "wwyz_forward_complex": lambda: q.used_abroad - q.used_next_door,
            "wwyz_forward_domestic": lambda: q.used("home"),
            "wwyz_forward_traditional": lambda: q.used("abroad"),
            "plv": lambda: q.upstreamness,
            "plv_domestic": lambda: q.again(q.used("home")) / q.used("home"),
            "plv_traditional": lambda: q.again(q.used("abroad")) / q.used("abroad"),
            "plv_gvc": lambda: self._ahead,
            "plv_gvc_home": lambda: q.again(q.used_abroad) / q.used_abroad,
            "plv_gvc_crossings": lambda: q.crossings_ahead / q.used_abroad,
            "plv_gvc_abroad": lambda: q.abroad_ahead / q.used_abroad,
        }

    def _backward(self) -> dict[str, Callable[[], Gradient]]:
        """Return what is seen from inputs; final demand cancels but for the share that stays at home."""
        q = self._q

        def at_home() -> Gradient:
            return q.final_home / q.final

        def crossings() -> Gradient:
            return q.downstreamness - q.home_behind - q.before_behind - q.after_behind

        def domestic() -> Gradient:
            return q.from_home * at_home()

        def simple() -> Gradient:
            return q.from_next_door * at_home()

        return {
            "wwyz_backward": lambda: q.from_abroad,
            "wwyz_backward_simple": simple,
            "wwyz_backward_complex": lambda: q.from_abroad - simple(),
            "wwyz_backward_domestic": domestic,
            "wwyz_backward_traditional": lambda: q.from_home - domestic(),
            "ply": lambda: q.downstreamness,
            "ply_domestic": lambda: q.home_behind / q.from_home,
            "ply_traditional": lambda: q.home_behind / q.from_home,
            "ply_gvc": lambda: self._behind,
            "ply_gvc_home": lambda: q.before_behind / q.from_abroad,
            "ply_gvc_crossings": lambda: crossings() / q.from_abroad,
            "ply_gvc_abroad": lambda: q.after_behind / q.from_abroad,
        }
