"""From results to files: frames, tables, figures, summary, manifest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from gvcpos._core.files import write_text
from gvcpos.accounting import describe_measures
from gvcpos.report import (
    Table,
    effects_table,
    frame_table,
    regression_table,
    report_html,
    summary_markdown,
    tests_table,
)
from gvcpos.report import figures as draw
from gvcpos.spatial import Moran, cluster_map, moran_scatter
from gvcpos.study.comparison import COLUMNS
from gvcpos.study.evidence import agreement_table, battery_figures
from gvcpos.study.folder import MANIFEST, write_frame
from gvcpos.study.inputs import Inputs
from gvcpos.study.leaders import leader_figures
from gvcpos.study.manifest import make_manifest
from gvcpos.study.placebos import placebo_figures
from gvcpos.study.progress import Progress, silent
from gvcpos.study.results import StudyResults
from gvcpos.study.robust import robustness_figures
from gvcpos.study.space_tables import space_tables
from gvcpos.study.split_output import split_figures, split_tables
from gvcpos.study.summary import figure_captions, moran_figures, summarise
from gvcpos.study.uncertain_output import uncertainty_figures, uncertainty_tables
from gvcpos.study.wording import reader_name

Drawing = tuple[str, Callable[[], Figure], pd.DataFrame]


def write_results(results: StudyResults, inputs: Inputs, folder: Path, progress: Progress = silent) -> None:
    """Write everything into an empty folder; the manifest comes last."""
    for name, frame in results.frames.items():
        write_frame(frame, folder / "frames" / name)
    tables = dict(study_tables(results))
    for name, table in tables.items():
        _write_table(table, folder / "tables" / name)
    drawings = list(study_figures(results, inputs))
    for done, (name, make, data) in enumerate(drawings, start=1):
        shown = data.assign(synthetic=True) if results.synthetic else data
        draw.save_figure(make(), folder / "figures" / name, data=shown)
        progress("figures", done, len(drawings))
    captions = figure_captions(results)
    summary = summarise(results, inputs, tables, {name: captions[name] for name, _, _ in drawings})
    write_text(folder / "summary.md", summary_markdown(summary))
    write_text(folder / "report.html", report_html(summary, folder))
    manifest = make_manifest(
        results.spec,
        inputs.places.used,
        folder,
        name=results.spec.name,
        seed=results.spec.seed,
        synthetic=results.synthetic,
        warnings=results.warnings,
    )
    write_text(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def _write_table(table: Table, stem: Path) -> None:
    write_text(stem.with_suffix(".tex"), table.to_latex())
    write_text(stem.with_suffix(".html"), table.to_html())
    write_text(stem.with_suffix(".txt"), table.to_text() + "\n")


def study_tables(results: StudyResults) -> Iterator[tuple[str, Table]]:
    """Make the printed tables of a study, name and table."""
    spec, flag = results.spec, results.synthetic
    headers = {name.upper(): fit for name, fit in results.models.items()}
    what = f"{spec.panel.dependent} of the {spec.panel.stage} stage"
    yield (
        "models",
        regression_table(headers, caption=f"Spatial panel models of {what}", label="tab:models", synthetic=flag),
    )
    yield from _effects_tables(results, what)
    yield "specification_tests", _specification_table(results.frames["specification_tests"], what, synthetic=flag)
    yield (
        "lockin_tests",
        tests_table(results.verdict.tests, caption="Dominance and lock-in tests", label="tab:lockin", synthetic=flag),
    )
    if "battery_agreement" in results.frames:
        yield "battery", agreement_table(results.frames["battery_agreement"], synthetic=flag)
    yield from space_tables(results)
    yield from uncertainty_tables(results)
    yield from split_tables(results)
    columns = (
        "stage leader years_first va_share_mean va_share_first va_share_last export_share_last va_hhi_last "
        "va_left_out_last rca_last"
    )
    leaders = frame_table(
        results.frames["leaders"], caption="Who leads each stage", columns=columns.split(), digits=3, synthetic=flag
    )
    yield "leaders", leaders
    yield "moran_residuals", _residual_table(results)
    if "planted" in results.frames:
        yield "planted", _planted_table(results)


def _specification_table(tests: pd.DataFrame, what: str, *, synthetic: bool) -> Table:
    """Tests under a reader's names; below them why some have no number, and what measures say."""
    named = tests.assign(test=tests["test"].map(reader_name))
    without = named[named["pvalue"].isna()]
    return tests_table(
        named,
        caption=f"Which spatial model? {what}",
        notes=[f"{name}: {said}" for name, said in zip(without["test"], without["sentence"], strict=True)],
        label="tab:specification",
        synthetic=synthetic,
    )


def _effects_tables(results: StudyResults, what: str) -> Iterator[tuple[str, Table]]:
    spec, flag = results.spec, results.synthetic
    effects = results.frames["effects"]
    for errors, how in (("delta", "delta method"), ("simulation", "simulated intervals")):
        table = effects_table(
            effects[effects["errors"] == errors],
            caption=f"Effects in the {spec.panel.main.upper()} of {what}, {how}",
            label=f"tab:effects-{errors}",
            synthetic=flag,
        )
        yield f"effects_{errors}", table


def _planted_table(results: StudyResults) -> Table:
    note = "Of intervals with 95 % confidence one in twenty misses what was planted, by design."
    return frame_table(
        results.frames["planted"],
        caption="Planted against estimated",
        columns=COLUMNS,
        digits={"planted": 3, "estimate": 3, "std_error": 3, "lower": 3, "upper": 3},
        notes=(note,),
        synthetic=results.synthetic,
    )


def _residual_table(results: StudyResults) -> Table:
    main = results.spec.panel.main
    frame = results.frames["moran_residuals"]
    return frame_table(
        frame[frame["model"] == main],
        caption=f"Moran's I of the residuals of the {main.upper()}, by year",
        columns=["year", "n", "I", "expected", "z_rand", "p_rand", "p_sim"],
        label="tab:moran-residuals",
        notes=("The moments are those of observed values; residuals are tied by the regressors and the effects.",),
        synthetic=results.synthetic,
    )


def study_figures(results: StudyResults, inputs: Inputs) -> Iterator[Drawing]:
    """Make the figures of a study: name, a function that draws, the data that it draws."""
    spec, frames = results.spec, results.frames
    look = {"source": results.source, "synthetic": results.synthetic}
    shown = list(spec.report.countries)
    yield from leader_figures(results, look)
    yield _position_capture(results, shown, look)
    panel = frames["panel"][~frames["panel"]["country"].isin(spec.exclude)]
    last = panel[panel["year"] == panel["year"].max()][["country", "stage", "year", "va_share"]]
    title = f"Who makes the value added of each stage, {last['year'].max()}"
    yield "stage_profile", partial(draw.stage_profile, last, shown, value="va_share", title=title, **look), last
    for name, stage in moran_figures(results).items():
        own = frames["moran"][frames["moran"]["stage"] == stage]
        yield name, partial(draw.moran_lines, own, stage=stage, **look), own
    yield from battery_figures(results, look)
    yield from robustness_figures(results, look)
    yield from placebo_figures(results, look)
    yield from uncertainty_figures(results, look)
    yield from split_figures(results, inputs, look)
    yield from _space_figures(results, look)
    effects = frames["effects"][frames["effects"]["errors"] == "delta"]
    words = {
        "title": f"Effects in the {spec.panel.main.upper()} of {spec.panel.dependent}, {spec.panel.stage} stage, "
        f"{_years(results.main.resids.index.get_level_values('year'))}",
        "xlabel": f"Effect on {spec.panel.dependent} of one unit more, with 95 % interval (delta method)",
    }
    yield "effects", partial(draw.effects_plot, effects, **words, **look), effects
    if "planted" in frames:
        planted = frames["planted"].dropna(subset=["lower"])
        named = planted.assign(parameter=planted["parameter"] + ", " + planted["stage"])
        # A row of panels for each parameter, the stages side by side.
        named = named.iloc[pd.factorize(planted["parameter"])[0].argsort(kind="stable")]
        yield "planted", partial(draw.planted_vs_estimated, named, source=results.source), named


def _position_capture(results: StudyResults, shown: list[str], look: dict) -> Drawing:
    """Position against capture, country and year means taken out, with the slopes that were tested."""
    block = results.spec.lockin
    tests = {t.name.partition(": ")[2]: t for t in results.verdict.tests if "slope:" in t.name}
    parts = [t.details["within"].assign(stage=stage, slope=t.estimate) for stage, t in tests.items()]
    columns = ["country", "stage", "year", block.position, block.capture, "slope"]
    dots = pd.concat(parts, ignore_index=True)[columns]
    have = set(dots["country"])
    options = {
        "slopes": {stage: t.estimate for stage, t in tests.items()},
        "highlight": [country for country in shown if country in have],
        "position": block.position,
        "capture": block.capture,
        "xlabel": _axis(block.position),
        "ylabel": f"{_axis(block.capture)},\n% points",
        "title": f"Position and capture, {_years(dots['year'])}, country and year means taken out",
        "slope_label": "slope in the spatial Durbin model",
    }
    return "position_capture", partial(draw.position_capture, dots, list(tests), **options, **look), dots


def _years(years: pd.Index | pd.Series) -> str:
    """Write the span of some years."""
    return f"{years.min()}–{years.max()}"


def _axis(column: str) -> str:
    """Name a column of the panel on an axis: by its documented meaning where there is one."""
    known = describe_measures().get(column)
    return f"{known.label[0].upper()}{known.label[1:]} ({column})" if known else column


def _space_figures(results: StudyResults, look: dict) -> Iterator[Drawing]:
    local = results.local
    moran = Moran(local.frame.set_index("country")["value"].rename(local.name), local.weights, permutations=0)
    look = {"note": f"Source: {look['source']}", "synthetic": look["synthetic"]}
    yield "moran_scatter", partial(moran_scatter, moran, **look), local.frame
    shapes = results.polygons
    own = shapes.loc[list(local.weights.ids)]
    yield "cluster_map", partial(cluster_map, local, own, background=shapes, **look), local.frame
