"""Printed tables of the spatial part: Moran's I by stage, weights compared, the specification path, covariates."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gvcpos.report import Table, frame_table
from gvcpos.study.results import StudyResults
from gvcpos.study.variants import MAIN


def space_tables(results: StudyResults) -> Iterator[tuple[str, Table]]:
    """Make the tables of a study that has the frames for them, name and table."""
    yield "moran", _moran_table(results)
    if "weights" in results.frames:
        yield "weights", _weights_table(results)
    if "path" in results.frames and not results.frames["path"].empty:
        yield "path", _path_table(results)
    if "covariates" in results.frames:
        yield "covariates", _covariates_table(results)
    if "published_identities" in results.frames:
        yield "published_identities", _identities_table(results)


def path_lines(results: StudyResults) -> tuple[str, ...]:
    """Write the specification path under the main weights as a list: question, decision, reason, what contradicts."""
    if "path" not in results.frames or results.frames["path"].empty:
        return ()
    steps = results.frames["path"].query("weights == @MAIN", local_dict={"MAIN": MAIN})
    lines = []
    columns = ["question", "decision", "reason", "contradictions"]
    for question, decision, reason, contradictions in steps[columns].astype(str).to_numpy().tolist():
        why, against = reason.rstrip("."), f" But: {contradictions}." if contradictions else ""
        lines.append(f"{question} {decision[:1].upper()}{decision[1:]}. Why: {why}.{against}")
    return tuple(lines)


def _moran_table(results: StudyResults) -> Table:
    frame, spec = results.frames["moran"], results.spec
    if frame["stage"].nunique() > 1:
        return _moran_by_stage(results)
    columns = ["variable", "year", "n", "I", "expected", "z_rand", "p_rand", "p_sim"]
    return frame_table(
        frame,
        caption=f"Moran's I by year, {spec.panel.stage} stage",
        columns=columns,
        label="tab:moran",
        synthetic=results.synthetic,
    )


def _moran_by_stage(results: StudyResults) -> Table:
    """One row a stage and variable, one column a year."""
    frame, level = results.frames["moran"], results.spec.lockin.level
    marks = frame["p_sim"].le(level).map({True: "*", False: ""})
    text = frame.assign(shown=frame["I"].map("{:.3f}".format).str.replace("-", "−") + marks)
    keys = text[["stage", "variable"]].drop_duplicates()
    wide = text.pivot(index=["stage", "variable"], columns="year", values="shown")
    wide = wide.loc[list(keys.itertuples(index=False, name=None))].reset_index().rename_axis(columns=None)
    wide.columns = [str(name) for name in wide.columns]
    return frame_table(
        wide,
        caption="Moran's I by stage, variable and year",
        label="tab:moran",
        notes=(
            f"* two-sided pseudo p at most {level:g}, from {results.spec.space.permutations} relabellings, each year "
            "and variable by itself; expected without autocorrelation: "
            f"{frame['expected'].iloc[0]:.3f}.",
        ),
        synthetic=results.synthetic,
    )


def _weights_table(results: StudyResults) -> Table:
    spec = results.spec
    years = results.frames["moran"]["year"].nunique()
    names = {
        "weights": "Weights",
        "countries": "Countries",
        "neighbours": "Mean neighbours",
        "moran": f"Moran's I of {spec.space.moran[0]}, mean",
        "years_clustered": f"Years of {years} with p ≤ {spec.lockin.level:g}",
        "spatial": "rho or lambda",
        "std_error": "Std. error",
        "pvalue": "p",
        "path": "Specification path",
    }
    described = results.frames["weights"][["weights", "description"]].itertuples(index=False, name=None)
    return frame_table(
        results.frames["weights"],
        caption=f"Weights compared: Moran's I and the {spec.panel.main.upper()} of {spec.panel.dependent}, "
        f"{spec.panel.stage} stage",
        columns=list(names),
        names=names,
        digits=3,
        label="tab:weights",
        notes=tuple(f"{name}: {text}." for name, text in described),
        synthetic=results.synthetic,
    )


def _path_table(results: StudyResults) -> Table:
    steps = results.frames["path"]
    return frame_table(
        steps[steps["weights"] == MAIN],
        caption=f"Specification path of {results.spec.panel.dependent}, {results.spec.panel.stage} stage",
        columns=["question", "decision", "contradictions"],
        names={"question": "Question", "decision": "Decision", "contradictions": "What contradicts it"},
        label="tab:path",
        notes=("Tests follow each other on the same data: the level of the whole path is not that of each test.",),
        synthetic=results.synthetic,
    )


def _covariates_table(results: StudyResults) -> Table:
    names = {
        "variable": "Variable",
        "made_of": "Made of",
        "unit": "Unit",
        "years": "Years of the source",
        "rule": "Rule for gaps",
        "observed": "Observed",
        "filled": "Filled",
        "missing": "Missing",
        "countries_missing": "Countries with a gap",
    }
    return frame_table(
        results.frames["covariates"],
        caption="Covariates: what was observed, and what a rule of the study filled (cells of country and year)",
        columns=list(names),
        names=names,
        label="tab:covariates",
        synthetic=results.synthetic,
    )


def _identities_table(results: StudyResults) -> Table:
    frame: pd.DataFrame = results.frames["published_identities"]
    shown = frame.assign(max_error=frame["max_error"].map("{:.1e}".format))
    names = {"identity": "Identity", "cells": "Cells", "max_error": "Largest error", "worst": "Where"}
    return frame_table(
        shown,
        caption="Identities that the published columns must obey",
        columns=list(names),
        names=names,
        label="tab:identities",
        synthetic=results.synthetic,
    )
