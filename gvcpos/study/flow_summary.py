"""What a run of flows says in words: who pays and who earns, what fits badly, what scenarios change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from gvcpos.report.summary import FigureLink, Item, Section, StudySummary
from gvcpos.report.table import Table, frame_table
from gvcpos.study.flow_run import FlowResults
from gvcpos.study.manifest import spec_hash

FILES = {
    "inputs": "every number of the file, with source, grade and whether it is assumed",
    "flows": "masses by flow, layer and year, with standard errors and what reconciliation moved",
    "processes": "what enters, leaves and stays, by process; the residual of the balance",
    "stocks": "stocks in use",
    "fit": "how the data fit the balances, by year",
    "suspects": "data that do not fit, the most suspicious first",
    "cost_centres": "cost of every process by kind, into products, stocks and losses",
    "cost_kinds": "share of every kind of cost",
    "products": "products with their cost",
    "losses": "losses with their cost",
    "unit_costs": "what a t of each flow costs and is worth",
    "value_added": "value added by process",
    "stages": "the physical and the monetary side of every stage",
    "intervals": "intervals of every flow",
    "cost_intervals": "intervals of costs, unit costs and values",
    "stage_intervals": "intervals of every stage",
    "scenario_flows": "flows with and without each scenario",
    "scenario_stages": "stages with and without each scenario",
    "targets": "reported figures against ours",
}


def summarise_flows(results: FlowResults, figures: Mapping[str, str], pages: Sequence[str]) -> StudySummary:
    """Put the summary together.

    Parameters
    ----------
    results : FlowResults
    figures : mapping of str to str
        Name to caption of every figure that was written.
    pages : sequence of str
        Interactive diagrams, as paths in the results folder.
    """
    spec = results.system.spec
    files = {f"frames/{name}.parquet": FILES[name] for name in results.frames}
    return StudySummary(
        title=spec.title,
        verdict=tuple(headlines(results)),
        run=_what_was_run(results),
        sections=tuple(_sections(results, figures)),
        files=files | dict.fromkeys(pages, "the diagram to move about in"),
        doubts=tuple(_doubts(results)),
        synthetic=results.system.synthetic,
    )


def headlines(results: FlowResults) -> Iterator[str]:
    """Say the main things, a sentence each."""
    processes = results.frames["processes"]
    network, last = results.system.network, results.last
    yield (
        f"{len(network.processes)} processes and {len(network.flows)} flows of {', '.join(network.layers)}, "
        f"{network.years[0]}-{last}, balance to {processes['residual'].abs().max():.1e} kt."
    )
    if results.costs is not None:
        yield from _money_lines(results)
    if "fit" in results.frames:
        yield from _fit_lines(results)
    if "targets" in results.frames:
        targets = results.frames["targets"]
        own = targets[targets["variant_of"] == ""]
        counts = own["outcome"].value_counts()
        said = ", ".join(f"{counts[name]} {name}" for name in ("met", "not met", "calibrated") if name in counts)
        yield f"Of {len(own)} reported figures: {said}. No reported figure is an input unless it says calibrated."
    for name, title in (results.scenarios.titles if results.scenarios is not None else {}).items():
        yield _scenario_line(results, name, title)


def _money_lines(results: FlowResults) -> Iterator[str]:
    """Who adds most value, who delivers most mass, and what losses cost."""
    stages = results.frames["stages"]
    own = stages[stages["year"] == results.last].set_index("stage")
    earning = own["value_added"].dropna()
    if earning.empty:
        return
    most, heaviest = str(earning.idxmax()), str(own["mass_out"].idxmax())
    share = earning[most] / earning.sum()
    yield (
        f"In {results.last} {most} adds most value, USD {earning[most]:,.0f} million ({share:.0%} of all "
        f"that is added), at USD {own['unit_value'][most]:,.0f} a t; {heaviest} delivers most mass, "
        f"{own['mass_out'][heaviest]:,.0f} kt at USD {own['unit_value'][heaviest]:,.0f} a t."
    )
    kinds = results.frames["cost_kinds"]
    shares = kinds[kinds["year"] == results.last].set_index("kind")["share"]
    said = ", ".join(f"{kind} {value:.0%}" for kind, value in shares.items())
    lost = own["cost_lost"].sum()
    yield f"Of all cost in {results.last}: {said}. Losses between stages carry USD {lost:,.0f} million of it."


def _fit_lines(results: FlowResults) -> Iterator[str]:
    """How well data fit, and which do not."""
    fit = results.frames["fit"]
    if not fit["df"].any():
        return
    bad = fit[fit["pvalue"] < 0.05]
    yield (
        f"More data than needed, {fit['df'].max():g} in a year at most: they contradict each other at 5 % in "
        f"{len(bad)} of {len(fit)} years (chi-squared)."
    )


def _scenario_line(results: FlowResults, name: str, title: str) -> str:
    """The largest change of a stage's value added, or of a flow, in the last year."""
    stages = results.frames.get("scenario_stages", pd.DataFrame())
    if len(stages):
        own = stages[(stages["scenario"] == name) & (stages["year"] == results.last)]
        moved = own[own["measure"] == "value_added"].dropna(subset=["difference"])
        if len(moved) and moved["difference"].abs().max() > 0:
            row = moved.iloc[int(moved["difference"].abs().to_numpy().argmax())]
            interval = (
                f" ({row['lower']:+,.0f} to {row['upper']:+,.0f})"
                if "lower" in row and row["lower"] == row["lower"]
                else ""
            )
            return (
                f"{title}: value added of {row['stage']} {row['difference']:+,.0f} USD million{interval} in "
                f"{results.last}, {row['relative']:+.0%}."
            )
    flows = results.frames["scenario_flows"]
    own = flows[(flows["scenario"] == name) & (flows["year"] == results.last) & (flows["layer"] == "total")]
    row = own.iloc[int(own["difference"].abs().to_numpy().argmax())]
    return f"{title}: {row['flow']} {row['difference']:+,.3g} kt in {results.last}."


def _what_was_run(results: FlowResults) -> dict[str, str]:
    system = results.system
    inputs = results.frames["inputs"].drop_duplicates("name")
    status = inputs["status"].value_counts()
    numbers = ", ".join(f"{count} {name}" for name, count in status.items())
    return {
        "System": f"{system.spec.name}, specification {spec_hash(system.spec)[:12]}, seed {results.seed}",
        "Numbers": f"{len(inputs)} ({numbers})",
        "Draws": f"{results.draws:,}" if results.draws else "none",
    }


def _sections(results: FlowResults, figures: Mapping[str, str]) -> Iterator[Section]:
    plan = (
        ("Flows", ("sankey_mass", "bands"), ()),
        ("Cost and value", ("sankey_cost", "sankey_value", "cost_structure"), ()),
        ("Who pays, who earns", ("stages",), _stage_tables(results)),
        ("Data that do not fit", (), _suspect_tables(results)),
        ("Reported figures", (), _target_tables(results)),
        ("Scenarios", (), _scenario_tables(results)),
    )
    for title, drawn, tables in plan:
        links = [FigureLink(f"figures/{name}", figures[name]) for name in drawn if name in figures]
        items: tuple[Item, ...] = (*links, *tables)
        if items:
            yield Section(title, items)


def _stage_tables(results: FlowResults) -> tuple[Table, ...]:
    if "stages" not in results.frames:
        return ()
    frame = results.frames["stages"]
    columns = "stage mass_in mass_out mass_lost cost_out value_in value_out value_added surplus unit_cost unit_value"
    caption = f"Both sides of every stage, {results.last}: kt, USD million, USD a t"
    own = frame[frame["year"] == results.last]
    flag = results.system.synthetic
    return (frame_table(own, caption=caption, columns=columns.split(), digits=1, synthetic=flag),)


def _suspect_tables(results: FlowResults) -> tuple[Table, ...]:
    if "suspects" not in results.frames:
        return ()
    frame = results.frames["suspects"].head(12)
    return (frame_table(frame, caption="The most suspicious data", digits=3, synthetic=results.system.synthetic),)


def _target_tables(results: FlowResults) -> tuple[Item, ...]:
    if "targets" not in results.frames:
        return ()
    frame = results.frames["targets"]
    columns = ["figure", "unit", "target_text", "ours", "lower", "upper", "outcome"]
    table = frame_table(frame, caption="Reported against ours, with 95 % interval", columns=columns, digits=3)
    return (table, tuple(f"{row.figure}: {row.definition} {row.reason}" for row in frame.itertuples()))


def _scenario_tables(results: FlowResults) -> tuple[Table, ...]:
    if "scenario_stages" not in results.frames:
        return ()
    frame = results.frames["scenario_stages"]
    own = frame[(frame["year"] == results.last) & frame["measure"].isin(["mass_out", "value_added", "unit_cost"])]
    shown = own[own["difference"].abs() > 1e-9]
    caption = f"What scenarios change, {results.last}"
    return (frame_table(shown.drop(columns="year"), caption=caption, digits=3, synthetic=results.system.synthetic),)


def _doubts(results: FlowResults) -> Iterator[str]:
    """What the numbers rest on."""
    inputs = results.frames["inputs"].drop_duplicates("name")
    assumed = inputs[inputs["status"].isin(["assumed", "not stated"])]
    if len(assumed):
        yield f"{len(assumed)} of {len(inputs)} numbers are assumed or name no source; frames/inputs says which."
    exact = inputs[inputs["distribution"] == "exact"]
    if results.draws and len(exact):
        yield f"{len(exact)} numbers are taken as exact: intervals leave out what they do not say."
