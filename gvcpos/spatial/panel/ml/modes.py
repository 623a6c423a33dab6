"""Several maxima of one likelihood: what they are, and a warning where the choice between them is close."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from gvcpos._core.errors import ModesWarning

if TYPE_CHECKING:
    import pandas as pd

    from gvcpos.spatial.panel.ml.estimation import Estimate

NEAR = 2.0  # units of log-likelihood


def warn_of_modes(estimate: Estimate, names: tuple[str, ...], stacklevel: int = 3) -> None:
    """Warn if a second maximum of the likelihood is within two units of the highest."""
    best = estimate.modes[0]
    near = [mode for mode in estimate.modes[1:] if best.loglik - mode.loglik < NEAR]
    if near:
        other = near[0]
        values = {"rho": (best.rho, other.rho), "lambda": (best.lam, other.lam)}
        have, also = (", ".join(f"{name} = {values[name][i]:.4f}" for name in names) for i in (0, 1))
        warnings.warn(
            f"the likelihood has a second maximum at {also}, only {best.loglik - other.loglik:.3f} below the highest "
            f"one at {have}, which is the estimate. Standard errors describe one of them only; see `modes_report`.",
            ModesWarning,
            stacklevel=stacklevel,
        )


def report(modes: pd.DataFrame) -> str:
    """Say in words which maxima the likelihood has.

    Parameters
    ----------
    modes : DataFrame
        As `SpatialPanelResults.modes`.
    """
    names = [name for name in modes.columns if name not in {"loglik", "interior"}]
    if not names:
        return "The model has no spatial parameter; its likelihood has one maximum."
    lines = ["The likelihood has one maximum." if len(modes) == 1 else f"The likelihood has {len(modes)} maxima."]
    best = float(modes["loglik"].iloc[0])
    for place, row in enumerate(modes.to_dict("records")):
        at = ", ".join(f"{name} = {row[name]:.4f}" for name in names)
        edge = "" if row["interior"] else "; at the edge of the admissible interval"
        below = "the estimate" if place == 0 else f"{best - row['loglik']:.3f} below the estimate"
        lines.append(f"  {at}: log-likelihood {row['loglik']:.4f}, {below}{edge}.")
    gaps = best - modes["loglik"].iloc[1:]
    if (gaps < NEAR).any():
        lines.append(f"A maximum less than {NEAR:g} below is hardly less likely: report both, or choose another model.")
    return "\n".join(lines)
