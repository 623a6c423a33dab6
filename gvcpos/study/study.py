"""Study: a specification, run from files to a results folder."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, GvcposWarning
from gvcpos.chains import published_panel
from gvcpos.lockin import Verdict
from gvcpos.spatial import SpatialPanelResults, Weights
from gvcpos.study.accounts import account_frames, shares_outside
from gvcpos.study.chain_flows import ChainFlows, ChainTraces
from gvcpos.study.chain_panels import boundary_chains
from gvcpos.study.comparison import planted_frame
from gvcpos.study.covariates import add_covariates
from gvcpos.study.evidence import evidence_frames, verdict_of
from gvcpos.study.folder import check_target, fresh_folder
from gvcpos.study.inputs import Inputs, check_labels, gather
from gvcpos.study.leaders import DRAWS, leader_frames, rank_frames
from gvcpos.study.loading import find_study, load_spec
from gvcpos.study.output import write_results
from gvcpos.study.placebos import check_placebos, placebo_frames
from gvcpos.study.places import Places, find_data
from gvcpos.study.progress import Progress, silent
from gvcpos.study.results import StudyResults
from gvcpos.study.robust import robustness_frames
from gvcpos.study.space import fit_models, local_moran, make_weights, moran_frame, residual_frame, stages_tested
from gvcpos.study.spec import FileTables, PublishedTables, StudySpec
from gvcpos.study.split_output import split_frames
from gvcpos.study.uncertain import check_uncertainty, uncertainty_frames
from gvcpos.study.variants import MAIN, all_paths, drops_islands, variant_frames, weights_frame
from gvcpos.tables.published import published_identities

if TYPE_CHECKING:
    import geopandas as gpd


class Study:
    """A study, ready to run.

    Parameters
    ----------
    spec : StudySpec
    folder : path
        Relative paths of the specification start here.
    data : path, optional
        What ``${data}`` stands for; default the folder named by ``GVCPOS_SHARED``.
    """

    def __init__(self, spec: StudySpec, *, folder: str | Path = ".", data: str | Path | None = None) -> None:
        self.spec = spec
        self._folder = Path(folder).resolve()
        self._data = find_data(data)

    @classmethod
    def from_yaml(
        cls, study: str | Path = "demo", overrides: Iterable[str] = (), *, data: str | Path | None = None
    ) -> Study:
        """Read a study file, or a shipped study by its name.

        Parameters
        ----------
        study : str or Path
            YAML file, or the name of a shipped one, as in ``"demo"``, ``"wiod2013"``, ``"adb72"`` and ``"adb62"``.
        overrides : iterable of str
            As in ``"panel.effects=entity"``.
        data : path, optional

        Raises
        ------
        SpecificationError
            With the line of every wrong key or value, and what is allowed there.
        """
        path = find_study(study)
        return cls(load_spec(path, overrides), folder=path.parent, data=data)

    def run(self, out: str | Path | None = None, *, progress: Progress = silent) -> StudyResults:
        """Run the study; with `out`, write the results folder.

        Parameters
        ----------
        out : path, optional
            New, empty, or with earlier results, which are replaced when the new ones are complete.
        progress : Progress
            Told of every step.

        Returns
        -------
        StudyResults

        Raises
        ------
        GvcposError
            Any of the tree; nothing is written then.
        """
        if out is not None:
            check_target(out)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", GvcposWarning)
            places = Places(self._folder, self._data)
            inputs = gather(self.spec, places)
            found = _compute(self.spec, inputs, progress)
        told = [str(item.message) for item in caught if issubclass(item.category, GvcposWarning)]
        dropped = [str(item.message) for item in caught if issubclass(item.category, DroppedRowsWarning)]
        results = StudyResults(**found, warnings=tuple(dict.fromkeys(told)), dropped=tuple(dict.fromkeys(dropped)))
        for item in caught:
            if not issubclass(item.category, GvcposWarning):
                warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
        if out is not None:
            with fresh_folder(out) as folder:
                write_results(results, inputs, folder, progress)
        return results


def _compute(spec: StudySpec, inputs: Inputs, progress: Progress) -> dict:
    countries, shapes = _checked(spec, inputs)
    blocks = {MAIN: spec.space.weights, **spec.space.variants}
    weights = {name: make_weights(spec, inputs, countries, shapes, block) for name, block in blocks.items()}
    W, drop = weights[MAIN], drops_islands(spec, MAIN)
    panel, frames, oddities, flows = _panel_frames(spec, inputs, progress)
    sample = panel[~panel["country"].isin(spec.exclude)]
    moran = moran_frame(sample, spec.space, stages_tested(spec), W, seed=spec.seed, drop_islands=drop)
    local = local_moran(sample, spec.space, spec.panel.stage, W, spec.seed)
    progress("Moran's I", 1, 1)
    models = fit_models(sample, spec.panel, W, progress, drop_islands=drop)
    main = models[spec.panel.main]
    verdict = verdict_of(spec, panel, W, flows, progress)
    frames |= leader_frames(verdict, flows)
    frames |= {
        "moran": moran,
        "moran_residuals": residual_frame(models, spec.space.permutations, spec.seed),
        "local_moran": local.to_frame(),
        "coefficients": _coefficients(models),
        "lockin_tests": verdict.to_frame(),
    }
    frames |= evidence_frames(spec, verdict, flows)
    frames |= split_frames(inputs.split, panel, progress, tolerance=inputs.tolerance)
    frames |= robustness_frames(spec, inputs, panel, weights, years=flows.years, progress=progress)
    frames |= placebo_frames(spec, inputs, sample, W, years=flows.years, progress=progress)
    frames |= uncertainty_frames(
        spec, inputs, panel, W, models=models, verdict=verdict, flows=flows, drop_islands=drop, progress=progress
    )
    frames |= rank_frames(spec, verdict, frames.pop(DRAWS, None))
    frames |= _main_frames(spec, main)
    frames |= _weights_frames(spec, sample, weights, main, moran=moran, progress=progress)
    frames |= _planted_frames(spec, inputs, verdict)
    if inputs.synthetic:
        frames = {name: frame.assign(synthetic=True) for name, frame in frames.items()}
    return {
        "spec": spec,
        "synthetic": inputs.synthetic,
        "source": _source(spec, inputs),
        "oddities": oddities,
        "frames": frames,
        "models": models,
        "local": local,
        "verdict": verdict,
        "weights": W,
        "polygons": shapes,
    }


def _checked(spec: StudySpec, inputs: Inputs) -> tuple[list[str], gpd.GeoDataFrame]:
    """Return countries and polygons; what cannot be computed is refused here, before anything is."""
    found = check_labels(spec, inputs)
    boundary_chains(spec, inputs)
    check_placebos(spec, inputs)
    check_uncertainty(spec, inputs)
    return found


def _planted_frames(spec: StudySpec, inputs: Inputs, verdict: Verdict) -> dict[str, pd.DataFrame]:
    """Return planted against estimated, on the synthetic world with its own chain."""
    if inputs.world is None or spec.chain.map != "world":
        return {}
    slopes = [test for test in verdict.tests if "slope:" in test.name]
    pull, measured = verdict.tests[-1], verdict.dominance
    return {"planted": planted_frame(inputs.world.planted, slopes, pull, measured, spec.lockin)}


def _panel_frames(
    spec: StudySpec, inputs: Inputs, progress: Progress
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], str, ChainFlows]:
    """Return the panel with covariates, the frames behind it, what is odd about the accounts, and the chain's flows."""
    frames: dict[str, pd.DataFrame] = {}
    oddities, flows = "", ChainFlows()
    if isinstance(spec.tables, PublishedTables) and inputs.published is not None:
        panel = published_panel(inputs.published, inputs.chain, weights=spec.tables.weights)
        frames["published_identities"] = published_identities(inputs.published)
    else:
        traces = ChainTraces.of(spec, inputs.chain, spec.lockin.tests)
        accounts = account_frames(inputs.series, traces, progress, tolerance=inputs.tolerance)
        panel, flows, oddities = accounts.panel, accounts.flows, shares_outside(accounts.indices)
        frames |= {"indices": accounts.indices, "country_indices": accounts.country_indices}
    attrs = dict(panel.attrs)
    panel, rules = add_covariates(panel, inputs.covariates, spec.exclude)
    panel.attrs = attrs | {"synthetic": inputs.synthetic}
    frames["panel"] = panel
    if len(rules):
        frames["covariates"] = rules
    return panel, frames, oddities, flows


def _weights_frames(
    spec: StudySpec,
    sample: pd.DataFrame,
    weights: Mapping[str, Weights],
    main: SpatialPanelResults,
    *,
    moran: pd.DataFrame,
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Return the specification paths, and what other weights change."""
    frames: dict[str, pd.DataFrame] = {}
    decisions: Mapping[str, str] = {}
    if spec.panel.path:
        paths = all_paths(sample, spec, weights, progress)
        decisions = paths.decisions
        frames |= {"path": paths.steps, "path_tests": paths.tests}
    if len(weights) > 1:
        others = {name: W for name, W in weights.items() if name != MAIN}
        frames |= variant_frames(sample, spec, others, progress)
        frames["weights"] = weights_frame(spec, weights, main, moran=moran, frames=frames, decisions=decisions)
    return frames


def _coefficients(models: Mapping[str, SpatialPanelResults]) -> pd.DataFrame:
    frames = [fit.to_frame().rename_axis("term").reset_index() for fit in models.values()]
    frame = pd.concat(frames, keys=list(models), names=["model", None])
    return frame.reset_index(level="model").reset_index(drop=True)


def _main_frames(spec: StudySpec, main: SpatialPanelResults) -> dict[str, pd.DataFrame]:
    """Effects with both kinds of standard errors, and specification tests, of the main model."""
    simulated = main.effects("simulation", draws=spec.panel.simulations, seed=spec.seed)
    effects = [
        frame.reset_index().assign(errors=errors, **{key: frame.attrs.get(key, 0) for key in ("draws", "rejected")})
        for errors, frame in (("delta", main.effects("delta")), ("simulation", simulated))
    ]
    return {
        "effects": pd.concat(effects, ignore_index=True),
        "specification_tests": main.diagnostics().rename_axis("test").reset_index(),
    }


def _source(spec: StudySpec, inputs: Inputs) -> str:
    named = spec.tables.source if isinstance(spec.tables, FileTables) else None
    return named or inputs.source
