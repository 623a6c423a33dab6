"""The choices that methods leave open, each as a literal type: one file, one spelling."""

from __future__ import annotations

from typing import Literal, get_args

from gvcpos._core.errors import InputError

SpatialModel = Literal["slx", "sar", "sem", "sdm", "sdem", "sac", "gns"]
PanelEffects = Literal["none", "entity", "time", "twoway"]
StaticEffects = Literal["none", "entity", "time", "twoway", "random", "random-time"]
RandomError = Literal["baltagi", "kkp"]
HausmanKind = Literal["mundlak", "difference"]
PanelMethod = Literal["lee-yu", "direct"]
LogDeterminantKind = Literal["exact", "chebyshev", "traces"]
CovarianceType = Literal[
    "information", "hessian", "sandwich", "cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay"
]
PanelDynamics = Literal["none", "time", "space", "space-time"]
BiasCorrection = Literal["asymptotic", "finite", "none"]
EffectHorizon = Literal["both", "short", "long"]
DynamicCovariance = Literal[
    "information", "sandwich", "cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay"
]
BootstrapKind = Literal["wild", "parametric"]
BootstrapUnit = Literal["entity", "cell"]
WildWeights = Literal["rademacher", "webb"]
BootstrapInterval = Literal["t", "percentile"]
GmmCovariance = Literal[
    "robust", "homoskedastic", "clustered", "cluster-entity", "cluster-time", "cluster-twoway", "driscoll-kraay"
]
GmmInstruments = Literal["lags", "best"]
GmmMoments = Literal["robust", "classical", "initial", "weighted", "full"]
GmmWeighting = Literal["2sls", "efficient"]
BetaPrior = Literal["g", "diffuse"]
MissingRule = Literal["error", "drop-entities", "drop-periods"]
ExtraUnits = Literal["error", "subset"]
Deterministic = Literal["none", "constant", "trend"]
EffectErrors = Literal["delta", "simulation"]
EffectErrorsOrBoth = Literal["delta", "simulation", "both"]
EffectIntervals = Literal["auto", "delta", "simulation", "both", "likelihood"]
PanelInterval = Literal["auto", "normal", "likelihood"]
PredictionKind = Literal["reduced", "signal", "in-sample", "blup"]
PooledCentre = Literal["year", "twoway"]
ClassBounds = Literal["year", "pooled"]
DiscoveryFamily = Literal["panel", "year"]
WeightsKind = Literal["contiguity", "knn", "inverse_distance", "linkage"]
Normalisation = Literal["row", "spectral", "none"]
Islands = Literal["error", "keep"]
Leftover = Literal["error", "drop"]
SplitRows = Literal["merge", "keep"]
AccountLevel = Literal["country", "sector"]
FlowLevel = Literal["country", "sector", "pair", "sector_pair"]
Perspective = Literal["exporter", "world", "sector", "sector_pair", "pair", "importer"]
Approach = Literal["source", "sink"]
TermOrigin = Literal["none", "country", "sector"]
Goods = Literal["all", "intermediate", "final"]
WideBorder = Literal["country", "world"]
TivaOutput = Literal["tiva", "shares", "terms", "standard"]
OriginOf = Literal["exports", "output", "final_demand", "final_goods", "none"]
OriginLevel = Literal["country", "sector", "country_sector"]
StartMethod = Literal["fork", "spawn"]
TradeReport = Literal["exporter", "importer", "reconciled"]
TradeMarket = Literal["world", "country"]
TradeParties = Literal["suppliers", "buyers"]
RegionLevel = Literal["region", "subregion"]
OutlierRule = Literal["drop", "keep"]
UnspecifiedAreas = Literal["row", "drop"]
Unbalanced = Literal["refuse", "report"]
SplitOrder = Literal["invert-then-merge", "merge-then-invert"]


def choose(value: str, kind: object, what: str) -> str:
    """Return `value` if it is one of the choices of the literal type `kind`.

    Raises
    ------
    InputError
        If it is not; the message lists what is allowed.
    """
    allowed = get_args(kind)
    if value not in allowed:
        raise InputError(f"{what}={value!r} is not known. Allowed: {', '.join(map(repr, allowed))}.")
    return value
