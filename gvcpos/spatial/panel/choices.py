"""What a panel model is chosen to be, beside its data: the keywords of all constructors, static and dynamic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from gvcpos._core.options import (
    ExtraUnits,
    LogDeterminantKind,
    MissingRule,
    PanelDynamics,
    PanelEffects,
    PanelMethod,
    RandomError,
    SpatialModel,
    StaticEffects,
)
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import as_weights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.inputs.formula import Evaluated

RULES = ("missing", "extra_units")


class FormulaOptions(TypedDict, total=False):
    """Keywords that static and dynamic models take alike, beside a formula; see `SpatialPanel`."""

    model: SpatialModel
    method: PanelMethod
    error_weights: Weights | Mapping[object, Weights] | None
    x_weights: Weights | Mapping[str, Weights] | None
    not_lagged: Iterable[str] | str
    missing: MissingRule
    extra_units: ExtraUnits


class StaticFormulaOptions(FormulaOptions, total=False):
    """Keywords of `SpatialPanel.from_formula`."""

    effects: StaticEffects
    random_error: RandomError
    log_determinant: LogDeterminantKind


class StaticOptions(StaticFormulaOptions, total=False):
    """Keywords of `SpatialPanel`."""

    intercept: bool


class DynamicFormulaOptions(FormulaOptions, total=False):
    """Keywords of `DynamicSpatialPanel.from_formula`."""

    effects: PanelEffects


class DynamicOptions(DynamicFormulaOptions, total=False):
    """Keywords of `DynamicSpatialPanel`."""

    dynamic: PanelDynamics
    intercept: bool


@dataclass(frozen=True)
class PanelChoices:
    """What is chosen beside the data, alike for static and dynamic models.

    Attributes
    ----------
    model, effects, method : str
    intercept : bool
    error_weights : Weights or None
    x_weights : Weights, mapping of str to Weights, or None
    not_lagged : tuple of str
    """

    model: str = "sdm"
    effects: str = "twoway"
    method: str = "lee-yu"
    intercept: bool = True
    error_weights: Weights | None = None
    x_weights: Weights | Mapping[str, Weights] | None = None
    not_lagged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choices(PanelChoices):
    """What is chosen of a static model.

    Attributes
    ----------
    random_error, log_determinant : str
    """

    random_error: str = "baltagi"
    log_determinant: str = "exact"


@dataclass(frozen=True)
class DynamicChoices(PanelChoices):
    """What is chosen of a dynamic model.

    Attributes
    ----------
    dynamic : str
    """

    dynamic: str = "space-time"


Chosen = TypeVar("Chosen", bound=PanelChoices)


def taken(options: Mapping[str, Any], kind: type[Chosen]) -> tuple[Chosen, dict[str, Any]]:
    """Divide keywords into choices and the rules for missing values and units of W that go with the data.

    Parameters
    ----------
    options : mapping
        As the constructors take them; what is absent has its default.
    kind : type
        `Choices` or `DynamicChoices`.

    Raises
    ------
    TypeError
        If a keyword is not known; the message lists those that are.
    """
    known = [field.name for field in fields(kind)]
    odd = [name for name in options if name not in known and name not in RULES]
    if odd:
        raise TypeError(f"unexpected keywords {', '.join(odd)}. There are: {', '.join([*known, *RULES])}.")
    given = {name: value for name, value in options.items() if name not in RULES}
    given["not_lagged"] = _names(given.get("not_lagged", ()))
    if given.get("error_weights") is not None:
        given["error_weights"] = as_weights(given["error_weights"], "error_weights")
    of_x = given.get("x_weights")
    if isinstance(of_x, Mapping):
        given["x_weights"] = {name: Weights.of(one, f"x_weights[{name}]") for name, one in of_x.items()}
    elif of_x is not None:
        given["x_weights"] = Weights.of(of_x, "x_weights")
    return kind(**given), {name: options[name] for name in RULES if name in options}


def specified(found: Evaluated, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords with what a formula says of the model, of spatial lags and of the constant.

    Raises
    ------
    TypeError
        If `intercept` is given, of which the formula decides.
    """
    if "intercept" in options:
        raise TypeError("intercept is not a keyword beside a formula: write '- 1' into it to leave the constant out.")
    model = options.get("model", PanelChoices.model)
    model, not_lagged = found.specified(model, _names(options.get("not_lagged", ())))
    return {**options, "model": model, "not_lagged": not_lagged, "intercept": found.intercept}


def _names(given: Iterable[str] | str) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
