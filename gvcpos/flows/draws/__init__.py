"""Monte Carlo of a flow system: draws of its data, of its flows and costs, and what their variance comes from."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "Marginal": "gvcpos.flows.draws.marginals",
    "RegressionShares": "gvcpos.flows.draws.contributions",
    "Sampler": "gvcpos.flows.draws.sampler",
    "SobolIndices": "gvcpos.flows.draws.contributions",
    "SumRule": "gvcpos.flows.draws.sampler",
    "regression_shares": "gvcpos.flows.draws.contributions",
    "sobol": "gvcpos.flows.draws.contributions",
}
__all__ = [
    "Marginal",
    "RegressionShares",
    "Sampler",
    "SobolIndices",
    "SumRule",
    "regression_shares",
    "sobol",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
