"""Study: a specification, run from files to a results folder."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, GvcposWarning
from gvcpos.lockin import Verdict, lock_in
from gvcpos.spatial import SpatialPanelResults, Weights
from gvcpos.study.accounts import account_frames, shares_outside
from gvcpos.study.comparison import planted_frame
from gvcpos.study.country_files import merge_covariates
from gvcpos.study.folder import check_target, fresh_folder
from gvcpos.study.inputs import Inputs, check_labels, gather
from gvcpos.study.loading import find_study, load_spec
from gvcpos.study.output import write_results
from gvcpos.study.places import Places, find_data
from gvcpos.study.progress import Progress, silent
from gvcpos.study.results import StudyResults
from gvcpos.study.space import fit_models, local_moran, make_weights, moran_frame, residual_frame
from gvcpos.study.spec import FileTables, StudySpec


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
            YAML file, or ``"demo"`` or ``"wiod2013"``.
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
    countries, shapes = check_labels(spec, inputs)
    W = make_weights(spec, inputs, countries, shapes)
    accounts = account_frames(inputs.tables, inputs.chain, progress, tolerance=inputs.tolerance)
    panel = _with_covariates(accounts.panel, spec, inputs)
    stage = spec.panel.stage
    sample = panel[~panel["country"].isin(spec.exclude)]
    moran = moran_frame(sample, spec.space, stage, W, spec.seed)
    local = local_moran(sample, spec.space, stage, W, spec.seed)
    progress("Moran's I", 1, 1)
    models = fit_models(sample, spec.panel, W, progress)
    verdict = _verdict(spec, panel, W)
    progress("lock-in tests", 1, 1)
    frames = {
        "indices": accounts.indices,
        "country_indices": accounts.country_indices,
        "panel": panel,
        "dominance": verdict.dominance,
        "leaders": verdict.leaders,
        "moran": moran,
        "moran_residuals": residual_frame(models, spec.space.permutations, spec.seed),
        "local_moran": local.to_frame(),
        "coefficients": _coefficients(models),
        "lockin_tests": verdict.to_frame(),
    }
    frames |= _main_frames(spec, models[spec.panel.main])
    if inputs.world is not None and spec.chain.map == "world":
        slopes = [test for test in verdict.tests if "slope:" in test.name]
        frames["planted"] = planted_frame(
            inputs.world.planted, slopes, verdict.tests[-1], verdict.dominance, spec.lockin
        )
    if inputs.synthetic:
        frames = {name: frame.assign(synthetic=True) for name, frame in frames.items()}
    return {
        "spec": spec,
        "synthetic": inputs.synthetic,
        "source": _source(spec, inputs),
        "oddities": shares_outside(accounts.indices),
        "frames": frames,
        "models": models,
        "local": local,
        "verdict": verdict,
        "weights": W,
        "polygons": shapes,
    }


def _with_covariates(panel: pd.DataFrame, spec: StudySpec, inputs: Inputs) -> pd.DataFrame:
    if inputs.covariates is not None:
        extra = "drop" if spec.covariates is None else spec.covariates.extra
        panel = merge_covariates(panel[~panel["country"].isin(spec.exclude)], inputs.covariates, extra)
    panel.attrs["synthetic"] = inputs.synthetic
    return panel


def _verdict(spec: StudySpec, panel: pd.DataFrame, W: Weights) -> Verdict:
    block = spec.lockin
    return lock_in(
        panel,
        W,
        capture=block.capture,
        position=block.position,
        controls=block.controls,
        cov_type=block.cov_type,
        upstream=block.upstream,
        downstream=block.downstream,
        lags=block.lags,
        exclude=[c for c in spec.exclude if c in set(panel["country"])],  # merging covariates took them out already
        level=block.level,
    )


def _coefficients(models: Mapping[str, SpatialPanelResults]) -> pd.DataFrame:
    frames = [fit.to_frame().rename_axis("term").reset_index() for fit in models.values()]
    frame = pd.concat(frames, keys=list(models), names=["model", None])
    return frame.reset_index(level="model").reset_index(drop=True)


def _main_frames(spec: StudySpec, main: SpatialPanelResults) -> dict[str, pd.DataFrame]:
    """Effects with both kinds of standard errors, and specification tests, of the main model."""
    simulated = main.effects("simulation", draws=spec.panel.simulations, seed=spec.seed)
    effects = [
        frame.reset_index().assign(errors=errors, **{key: frame.attrs.get(key, 0) for key in ("draws", "rejected")})
        for errors, frame in (("delta", main.effects()), ("simulation", simulated))
    ]
    return {
        "effects": pd.concat(effects, ignore_index=True),
        "specification_tests": main.diagnostics().rename_axis("test").reset_index(),
    }


def _source(spec: StudySpec, inputs: Inputs) -> str:
    if isinstance(spec.tables, FileTables) and spec.tables.source:
        return spec.tables.source
    meta = inputs.tables[inputs.tables.years[0]].meta
    return f"{meta.source} {meta.vintage}".strip()
