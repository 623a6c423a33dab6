"""The words of the page of simulations: what was done, how to read it, and why some numbers are where they are."""

from __future__ import annotations

from typing import Any

DESIGN = """# Simulations of the spatial panel engine

Written by `python benchmarks/panel_simulations.py` from `simulations.csv` beside it, which has every number with more
digits: bias, RMSE, standard deviation over draws, root of the mean squared standard error, and the share of intervals
that cover or of tests that reject. The guide is [spatial.md](spatial.md).

y_t = ρ W y_t + X_t β + W X_t θ + μ + α_t 1 + u_t,  u_t = λ W u_t + e_t

- 60 units. W: a ring, three neighbours on either side with unequal weights, rows normalised; the same W for lag, error
  and regressors unless a table says otherwise. T = 15 and T = 5.
- β = (1, -0.5), θ = (0.3, -0.2), ρ = 0.4, λ = 0.3 where the model has them; e normal with variance 1 unless said.
- Two regressors, normal, drawn anew each time. Fixed effects are drawn anew with variance 1 and go with the regressors
  (x = 0.5 (μ + α) + normal). Random effects have variance 1, go with no regressor, and the regressors have a part that
  does not vary over time; "baltagi" keeps them at home, "kkp" sends them through the spatial error.
- Lee and Yu's likelihood, which is the default, with standard errors of the information matrix, unless said.
- Intervals: by default `conf_int()` gives estimate ± 1.96 standard errors and `effects()` the delta method, but in sar,
  whose effects have intervals from draws, and in sac and gns, where both give intervals of the likelihood ratio. The
  table by model and effects shows standard errors, delta method and draws for all models, sac and gns too; the defaults
  of these have a table of their own. φ, which is positive and skewed, is shown as `conf_int()` has it by default: by
  standard errors of log φ, in sac and gns by the likelihood ratio, in the table of their defaults.
- Tests: p-values of `wald()` and `lr()` are those of χ², but of `wald()` in sac and gns with one W for lag and error,
  which come from samples drawn under the null by default.
- Cells with 2,000 to 4,000 draws are those that had a default number just outside its claim in the first 1,000; they
  are counted on, with all numbers they have.
- Every draw of a cell has its own seed, made of the cell's name and the draw's number.

A share p of n draws has a Monte-Carlo error of √(p (1 − p) / n): 0.7 points at 95 % and 1,000 draws, 1.3 at 300, 1.8 at
150, 2.2 at 100, where 91 to 99 is what 95 % looks like. The column "draws" says how many there are. Numbers outside 93
to 97 % (coverage) or 3 to 7 % (size of tests at 5 %) are **bold**, whether by chance or not; a number further outside
than three such errors counts as clearly outside.
"""

HEADINGS = {
    "fit": """## Bias, RMSE and coverage, by model and effects

β, θ, ρ, λ, and φ = σ²_μ / σ² = 1 of random effects: bias, RMSE, and coverage in percent of intervals of 95 %. For β and
θ, which have two coefficients each, the larger bias, the root of the mean of both squares, and the coverage further
from 95. Effects: coverage by the delta method, then by simulation (percentiles of 1,000 draws), the further from 95 of
two regressors.
""",
    "profile": """## sac and gns: ρ and λ by the likelihood ratio

Coverage in percent of `profile_intervals()`, 95 %, one W for lag and error, where intervals of standard errors cover
less.
""",
    "likelihood": """## sac and gns: what `conf_int()` and `effects()` give by default

Coverage in percent of likelihood-ratio intervals, 95 %, of all parameters and effects, one W for lag and error; of
two coefficients or two regressors the further from 95. The draws are those of the first tables.
""",
    "drawn": """## Wald tests within sac and gns: what `wald()` gives by default

Rejections in percent at 5 % where the null holds: the covariance is that under the null, the p-value comes from samples
drawn under it. To save time each test draws 21 where the default is 199; if all is well it rejects with probability
1/22, the default with 9/200. The data are those of the χ² tests within sac and gns below.
""",
    "size": """## Size of tests

Rejections in percent at 5 % where the null holds. "wald in sdm" is the Wald test, within a Durbin model, of the model
that made the data; LM tests look at the model of the data itself. The tests of sem within sdm are those of the common
factor, θ + ρβ = 0. "wald in sac" and "wald in gns" are those with a χ² p-value, `wald(..., draws=0)`, which is not the
default and warns.
""",
    "covariance": """## Covariances where innovations are not normal or not of one variance

Two-way effects. Coverage in percent of intervals of 95 %, of β, θ, ρ, λ as far as the model has them (of two
coefficients the further from 95), by `cov_type`; of sar also by `fit_gmm(instruments="best")`, which is robust to
variances that differ. "bias" is that of ρ or λ in standard deviations of the estimate: no covariance repairs it.

- `t5`: Student's t with 5 degrees of freedom, of variance 1; `exponential`: half a
  χ² with 2 degrees, less 1;
- `variances`: standard deviations differ between units, log-normal (0.8), without regard to W;
- `variances by size`: in groups of 3 to 12 units that are each other's neighbours, the variance of a unit goes
  as the inverse of its group's size: it goes with the unit's place in W.
""",
    "hard": """## Hard cases

Two-way effects unless said. "at the edge": percent of draws with a `BoundaryWarning`, of the estimate or of simulated
effects whose draws of ρ leave the admissible interval. Dense W: inverse distances of 60 capitals. Nearly disconnected
W: groups of 3 to 12 that are complete within and hang together by one hundredth of the weights. Own weights: the error
has the weights of those groups, the lag those of the ring. Many years: one W for both.
""",
}

CLOSING = """## What to take from it

- slx, sar, sem, sdm and sdem, fixed effects or none: intervals of all parameters cover 93 to 97 % at either T, up to
  chance. ρ and λ come out low by 0.02 at most, θ of sdm high by 0.03 at T = 5: a quarter of their standard deviation.
- The delta method's intervals of indirect and total effects fall a little short where ρ is known badly (T = 5), and by
  ten points and more where it is also large (0.9): they are symmetric, and the distribution of 1/(1 − ρ) is not. In
  sar, where that is all there is to an indirect effect, intervals come from draws by default; elsewhere take
  `effects("simulation")`, which is nearer though not exact either, or look at both.
- sac and gns with one W for lag and error ask for what the data hardly tell apart: intervals of standard errors cover
  some 91 % for ρ and λ in sac and 80 to 90 % in gns, and θ and effects suffer too. With weights of its own for the
  error this goes away, with many years slowly. The default there is the likelihood ratio, for all parameters and
  effects, with random effects too: it follows the ridge, and covers.
- Wald tests with χ² p-values reject a true null in up to 8 % of samples within sac, in 8 to 21 % within gns. `wald()`
  draws samples under the null instead. `lr()` keeps its level and needs no draws: take it.
- A dense W leaves little to learn ρ from: its RMSE is three times that of the ring. Intervals cover; of simulated
  effects, many draws of ρ leave the admissible interval at T = 5, and a warning says so.
- ρ or λ of 0.9 or -0.9 and a nearly disconnected W do the estimates no harm.
- Take `method="direct"` for comparisons with other programs only: its variance is too small by (T − 1)/T, and its
  intervals with it; with two-way effects ρ is biased by half a standard deviation and more, at T = 15 too.
- Heavy tails and skewness do no visible harm to any covariance. Variances that differ between units without regard to W
  leave ρ and λ unbiased and make their intervals too wide rather than too narrow. Variances that go with a unit's place
  in W bias ρ and λ under maximum likelihood; the covariance is not what is wrong, though `"cluster-entity"` covers
  more. `fit_gmm` is made for this.
"""

WEAK = (
    "One W for lag and error: ρ and λ are hardly told apart. The likelihood is a ridge, the estimates of the two are "
    "pulled in opposite directions and are far from normal in samples of this size; W x, which gns has as well, takes "
    "from ρ what is left to identify it by. Standard errors are right on average (csv), but the normal distribution is "
    "not: with weights of its own for the error it is, with more years it slowly becomes so (hard cases). These "
    "intervals are not the default, which is the likelihood ratio."
)
SKEWED = (
    "Effects through 1/(1 − ρ) where ρ is known badly: their distribution is skewed, the delta method's interval is "
    "symmetric. The simulated interval is nearer."
)
SMALL_WALD = (
    "Wald tests and likelihood ratios have their χ² distribution in large samples only; with this few years they "
    "reject too often by a point or two."
)
NUISANCE = (
    "Tests within sac and gns: under the null one of ρ and λ is 0 and the other hardly told apart from it, so that χ² "
    "is a poor approximation, and the Wald test, whose errors are those at the estimate, the poorer one. A χ² p-value "
    "of a Wald test within sac or gns is not the default."
)
HAUSMAN = (
    "Hausman's test by means (mundlak) is a Wald test with a sandwich covariance of 60 units, which is too small in "
    "samples of this size, as sandwiches are."
)
DIFFERENCE = (
    "Hausman's test by difference: with little between the two covariances the quadratic form is not χ² in a small "
    "sample. It is not the default, and refused in gns, where neither covariance says how far the estimates are off."
)


def reason(row: Any) -> str:
    """Why a rate is outside its claim; empty where there is no reason but chance."""
    if row.kind == "test":
        return _of_test(row)
    if row.block != "fit":
        return ""
    if row.model in {"sac", "gns"}:
        return WEAK
    if row.kind in {"direct", "indirect", "total"} and row.interval == "delta":
        return SKEWED
    return ""


def _of_test(row: Any) -> str:
    if row.name.startswith("hausman"):
        return HAUSMAN if "mundlak" in row.name else DIFFERENCE
    if "gns" in row.name or "sac" in row.name:
        return NUISANCE
    if row.name.startswith(("wald", "lr")) and row.years < 10:
        return SMALL_WALD
    return ""
