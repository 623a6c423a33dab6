"""How effects leave a dynamic panel: time effects transformed or directly, entity effects directly."""

from __future__ import annotations

from dataclasses import dataclass

from gvcpos.spatial.panel.inputs.transform import Transformation


@dataclass(frozen=True)
class ConditionalTransformation(Transformation):
    """Effects of a dynamic panel: time effects by Lee and Yu's transformation or directly, entity effects directly.

    Lee and Yu's orthonormal transformation over time mixes y_{t-1} with innovations to come, so that the likelihood
    given y_0 keeps all T periods and the bias is taken out afterwards.
    """

    @property
    def determinants(self) -> int:
        """T: all periods after the first."""
        return self.periods

    @property
    def absorbed(self) -> int:
        """Number of effects that the likelihood estimates beside an overall constant."""
        if not self.lee_yu:
            return super().absorbed
        return (self.units - self.time) * self.entity
