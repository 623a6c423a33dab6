"""What a panel with a specification says of itself before it is fitted, static or dynamic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.options import Deterministic
from gvcpos.spatial.panel.diagnostics.tests import PanelTest
from gvcpos.spatial.panel.diagnostics.unit_root import cips
from gvcpos.spatial.panel.inputs.design import Design
from gvcpos.spatial.panel.inputs.missing import LeftOut
from gvcpos.spatial.panel.inputs.panel_data import PanelData
from gvcpos.spatial.weights import Weights

Array = npt.NDArray[np.float64]


class PanelModel:
    """Data, weights and design of a model, and tests of its variables."""

    data: PanelData
    design: Design

    @property
    def weights(self) -> Weights:
        """The spatial weights."""
        return self.data.weights

    @property
    def left_out(self) -> LeftOut:
        """What the rules for missing values and for units of W left out."""
        return self.data.left_out

    @property
    def regressors(self) -> tuple[str, ...]:
        """Columns of the design: the constant, the regressors, their spatial lags, tau and eta of a dynamic model."""
        return self.design.names

    def unit_root(
        self,
        *,
        deterministic: Deterministic = "constant",
        lags: int | None = None,
        truncated: bool = True,
        draws: int = 1000,
        seed: int = 0,
    ) -> tuple[PanelTest, ...]:
        """Pesaran's (2007) CIPS test of y and of every regressor that is no constant; see `unit_root.cips`.

        In a dynamic panel y has its first period, too.
        """
        data = self.data
        columns = [(data.y_name, self._outcome)]
        columns += [(name, data.X[:, :, j]) for j, name in enumerate(data.names) if np.ptp(data.X[:, :, j]) > 0.0]
        return tuple(
            cips(Z, deterministic=deterministic, lags=lags, truncated=truncated, draws=draws, seed=seed, name=name)
            for name, Z in columns
        )

    @property
    def _outcome(self) -> Array:
        """Every known period of y, shape (T or T+1, N)."""
        return self.data.y
