"""The steps of a specification path: each asks one question, says what it decided and why, and what contradicts it.

The rules are those of Elhorst (2014, ch. 2-3), Anselin and Rey (2014) for the LM tests, LeSage (2014) for posterior
probabilities. Where they leave room the larger model is kept, as leaving out what is there biases the rest and keeping
what is not there only costs precision (LeSage and Pace 2009).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gvcpos._core.errors import GvcposError
from gvcpos.spatial.panel.bayes.probabilities import model_probabilities
from gvcpos.spatial.panel.diagnostics.path_state import Decision, State, asked, shown
from gvcpos.spatial.panel.diagnostics.tests import undefined

CRITERIA = ("slx", "sar", "sem", "sdm", "sdem")
_DURBIN_NULLS = ("sar", "sem", "slx")
_FIXED = {(False, False): "none", (True, False): "entity", (False, True): "time", (True, True): "twoway"}


def moran(state: State) -> Decision:
    """Are the residuals of the regression without spatial terms spatially autocorrelated?"""
    null = "residuals are not spatially autocorrelated"
    test = asked("moran", null, lambda: state.specified("sdm").moran())
    found = state.rejects(test)
    word = {True: "autocorrelated", False: "no autocorrelation found", None: "not known"}[found]
    return Decision(
        "moran",
        f"Is the regression with {state.effects} effects enough?",
        f"{word}: spatial models are tried all the same",
        f"{shown(test)}; Moran's I does not tell a lag from an error or from neighbours' regressors.",
        "a regression without spatial terms",
        (),
        (test,),
    )


def lm(state: State) -> Decision:
    """Do the LM tests ask for a lag or an error?"""
    try:
        tests = state.specified("sdm").lm_tests()
    except GvcposError as error:
        tests = (undefined("lm", "no spatial lag or error", str(error)),)
    by = {test.name.removesuffix("_random"): state.rejects(test) for test in tests}
    lag, err = by.get("lm_lag"), by.get("lm_error")
    state.pointed, reason, against = _pointed(lag, err, by), ", ".join(map(shown, tests)), []
    if (by.get("robust_lm_lag") and not lag) or (by.get("robust_lm_error") and not err):
        against.append("a robust LM test rejects where the plain one does not; robust ones are not to be read then")
    words = {"sar": "a spatial lag", "sem": "a spatial error", "both": "both, neither alone", "none": "neither"}
    if not lag and not err and not any(state.rejects(test) is None for test in tests):
        against += ["no spatial dependence is found; the Durbin model is estimated to test W X, too"]
    return Decision(
        "lm",
        f"Lag or error, on the regression with {state.effects} effects?",
        f"the tests point to {words.get(state.pointed, 'nothing, being not defined')}",
        f"{reason}.",
        "spatial lag (sar), spatial error (sem), neither",
        tuple(against),
        tests,
    )


def _pointed(lag: bool | None, error: bool | None, by: dict[str, bool | None]) -> str:
    """Apply the usual rule: the plain test that rejects; if both do, the robust test that does."""
    if lag is None or error is None:
        return ""
    if lag != error:
        return "sar" if lag else "sem"
    if not lag:
        return "none"
    robust = (bool(by.get("robust_lm_lag")), bool(by.get("robust_lm_error")))
    return {(True, False): "sar", (False, True): "sem"}.get(robust, "both")


def effects(state: State) -> Decision:
    """Are entity and time effects needed?"""
    base = state.specified("sdm", "twoway" if state.effects.startswith("random") else None)
    found = {test.name: test for test in base.lr_effects()}
    entity, time = (state.rejects(found[f"lr_{name}_bartlett"]) for name in ("entity", "time"))
    given = state.effects
    wanted = given if entity is None or time is None else _FIXED[entity, time]
    against = []
    for name in ("lr_entity", "lr_time"):
        plain, scaled = found[name], found[f"{name}_bartlett"]
        if state.rejects(plain) != state.rejects(scaled):
            against.append(f"{shown(plain)} but {shown(scaled)}: few observations an effect; the scaled test decides")
    if wanted == "none" and state.rejects(found["lr_entity_time_bartlett"]):
        against.append(f"neither effect is needed alone, but {shown(found['lr_entity_time_bartlett'])}")
    reason = ", ".join(shown(test) for name, test in found.items() if name.endswith("bartlett"))
    decision = f"{wanted} effects"
    if wanted != given and state.hold_effects:
        against.append(f"the tests ask for {wanted} effects; {given} effects are held as asked")
        decision = f"{given} effects, held"
    elif wanted != given:
        state.effects = wanted
        against.append(f"the steps before were made with {given} effects{_again(state)}")
    return Decision(
        "effects",
        "Which effects does the Durbin model need?",
        decision,
        f"{reason}.",
        "none, entity, time, twoway",
        tuple(against),
        tuple(found.values()),
    )


def _again(state: State) -> str:
    """Make the LM tests anew with the effects just decided, if they were made before; say what they point to now."""
    if not state.pointed:
        return ""
    before, anew = state.pointed, lm(state)
    if before == state.pointed:
        return f"; with {state.effects} effects the LM tests point to the same"
    return f"; with {state.effects} effects {anew.decision} ({anew.reason.rstrip('.')}), which counts from here"


def hausman(state: State) -> Decision:
    """Fixed or random entity effects?"""
    question, options = "Fixed or random entity effects?", "random effects, fixed effects"
    if state.effects not in {"entity", "twoway"}:
        why = f"the effects are {state.effects}: there are no fixed entity effects to replace"
        return Decision("hausman", question, f"{state.effects} effects stay", f"{why}.", options, (), ())
    random = "random" if state.effects == "entity" else "random-time"
    null = "the effects go with no regressor"
    mundlak = asked("hausman_mundlak", null, lambda: state.fitted("sdm", random).hausman())  # type: ignore[attr-defined]
    plain = asked("hausman", null, lambda: state.fitted("sdm", random).hausman(kind="difference"))  # type: ignore[attr-defined]
    rejected = state.rejects(mundlak)
    against = []
    if None not in (rejected, state.rejects(plain)) and rejected != state.rejects(plain):
        against.append(f"{shown(mundlak)} but {shown(plain)}: the first, robust to non-normal errors, decides")
    if rejected is False and state.hold_effects:
        against.append(f"random effects are not rejected; {state.effects} effects are held as asked")
    elif rejected is False:
        state.effects = random
    decision = f"{state.effects} effects"
    reason = f"{shown(mundlak)}, {shown(plain)}; where random effects are rejected, only fixed ones are consistent."
    return Decision("hausman", question, decision, reason, options, tuple(against), (mundlak, plain))


def durbin(state: State) -> Decision:
    """Fit the Durbin model, which contains the lag, the error and the SLX model."""
    result = state.fitted("sdm")
    rho, error = float(result.params["rho"]), float(result.std_errors["rho"])
    return Decision(
        "durbin",
        "What does the model that contains the others say?",
        f"spatial Durbin model with {state.effects} effects estimated",
        f"rho = {rho:.4f} ({error:.4f}), log-likelihood {result.loglik:.3f}; "
        "its estimates stay unbiased where a lag, an error or neither is the truth.",
        "estimating a lag or an error model straight from the LM tests",
        (),
        (),
    )


def restrict(state: State) -> Decision:
    """Can the Durbin model be made smaller?"""
    result, tests, free, against = state.fitted("sdm"), [], [], []
    for other in _DURBIN_NULLS:
        pair = [
            asked(f"{kind}_sdm_{other}", f"the model is {other}", lambda other=other, test=test: test(other))  # type: ignore[misc]
            for kind, test in (("wald", result.wald), ("lr", result.lr))
        ]
        tests += pair
        verdicts = [state.rejects(test) for test in pair]
        if verdicts == [False, False]:
            free.append(other)
        elif verdicts[0] != verdicts[1]:
            against.append(f"against {other}: {shown(pair[0])} but {shown(pair[1])}; {other} is not taken")
    state.model = _smallest(state, free, against)
    reason = ", ".join(map(shown, tests))
    return Decision(
        "restrict",
        "Is the Durbin model a lag, an error or an SLX model?",
        state.model if state.model != "sdm" else "sdm stays",
        f"{reason}; {'not rejected by either test: ' + ', '.join(free) if free else 'all are rejected by a test'}.",
        ", ".join(_DURBIN_NULLS),
        tuple(against),
        tuple(tests),
    )


def _smallest(state: State, free: list[str], against: list[str]) -> str:
    """Choose among the models that neither test rejects; keep the Durbin model where the LM tests point elsewhere."""
    if not free:
        if state.pointed in {"sar", "sem"}:
            against.append(f"the LM tests point to {state.pointed}, which the Durbin model rejects or cannot test")
        return "sdm"
    best = min(free, key=lambda name: state.compared(name).bic)
    if len(free) > 1:
        against.append(f"{', '.join(free)} are all not rejected; {best} has the lowest bic of them")
    if best == "slx" and set(free) == set(_DURBIN_NULLS):
        against.append("no spatial term is needed: a regression without any may do")
    if best in {"sar", "sem"} and state.pointed in {"sar", "sem"} and state.pointed != best:
        against.append(
            f"the LM tests point to {state.pointed}, the Durbin model to {best}: it stays, as it covers both"
        )
        return "sdm"
    if best == "slx" and state.pointed in {"sar", "sem", "both"}:
        against.append("the LM tests find spatial dependence, but rho is not needed beside W X")
    return best


def criteria(state: State) -> Decision:
    """What do information criteria and posterior probabilities prefer?"""
    fits = {name: state.compared(name) for name in CRITERIA}
    aic, bic = (min(fits, key=lambda name, kind=kind: getattr(fits[name], kind)) for kind in ("aic", "bic"))  # type: ignore[misc]
    said = [f"aic {aic} ({fits[aic].aic:.2f})", f"bic {bic} ({fits[bic].bic:.2f})"]
    probable = ""
    try:
        found = model_probabilities(state.specified("sdm"), CRITERIA)["probability"]
        probable = str(found.index[int(np.argmax(found.to_numpy()))][0])
        said.append("posterior " + ", ".join(f"{key[0]} {value:.3f}" for key, value in found.items()))  # type: ignore[index]
    except GvcposError as error:
        said.append(f"posterior probabilities are not defined here ({error})")
    against = [
        f"{kind} prefers {name}, the tests {state.model}"
        for kind, name in (("aic", aic), ("bic", bic), ("the posterior probability", probable))
        if name and name != state.model
    ]
    return Decision(
        "criteria",
        "Do criteria that need no nesting agree?",
        f"{state.model} stays" if against else f"{state.model} confirmed",
        "; ".join(said) + ".",
        ", ".join(CRITERIA),
        tuple(against),
        (),
    )


def impacts(state: State) -> Decision:
    """What do the regressors do, at home and abroad?"""
    frame = state.fitted(state.model).effects()
    parts = [
        f"{variable}: direct {frame.loc[('direct', variable), 'estimate']:.4g} "
        f"(p {frame.loc[('direct', variable), 'pvalue']:.3g}), indirect "
        f"{frame.loc[('indirect', variable), 'estimate']:.4g} (p {frame.loc[('indirect', variable), 'pvalue']:.3g})"
        for variable in frame.index.get_level_values(1).unique()
    ]
    return Decision(
        "impacts",
        "What do regressors do, at home and to neighbours?",
        f"effects of the {state.model} model with {state.effects} effects",
        "; ".join(parts) + ".",
        "reading the coefficients, which are no effects where rho is not 0",
        (),
        (),
    )


STEPS: dict[str, Callable[[State], Decision]] = {
    "moran": moran,
    "lm": lm,
    "effects": effects,
    "hausman": hausman,
    "durbin": durbin,
    "restrict": restrict,
    "criteria": criteria,
    "impacts": impacts,
}
