"""How a study's specification tests and weights are called in print."""

from __future__ import annotations

from itertools import product
from typing import get_args

from gvcpos._core.options import SpatialModel
from gvcpos.study.spec import WeightsBlock

_LM = {"lm_lag": "LM, spatial lag", "lm_error": "LM, spatial error", "lm_lag_error": "LM, spatial lag and error"}
_GIVEN = {
    "": "",
    "_slx": ", given W X",
    "_given_lag": ", given the lag",
    "_given_error": ", given the error",
    "_random": ", given random effects",
    "_slx_random": ", given W X and random effects",
    "_given_lag_random": ", given the lag and random effects",
    "_given_error_random": ", given the error and random effects",
}
_EFFECTS = {"entity": "entity effects", "time": "time effects", "entity_time": "entity and time effects"}
_NESTED = tuple(product(get_args(SpatialModel), repeat=2))
_CIPS = "cips_"

TEST_NAMES = {
    "lm": "LM, spatial lag and error",  # where none of them can be computed
    **{name + given: text + words for (name, text), (given, words) in product(_LM.items(), _GIVEN.items())},
    "lm_conditional": "LM, what the model lacks",
    "robust_lm_lag": "Robust LM, spatial lag",
    "robust_lm_error": "Robust LM, spatial error",
    **{f"wald_{a}_{b}": f"Wald, {a.upper()} against {b.upper()}" for a, b in _NESTED if a != b},
    **{f"lr_{a}_{b}": f"LR, {a.upper()} against {b.upper()}" for a, b in _NESTED if a != b},
    "lr_effects": "LR, effects",
    **{f"lr_{name}": f"LR, {text}" for name, text in _EFFECTS.items()},
    **{f"lr_{name}_bartlett": f"LR, {text}, Bartlett-scaled" for name, text in _EFFECTS.items()},
    "lr_random": "LR, random effects",
    "lm_random": "LM, random effects, one-sided",
    "hausman": "Hausman, difference of estimates",
    "hausman_mundlak": "Hausman, means over time added (Mundlak)",
    "bsk": "LM on pooled residuals",
    "bsk_random": "LM on pooled residuals, random effects",
    "bsk_serial": "LM on pooled residuals, serial correlation",
    "bsk_error": "LM on pooled residuals, spatial error",
    "bsk_random_error": "LM on pooled residuals, random effects and spatial error",
    "bsk_random_serial": "LM on pooled residuals, random effects and serial correlation",
    "bsk_joint": "LM on pooled residuals, all three",
    "bsjk_error": "LM, spatial error, given random effects and serial correlation",
    "bsjk_random": "LM, random effects, given spatial error and serial correlation",
    "cross_section": "Cross-sectional dependence",
    "cd": "Pesaran's CD",
    "cd_lm": "Scaled LM of cross-section correlations",
    "cd_local": "Local CD over the neighbours",
    "moran": "Moran's I of the residuals, pooled",
    "jarque_bera": "Jarque-Bera",
    "serial": "Serial correlation",
    "serial_lm": "LM, serial correlation",
    "serial_robust": "Serial correlation, robust",
    "serial_wooldridge": "Wooldridge, serial correlation",
    "serial_lm_random": "LM, serial correlation, given random effects",
    "measures": "Collinearity and maxima",
    "vif": "Largest variance inflation factor",
    "modes": "Maxima of the likelihood",
}


def reader_name(test: str) -> str:
    """Return what a reader calls a test, by its name in ``diagnostics()``.

    Parameters
    ----------
    test : str
        As in ``"lr_entity_bartlett"`` or ``"cips_va_rate"``, which ends in a variable.

    Returns
    -------
    str
        The name itself where it has no other.
    """
    return f"CIPS unit root, {test.removeprefix(_CIPS)}" if test.startswith(_CIPS) else TEST_NAMES.get(test, test)


def weights_text(block: WeightsBlock, countries: int) -> str:
    """Describe the weights of a study in a few words."""
    kinds = {
        "inverse_distance": f"inverse distance, power {block.power:g}"
        + (f", cut off at {block.cutoff:g} km" if block.cutoff else ""),
        "knn": f"{block.k} nearest neighbours",
        "contiguity": "shared borders",
        "linkage": f"value-chain linkage in {block.base_year or 'the first year'}",
    }
    if block.flows is not None:
        chosen = "".join(f", {name} {value}" for name, value in block.flows.where.items())
        kinds["linkage"] = f"{block.flows.value} in both directions{chosen}"
    norm = {"row": "row-normalised", "spectral": "normalised by the spectral radius"}
    return f"{kinds[block.kind]}, {norm[block.normalisation]}, {countries} countries"
