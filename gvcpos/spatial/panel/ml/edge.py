"""Say when a spatial parameter sits at the edge of its admissible interval."""

from __future__ import annotations

import warnings

from gvcpos._core.errors import BoundaryWarning
from gvcpos.spatial.panel.ml.estimation import Estimate, PanelArrays

_NEAR = 1e-3  # share of the admissible interval that counts as its edge


def warn_at_edge(what: str, panel: PanelArrays, estimate: Estimate, *, stacklevel: int = 4) -> None:
    """Warn of rho or lambda at the edge.

    Parameters
    ----------
    what : str
        The model in words.
    panel : PanelArrays
    estimate : Estimate
    stacklevel : int
        Counted from here.
    """
    for name, value in estimate.spatial.items():
        lower, upper = (panel.spectrum if name == "rho" else panel.error_spectrum).interval
        if min(value - lower, upper - value) < _NEAR * (upper - lower):
            warnings.warn(
                f"{what}: {name} = {value:.6f} is at the edge of its admissible interval ({lower:.6f}, {upper:.6f}): "
                "the multiplier explodes and standard errors mean little. Check the model, the effects and W.",
                BoundaryWarning,
                stacklevel=stacklevel,
            )
