"""What the summary of a study says, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gvcpos.report import FigureLink, Section, StudySummary, Table
from gvcpos.report.summary import Item
from gvcpos.study.evidence import FRAMES as EVIDENCE_FRAMES
from gvcpos.study.evidence import battery_lines
from gvcpos.study.inputs import Inputs
from gvcpos.study.leaders import FRAMES as LEADER_FRAMES
from gvcpos.study.leaders import rank_caption
from gvcpos.study.manifest import spec_hash
from gvcpos.study.placebos import FRAMES as PLACEBO_FRAMES
from gvcpos.study.placebos import placebo_lines
from gvcpos.study.results import StudyResults
from gvcpos.study.robust import FRAMES as ROBUSTNESS_FRAMES
from gvcpos.study.robust import robustness_lines
from gvcpos.study.space_tables import path_lines
from gvcpos.study.split_output import CAPTIONS as SPLIT_CAPTIONS
from gvcpos.study.split_output import FRAMES as SPLIT_FRAMES
from gvcpos.study.split_output import split_lines
from gvcpos.study.uncertain import FRAMES as UNCERTAINTY_FRAMES
from gvcpos.study.uncertain_output import uncertainty_lines, verdict_lines
from gvcpos.study.wording import weights_text

FRAMES = (
    {
        "indices": "every index by country, sector and year",
        "country_indices": "every index by country and year",
        "panel": "the panel of country, stage and year",
        "published_identities": "what published columns must obey, and how far they are from it",
        "covariates": "how each variable was made, what was observed and what a rule filled",
        "moran": "Moran's I by stage, variable and year",
        "moran_residuals": "Moran's I of each model's residuals by year",
        "local_moran": "local Moran of the last year",
        "coefficients": "coefficients of every model",
        "effects": "direct, indirect and total effects, delta and simulated errors",
        "specification_tests": "LM, Wald and LR tests",
        "path": "the specification path, step by step, with its reasons",
        "path_tests": "every test on the specification path",
        "weights": "weights compared: neighbours, Moran's I, the main model, the path",
        "moran_variants": "Moran's I under other weights",
        "effects_variants": "effects in the main model under other weights",
        "coefficients_variants": "coefficients of the main model under other weights",
        "lockin_tests": "every lock-in test with its sentence",
        "planted": "planted against estimated",
    }
    | LEADER_FRAMES
    | EVIDENCE_FRAMES
    | ROBUSTNESS_FRAMES
    | PLACEBO_FRAMES
    | UNCERTAINTY_FRAMES
    | SPLIT_FRAMES
)


COVARIANCES = {
    "information": "information-matrix errors",
    "hessian": "errors from the Hessian",
    "sandwich": "sandwich errors",
    "cluster-entity": "errors clustered by country",
    "cluster-time": "errors clustered by year",
    "cluster-twoway": "errors clustered by country and year",
    "driscoll-kraay": "Driscoll-Kraay errors",
}

CAVEATS = (
    "Standard errors clustered by country (cov_type: cluster-entity, cluster-twoway) stand serial correlation; those "
    "of the information matrix take the innovations as independent over time and are then too small. No standard error "
    "helps where variances differ between countries with their place among the neighbours, or countries share shocks: "
    "these bias rho itself.",
    "Position and value capture come from the same tables: a slope between them is an association within countries "
    "over time, not the effect of one on the other.",
    "Pull-through uses earlier growth because growth of the same year is linked through one Leontief inverse; "
    "what comes earlier need not be a cause.",
    "Sectors of published tables are far wider than rare earths.",
)


def summarise(
    results: StudyResults, inputs: Inputs, tables: Mapping[str, Table], figures: Mapping[str, str]
) -> StudySummary:
    """Put the summary together.

    Parameters
    ----------
    results : StudyResults
    inputs : Inputs
    tables : mapping of str to Table
        As `study_tables` makes them.
    figures : mapping of str to str
        Name to caption of every figure that was written.
    """
    spec = results.spec
    return StudySummary(
        title=spec.title,
        verdict=(
            results.verdict.sentence,
            *battery_lines(results.verdict),
            *verdict_lines(results),
            *results.left_out(),
            *(test.sentence for test in results.verdict.tests),
        ),
        run=_what_was_run(results, inputs),
        sections=tuple(_sections(results, tables, figures)),
        files=_files(results, tables, figures),
        doubts=(*results.warnings, *((results.oddities,) if results.oddities else ()), *CAVEATS),
        synthetic=results.synthetic,
    )


def _what_was_run(results: StudyResults, inputs: Inputs) -> dict[str, str]:
    spec, years = results.spec, inputs.years
    stages = "; ".join(f"{stage.name} = {', '.join(stage.sectors)}" for stage in inputs.chain.stages)
    return {
        "Study": f"{spec.name}, specification {spec_hash(spec)[:12]}, seed {spec.seed}",
        "Tables": f"{results.source}, {inputs.described}",
        "Years": f"{years[0]}-{years[-1]} ({len(years)})",
        "Chain": f"{inputs.chain.name}: {stages}",
        "Weights": "; ".join(_weights_lines(results)),
        "Panel": f"{spec.panel.dependent} on {', '.join(spec.panel.regressors)}, {spec.panel.stage} stage, "
        f"{spec.panel.effects} effects, {spec.panel.method}",
        "Lock-in slopes": f"{spec.lockin.capture} on {', '.join((spec.lockin.position, *spec.lockin.controls))}, "
        "spatial Durbin panel, two-way effects, lee-yu, "
        f"{COVARIANCES[spec.lockin.cov_type]}, whatever the panel models use",
    }


def figure_captions(results: StudyResults) -> dict[str, str]:
    """Say what each figure shows: stage, year, and what is behind its lines."""
    spec = results.spec
    stage, year = spec.panel.stage, results.frames["panel"]["year"].max()
    rate = f"false discovery rate {results.local.level:.3g}"
    slopes = (
        "Position and value capture with the means of countries and years taken out, a dot a country and year. The "
        "lines have the slopes of the spatial Durbin model, which holds neighbours and other regressors fixed, so that "
        "they need not be the best lines through the dots."
    )
    return {
        "dominance": f"Shares of the {spec.lockin.upstream} stage's value added, and its concentration (Herfindahl-"
        "Hirschman index)",
        "dominance_ranks": rank_caption(results),
        "position_capture": slopes,
        "stage_profile": f"Shares of each stage's value added in {year}",
        **{
            name: f"Moran's I by year, {shown} stage; p-values by permutation"
            for name, shown in moran_figures(results).items()
        },
        "moran_scatter": f"Moran scatter plot of {spec.space.moran[0]}, {stage} stage, {year}",
        "cluster_map": f"Local Moran clusters of {spec.space.moran[0]}, {stage} stage, {year}, {rate}; countries "
        "outside the study are left white",
        "effects": f"Direct, indirect and total effects on {spec.panel.dependent}, {stage} stage, with 95 % intervals "
        "(delta method)",
        "battery": "Every test of the battery, by scope: estimates in standard errors with their intervals, and "
        "p-values; hollow marks have no standard error",
        "own_shares": f"Share of the {spec.lockin.upstream} stage's value added that ends in own "
        f"{spec.lockin.downstream} products",
        "smile": f"The smile of the {spec.lockin.downstream} products: value-added rate by distance to final use, a "
        "dot a country's sector, and the curve of the first and the last year",
        "specification_curve": f"The {spec.lockin.upstream} slope of {spec.lockin.capture} on position under every "
        "choice",
        "leave_one_out": "The same slope without each country, those that move it most on top",
        "placebos": "Estimates on placebo chains and on maps drawn by lot, and where the study's own lie among them",
        "uncertainty_stages": f"Position in the {spec.lockin.upstream} stage with the errors assumed for the tables "
        f"({'first order' if spec.split is None else 'draws'}), {year}",
        "uncertainty": "Estimates as published and with the errors assumed for the data, in published standard errors",
        "transitions": f"Moves between classes of {spec.lockin.capture} in the {spec.lockin.upstream} stage, from one "
        "year to the next, with counts",
        "positions": "Position of the highlighted countries in every stage",
        **SPLIT_CAPTIONS,
        "planted": "Planted parameters and their estimates with 95 % intervals",
    }


def _weights_lines(results: StudyResults) -> Iterator[str]:
    """Describe the main weights and the variants."""
    space = results.spec.space
    yield weights_text(space.weights, results.weights.n)
    if "weights" in results.frames:
        counts = results.frames["weights"].set_index("weights")["countries"]
        for name, block in space.variants.items():
            yield f"and as a variant, {name}: {weights_text(block, int(counts[name]))}"


def moran_figures(results: StudyResults) -> dict[str, str]:
    """Return figure of Moran's I to the stage that it shows; that of the panel models is called ``moran``."""
    first = results.spec.panel.stage
    stages = dict.fromkeys(results.frames["moran"]["stage"])
    return {"moran" if stage == first else f"moran_{stage}": str(stage) for stage in stages}


def _sections(results: StudyResults, tables: Mapping[str, Table], figures: Mapping[str, str]) -> Iterator[Section]:
    plan = (
        ("Planted against estimated", ("planted",), ("planted",)),
        ("The chain inside wide sectors", ("split",), tuple(SPLIT_CAPTIONS)),
        ("Dominance", ("leaders",), ("dominance", "dominance_ranks", "stage_profile")),
        ("Lock-in tests", ("lockin_tests",), ("position_capture",)),
        ("The battery: seven questions", ("battery",), ("battery", "smile", "transitions", "positions", "own_shares")),
        ("Robustness", (), ("specification_curve", "leave_one_out", "placebos")),
        ("Errors in the data", ("uncertainty",), ("uncertainty", "uncertainty_stages")),
        ("What the indices and covariates are", ("published_identities", "covariates"), ()),
        ("Spatial autocorrelation", ("moran",), (*moran_figures(results), "moran_scatter", "cluster_map")),
        ("Specification path", (), ()),
        ("Other weights", ("weights",), ()),
        ("Spatial panel models", ("models", "specification_tests", "moran_residuals"), ()),
        ("Effects", ("effects_delta", "effects_simulation"), ("effects",)),
    )
    lines = {
        "Robustness": (*robustness_lines(results.frames), *placebo_lines(results.frames)),
        "Errors in the data": uncertainty_lines(results),
        "The chain inside wide sectors": split_lines(results.frames),
        "Specification path": path_lines(results),
    }
    for title, wanted, drawn in plan:
        items: list[Item] = [tables[name] for name in wanted if name in tables]
        items += [results.verdict.concentration] if title == "Dominance" else []
        items += [said] if (said := lines.get(title)) else []
        links = [FigureLink(f"figures/{name}", figures[name]) for name in drawn if name in figures]
        if items or links:
            yield Section(title, (*items, *links))


def _files(results: StudyResults, tables: Mapping[str, Table], figures: Mapping[str, str]) -> dict[str, str]:
    files = {f"frames/{name}.parquet, .csv": FRAMES[name] for name in results.frames}
    files |= {f"tables/{name}.tex, .html, .txt": table.caption for name, table in tables.items()}
    files |= {f"figures/{name}.png, .svg, .csv": caption for name, caption in figures.items()}
    return files | {"report.html": "this summary as one page", "manifest.json": "inputs, versions, seed, checksums"}
