"""Monte Carlo of a flow system: draws of its data, of its flows and costs, and what their variance comes from."""

from gvcpos._core.lazy import lazy_exports

_EXPORTS = {
    "DrawnArrays": "gvcpos.flows.draws.arrays",
    "FlowDraws": "gvcpos.flows.draws.results",
    "FlowRatio": "gvcpos.flows.draws.arrays",
    "Marginal": "gvcpos.flows.draws.marginals",
    "RegressionShares": "gvcpos.flows.draws.contributions",
    "Sampler": "gvcpos.flows.draws.sampler",
    "SobolIndices": "gvcpos.flows.draws.contributions",
    "SumRule": "gvcpos.flows.draws.sampler",
    "Variable": "gvcpos.flows.draws.sampler",
    "regression_shares": "gvcpos.flows.draws.contributions",
    "simulate": "gvcpos.flows.draws.simulation",
    "simulate_system": "gvcpos.flows.draws.systems",
    "sobol": "gvcpos.flows.draws.contributions",
}
__all__ = [
    "DrawnArrays",
    "FlowDraws",
    "FlowRatio",
    "Marginal",
    "RegressionShares",
    "Sampler",
    "SobolIndices",
    "SumRule",
    "Variable",
    "regression_shares",
    "simulate",
    "simulate_system",
    "sobol",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
