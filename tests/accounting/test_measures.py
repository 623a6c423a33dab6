"""The registry of measures: complete, checked, true; and what `explain` says."""

from __future__ import annotations

import ast
import contextlib
import inspect
import itertools
import operator
import re
import shutil
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import gvcpos
from gvcpos._core.errors import InputError, SpecificationError
from gvcpos._core.resources import data_path
from gvcpos._core.yaml_lines import load_yaml_with_lines
from gvcpos.accounting import Satellite, ValueAddedAccounts, describe_measures, explain
from gvcpos.accounting.explanation import measures_page
from gvcpos.accounting.exports.breakdown import TERMS
from gvcpos.accounting.ledger import Ledger
from gvcpos.accounting.measures import FAMILIES, read_registry, registry
from gvcpos.cli import app
from gvcpos.tables import IOTable
from tests.accounting.worlds import close, random_world
from tests.shared import ROOT, lrwiod2000

MEASURES = registry().measures
LABELS = {
    "country", "sector", "partner", "year", "satellite", "category", "origin_country", "origin_sector", "absorber",
}  # fmt: skip


def frames() -> dict[str, list[dict[str, object]]]:
    """Every public method that returns a frame, with all settings of its literal and boolean parameters."""
    out = {}
    for name, method in inspect.getmembers(ValueAddedAccounts, inspect.isfunction):
        hints = typing.get_type_hints(method)
        if name.startswith("_") or hints.get("return") is not pd.DataFrame or hasattr(Ledger, name):
            continue
        choices = {
            option: [False, True] if hint is bool else typing.get_args(hint)
            for option, hint in hints.items()
            if hint is bool or typing.get_origin(hint) is typing.Literal
        }
        out[name] = [dict(zip(choices, each, strict=True)) for each in itertools.product(*choices.values())]
    out["breakdown"] += [{"term": term} for term in TERMS]
    return out


FRAMES = frames()


def some_satellite(table: IOTable) -> Satellite:
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(rng.random((2, len(table.x))) * (table.x > 0), ["jobs", "co2"], table.index)
    return Satellite.from_frame(rows, pd.DataFrame(rng.random((2, len(table.countries))), rows.index, table.countries))


def called(accounts: ValueAddedAccounts, name: str, settings: Mapping[str, object]) -> pd.DataFrame:
    method = getattr(accounts, name)
    needed = inspect.signature(method).parameters.get("satellite")
    if needed is not None and needed.default is inspect.Parameter.empty:
        settings = {"satellite": some_satellite(accounts.table), **settings}
    return method(**settings)


@pytest.fixture(scope="module")
def accounts() -> ValueAddedAccounts:
    return ValueAddedAccounts(random_world(5, 4, 3, zero=1))


@pytest.mark.parametrize("name", FRAMES)
def test_every_column_of_every_frame_is_explained_and_nothing_else(name: str, accounts: ValueAddedAccounts) -> None:
    printed: set[str] = set()
    refused = (InputError,) if name == "origin" else ()  # some of its settings have no meaning together
    for settings in FRAMES[name]:
        with contextlib.suppress(*refused):
            printed |= set(called(accounts, name, settings).columns)
    reporting = ValueAddedAccounts(accounts.table, unbalanced="report")
    printed |= set(called(reporting, name, {"totals": True} if name == "wwz" else {}).columns)
    if "by" in FRAMES[name][0]:
        printed |= set(called(reporting, name, {"by": "country"}).columns)
    described = describe_measures("indices" if name == "country_indices" else name)
    assert printed - LABELS == set(described)


def test_every_frame_of_the_registry_exists() -> None:
    assert {frame for measure in MEASURES.values() for frame in measure.frames} == set(FRAMES) - {"country_indices"}
    with pytest.raises(InputError, match="frame='nonesuch' is not known"):
        describe_measures("nonesuch")


def test_names_are_unique_in_a_frame() -> None:
    for frame in FRAMES:
        names = [measure.name for measure in MEASURES.values() if frame in measure.frames]
        assert len(names) == len(set(names)), frame


def test_every_entry_says_what_it_must() -> None:
    for key, measure in MEASURES.items():
        assert measure.label, key
        assert measure.equation, key
        assert measure.source, key
        assert measure.unit, key
        assert measure.label[0] not in "… ", key
        text = str(explain(key))
        joined = " ".join(text.split())
        assert measure.equation in joined, key
        assert measure.source in joined, key
        assert all(identity in joined for identity in measure.identity), key
        assert max(map(len, text.splitlines())) <= 120


# Identities


def parsed(identity: str) -> ast.Compare | None:
    """An identity made of names and numbers alone; None for one in words."""
    try:
        tree = ast.parse(identity.replace("−", "-").replace(" = ", " == "), mode="eval").body
    except SyntaxError:
        return None
    return tree if isinstance(tree, ast.Compare) else None


_DOES = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def computed(node: ast.expr, family: str, values: Mapping[str, np.ndarray], size: list[float]) -> np.ndarray | float:
    """The value of one side; the largest entry of every name is noted."""
    if isinstance(node, ast.BinOp):
        left, right = (computed(side, family, values, size) for side in (node.left, node.right))
        return _DOES[type(node.op)](left, right)
    if isinstance(node, ast.Constant):
        return float(node.value)
    name = ast.unparse(node)
    found = values[name if "." in name else f"{family}.{name}"]
    size.append(float(np.abs(found).max()))
    return found


def by_country(table: IOTable, **options: object) -> dict[str, np.ndarray]:
    """Every measure that has a value for each country, under default settings; the same in all frames that print it."""
    accounts = ValueAddedAccounts(table, **options)  # type: ignore[arg-type]
    values: dict[str, np.ndarray] = {}
    for name, frame in country_frames(accounts):
        described = describe_measures("indices" if name == "country_indices" else name)
        for column in frame.columns.difference(LABELS):
            key, found = described[column].key, frame[column].to_numpy(float)
            if key in values:
                np.testing.assert_allclose(found, values[key], rtol=1e-9, atol=1e-9 * np.abs(found).max(), err_msg=key)
            values[key] = found
    sectors = accounts.rca().groupby("country", sort=False)[["vax_exporting", "dc_origin"]].sum()
    values["vax.vax_exporting"], values["rca.dc_origin"] = sectors.to_numpy().T
    return values


def country_frames(accounts: ValueAddedAccounts) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "country_indices", accounts.country_indices()
    for name in FRAMES:
        if name == "breakdown" or "by" not in inspect.signature(getattr(accounts, name)).parameters:
            continue
        if name == "wwz":
            yield name, accounts.wwz("country", totals=True)
        elif name == "tiva":
            yield from ((name, accounts.tiva("country", output=o)) for o in ("tiva", "shares", "standard"))
        else:
            yield name, getattr(accounts, name)(by="country")


@pytest.mark.parametrize("case", ["plain", "negative", "groups", "LR-WIOD 2000"])
def test_identities_hold_for_countries(case: str) -> None:
    options: dict[str, object] = {"groups": {"EU": ["C1", "C3"]}} if case == "groups" else {}
    table = lrwiod2000() if case.startswith("LR") else random_world(7, 5, 4, zero=2, negative=case == "negative")
    values = by_country(table, **options)
    checked = 0
    for key, measure in MEASURES.items():
        for identity in measure.identity:
            tree = parsed(identity)
            if tree is None:
                continue
            size: list[float] = []
            left, right = (computed(side, measure.family, values, size) for side in (tree.left, *tree.comparators))
            np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9 * max(size), err_msg=f"{key}: {identity}")
            checked += 1
    assert checked > 110


@pytest.mark.parametrize("negative", [False, True])
def test_identities_in_words_hold(negative: bool) -> None:
    table = random_world(11, 4, 3, negative=negative)
    mine = ValueAddedAccounts(table)
    cells, countries = mine.indices(), mine.country_indices()
    close(cells.plv, cells.upstreamness)
    close(cells.ply, cells.downstreamness)
    close((cells.x * cells.upstreamness).sum(), (cells.x * cells.downstreamness).sum())
    assert negative or (cells.upstreamness >= 1).all()
    close(mine.rca().vax_exporting, cells.VAX)
    close(mine.distance().distance_to_final, cells.upstreamness)
    close(mine.distance_from_inputs().distance_from_inputs, cells.downstreamness)
    close(mine.gvc_income().gvc_income.sum(), table.final_demand.sum())
    close(mine.tiva().BALGR.sum(), 0.0, size=countries.exports.sum())
    close(mine.demand_origin().ffddva.sum(), mine.demand_origin().dfdfva.sum())
    close(mine.vertical_specialisation().VS.sum(), mine.vertical_specialisation().VS1.sum())
    own = mine.footprints()
    close(own.D_exp, countries.vax_origin)
    close(own.D_imp, mine.demand_origin("country").dfdfva)
    for of, column in (("exports", cells.exports), ("output", cells.x)):
        content = mine.origin(of, destination="country_sector").groupby(["country", "sector"], observed=True)
        close(content.value_added.sum(), column)
    made = mine.intensities()
    close(made.M, made.S + table.Z.T @ made.M / table.x)


def test_identities_in_words_hold_between_perspectives() -> None:
    mine = ValueAddedAccounts(random_world(12, 4, 3))
    source, sink = mine.exports(), mine.exports(approach="sink")
    close(source.DDC1, sink.DDC1)
    pairs = mine.exports("pair", approach="sink")
    assert (pairs.VAX1 + pairs.VAX2 <= pairs.VAXIM * (1 + 1e-12)).all()
    assert (pairs.VAXIM <= pairs.VAX * (1 + 1e-12)).all()
    entered = mine.exports("pair", perspective="importer")
    once = (entered.DVA + entered.FVA).groupby(entered.partner, sort=False).sum().reindex(source.country)
    close(mine.imports().VA, once)
    lost = mine.extraction("C1").gdp_lost
    close(lost[1], source.DVA[1])
    close(lost.sum() - lost[1], source.FVA[1])
    close(mine.breakdown("TVA", origin="none")["TVA"][1], lost.sum())
    lost = mine.extraction("C1", partners="C2").gdp_lost
    pair = mine.exports("pair", perspective="pair").set_index(["country", "partner"]).loc[("C1", "C2")]
    close(lost[1], pair.DVA)
    close(lost.sum() - lost[1], pair.FVA)


def test_functions_share_out_the_value_added_of_exports() -> None:
    table = random_world(13, 4, 3)
    parts = np.random.default_rng(4).dirichlet([1.0, 2.0, 3.0], len(table.x)).T * table.va_total
    mine = ValueAddedAccounts(table)
    found = mine.functional_specialisation(
        Satellite.from_frame(pd.DataFrame(parts, ["make", "design", "sell"], table.index))
    ).groupby("country", sort=False)
    close(found.function_income.sum(), mine.exports().DVA)
    close(found.function_share.sum(), np.ones(4))


def test_an_identity_that_does_not_hold_is_found() -> None:
    values = {"a.x": np.array([1.0, 2.0]), "a.y": np.array([1.0, 2.5])}
    tree = parsed("x = y")
    assert tree is not None
    left, right = (computed(side, "a", values, []) for side in (tree.left, *tree.comparators))
    assert not np.allclose(left, right)
    assert parsed("Σ x = Σ y over the world") is None
    with pytest.raises(KeyError):
        computed(ast.parse("z", mode="eval").body, "a", values, [])


# Explanations


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("kww.FVA_INT", ["kww.FVA_INT"]),
        ("FVA", ["exports.FVA"]),
        ("VAX", ["exports.VAX", "tiva_standard.VAX"]),
        ("DC", ["exports.DC", "imports.DC", "tiva_standard.DC"]),
        ("fva_int", ["kww.FVA_INT"]),
        ("T8", ["kww.FVA_INT", "wwz.RDV_INT"]),
        ("wwz.T8", ["wwz.RDV_INT"]),
        ("i2e", ["origin.VS"]),
        (" plv ", ["lengths.plv"]),
    ],
)
def test_a_name_is_found_in_every_family(name: str, found: list[str]) -> None:
    assert [measure.key for measure in explain(name).measures] == found


def test_measures_with_the_same_word_are_pointed_to() -> None:
    related = explain("FVA").related
    assert {"kww.FVA_FIN", "kww.FVA_INT", "exports.FVA1", "tiva.EXGR_FVA", "tiva_shares.EXGR_FVASH"} - set(related) == {
        "tiva_shares.EXGR_FVASH"
    }
    assert "See also kww" in str(explain("FVA")).replace("exports.FVA1, exports.FVA2, exports.FVA3, exports.FVA4, ", "")


def test_a_family_and_the_symbols() -> None:
    text = str(explain("tripartite"))
    assert "GVC_PF" in text
    assert "m # q1" in text
    assert [family.name for family in explain("wwz").families] == ["wwz"]
    assert "local Leontief inverses" in str(explain("notation"))
    assert list(dict(explain().symbols)) == list(FAMILIES)


@pytest.mark.parametrize(
    ("name", "confusion", "words"),
    [
        ("kww.FVA_FIN", "kww_fva", "not Borin & Mancini"),
        ("exports.FVA", "kww_fva", "3,488,281"),
        ("exports.DVA", "self_pure", "pure"),
        ("wwz.RDV_INT", "term_numbers", "decompr"),
        ("wwz.DVA_INTrexI1", "term_numbers", "exvatools"),
        ("EXGR_DVA", "tiva_dva", "re-imported"),
        ("kpww_iv", "fexdva_iv", "FEXDVA"),
        ("FEXDVA", "fexdva_iv", "KPWW"),
        ("vax_ratio", "vax_sector", "exceed 1"),
        ("plv", "plv_upstreamness", "upstreamness"),
        ("upstreamness", "plv_upstreamness", "Bx/x"),
        ("nrca", "rca_variants", "R gvc"),
        ("DViX_Fsr", "dvix", "sector of origin"),
        ("imports.DC", "dc_imports", "double counting"),
        ("GVC_PB", "tripartite_output", "gvcAnalyzer"),
        ("D_exp", "footprint_trade", "absorption"),
    ],
)
def test_known_confusions_are_told(name: str, confusion: str, words: str) -> None:
    found = {c.name: c for c in explain(name).confusions}
    assert confusion in found
    assert words in found[confusion].title + found[confusion].text
    assert found[confusion].title in explain(name)._repr_markdown_()
    assert [c.name for c in explain(confusion).confusions] == [confusion]


@pytest.mark.parametrize(
    ("name", "near"), [("FVA_INNT", "FVA_INT"), ("kww.FVA_ITN", "kww.FVA_INT"), ("upstremness", "upstreamness")]
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(InputError, match=re.escape(near)):
        explain(name)
    with pytest.raises(InputError, match="Families of measures: table, position"):
        explain("qqqqqqqq")


def test_explain_is_public_and_reads_as_markdown() -> None:
    assert gvcpos.explain is explain
    text = gvcpos.explain("kww.FVA_INT")._repr_markdown_()
    assert text.startswith("**`kww.FVA_INT`**")
    assert "- equation: `Σ_{t≠s} Σ_{r≠s} v_t B_ts A_sr L_rr Y_rr`" in text


def test_explain_at_the_command_line() -> None:
    told = CliRunner().invoke(app, ["explain", "kww.FVA_INT"])
    assert told.exit_code == 0
    assert told.output == str(explain("kww.FVA_INT")) + "\n"
    assert "tiva_shares" in CliRunner().invoke(app, ["explain"]).output
    wrong = CliRunner().invoke(app, ["explain", "FVA_INNT"])
    assert wrong.exit_code == 2
    assert "Did you mean FVA_INT" in wrong.output


# Files


def test_the_page_of_measures_is_up_to_date() -> None:
    assert (ROOT / "docs" / "measures.md").read_text(encoding="utf-8") == measures_page(), (
        "docs/measures.md is not what data/measures says: run python docs/make_measures.py"
    )


def test_every_file_is_read_and_no_key_stands_twice() -> None:
    folder = data_path("measures")
    assert {path.stem for path in folder.iterdir()} == {*FAMILIES, "confusions", "notation"}
    for path in folder.iterdir():
        load_yaml_with_lines(path)  # refuses a key that stands twice


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("vax.yaml", "    equation: vax_origin / exports\n", "", "vax.yaml: vax_ratio: needs equation, label"),
        ("vax.yaml", "equation: vax_origin / exports", "equation: ''", "vax_ratio: has no text for equation"),
        ("vax.yaml", "    unit: ratio\n", "    unit: furlongs\n", "unit 'furlongs' is not one of money"),
        ("vax.yaml", "    unit: ratio\n", "    colour: red\n", "vax_ratio: needs equation, label; may have"),
        ("vax.yaml", "frames: [indices, vax]\nmeasures", "measures", "vax.yaml: vax_ratio: no frame prints it"),
        ("vax.yaml", "source: Johnson & Noguera 2012, J. Int. Econ. 86:224\n", "", "vax.yaml: has no text for source"),
        ("vax.yaml", "identity: [vax_ratio = vax_origin / table.exports]", "identity: 3", "identity must be a list"),
        ("confusions.yaml", "[rca.rca,", "[rca.rcx,", "rca_variants is about rca.rcx, which no family has"),
        ("notation.yaml", "Z: intermediate", "Z intermediate", "notation.yaml, line 4: not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    folder = tmp_path / "measures"
    shutil.copytree(data_path("measures"), folder)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecificationError, match=re.escape(message)):
        read_registry(folder)
