"""Systems that cannot be: one clear error each, with the file and the line."""

from __future__ import annotations

import pytest

from gvcpos._core.errors import SpecificationError
from gvcpos.flows import FlowSystem, flow_schema
from tests.flows.small import chain, system, text

A = "a: {}\nb: {}"
ORE = "ore: {from: outside, to: a, value: {value: 30, unit: kt}}"
REST = "forth: {from: a, to: b}\nout: {from: b, to: outside}"


def refused(processes: str, flows: str, **options: str) -> str:
    with pytest.raises(SpecificationError) as caught:
        system(processes, flows, **options).balance()
    return str(caught.value)


def line_with(part: str, processes: str, flows: str, **options: str) -> int:
    return next(i for i, row in enumerate(text(processes, flows, **options).splitlines(), 1) if part in row)


CASES = {
    "unknown process": (ORE.replace("to: a", "to: mill"), "to: mill", ["no process is called 'mill'", "a, b, outside"]),
    "unknown key": (ORE.replace("value: {value", "valu: {value"), "valu:", ["unknown key", "from, to, title"]),
    "money for mass": (ORE.replace("unit: kt", "unit: USD"), "unit: USD", ["'USD' is money, expected a mass"]),
    "price for mass": (ORE.replace("unit: kt", "unit: USD/kg"), "USD/kg", ["is money per mass, expected a mass"]),
    "no such unit": (ORE.replace("unit: kt", "unit: knot"), "knot", ["'knot' is not known"]),
    "kg of USD": (ORE.replace("unit: kt", "unit: kg of USD"), "kg of USD", ["is not understood"]),
    "negative": (ORE.replace("value: 30", "value: -3"), "value: -3", ["-3 is negative"]),
    "text": (ORE.replace("value: 30", "value: thirty"), "thirty", ["must be a number"]),
    "coefficient over 1": (
        f"{ORE}\nl: {{from: a, to: outside, share: 1.2}}",
        "1.2",
        ["share = 1.2: must be at most 1"],
    ),
    "percent over 100": (
        f"{ORE}\nl: {{from: a, to: outside, share: {{value: 120, unit: percent}}}}",
        "120",
        ["120 percent is over 1"],
    ),
    "shares over 1": (
        f"{ORE}\nl: {{from: a, to: outside, share: 0.7}}\nm: {{from: a, to: outside, share: 0.4}}",
        "share: 0.4",
        ["shares of what leaves a (l, m) sum to 1.1 in 2020, over 1"],
    ),
    "share of the outside": (
        "ore: {from: outside, to: a, share: 0.3}",
        "share: 0.3",
        ["is a share of what enters `from`, but the flow comes from outside"],
    ),
    "import from inside": (
        f"{ORE}\nl: {{from: a, to: b, kind: import}}",
        "kind: import",
        ["an import comes from outside"],
    ),
    "export to inside": (f"{ORE}\nl: {{from: a, to: b, kind: export}}", "kind: export", ["an export goes to outside"]),
    "stock flow of no stock": (f"{ORE}\nl: {{from: a, to: b, kind: stock}}", "kind: stock", ["but a has none"]),
    "to itself": (f"{ORE}\nl: {{from: a, to: a}}", "l: ", ["enters a, which it leaves"]),
    "ratio of nobody": (f"{ORE}\nl: {{from: outside, to: a, ratio: {{of: x, value: 2}}}}", "of: x", ["no other flow"]),
    "year missing": (
        "ore: {from: outside, to: a, value: {values: {2019: 3, 2022: 5}, unit: kt}}",
        "values",
        ["lacks 2020"],
    ),
    "layer unknown": (
        "ore: {from: outside, to: a, value: {value: 3, unit: kt}, composition: {light: 1}}",
        "composition",
        ["no layer is called 'light'. There are: total"],
    ),
    "source unknown": (ORE.replace("unit: kt", "unit: kt, source: usgs"), "usgs", ["no source is called 'usgs'"]),
    "two kinds of value": (ORE.replace("value: 30", "value: 30, values: {2020: 3}"), "ore", ["give value or values"]),
    "no distribution": (
        ORE.replace("unit: kt", "unit: kt, uncertainty: {distribution: cauchy, relative: 0.1}"),
        "cauchy",
        ["'normal', 'lognormal', 'truncated normal'"],
    ),
    "bounds in no order": (
        ORE.replace("unit: kt", "unit: kt, uncertainty: {low: 40, high: 20}"),
        "low: 40",
        ["must be in this order"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_wrong_flow_is_refused_with_its_line(case: tuple[str, str, list[str]]) -> None:
    flows, part, words = case
    message = refused(A, f"{flows}\n{REST}")
    assert f"small.yaml, line {line_with(part, A, f'{flows}' + chr(10) + REST)}: flows." in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("stock", "flows", "words"),
    [
        ("stock: {}", REST, "a stock needs a lifetime, an outflow with data"),
        ("stock: {accumulates: true}", REST, "nothing leaves a stock that accumulates"),
        (
            "stock: {lifetime: {distribution: weibull, shape: 3}}",
            REST,
            "a weibull lifetime has scale, shape or mean, shape; here: shape",
        ),
        ("stock: {lifetime: {distribution: fixed, mean: {value: 3, unit: kt}}}", REST, "expected a time: year"),
        (
            "stock: {lifetime: {distribution: fixed, mean: 3}, history: {values: {2017: 3}, unit: kt}}",
            REST,
            "must have values for the years up to 2019 without a gap",
        ),
        ("title: A", "forth: {from: outside, to: b}", "what enters this process cannot leave"),
    ],
)
def test_a_wrong_process_is_refused_with_its_line(stock: str, flows: str, words: str) -> None:
    processes, flows = f"b: {{}}\na: {{{stock}}}", f"{ORE}\n{flows}"
    message = refused(processes, flows)
    assert words in message
    assert f"small.yaml, line {line_with('a: {', processes, flows)}: processes.a" in message


def test_names_that_stand_twice() -> None:
    assert "key 'ore' a second time" in refused(A, f"{ORE}\n{ORE}\n{REST}")
    assert "key 'a' a second time" in refused("a: {}\na: {}\nb: {}", f"{ORE}\n{REST}")
    assert "layers names x more than once" in refused(A, f"{ORE}\n{REST}", layers="x, x")
    assert "2020 stands more than once" in refused(A, f"{ORE}\n{REST}", years="[2020, 2020]")


def test_a_composition_sums_to_one() -> None:
    flows = f"ore: {{from: outside, to: a, value: {{value: 3, unit: kt}}, composition: {{x: 0.5, z: 0.4}}}}\n{REST}"
    assert "shares of the layers sum to 0.9 in 2020: they must sum to 1" in refused(A, flows, layers="x, z")
    assert "lacks z: give every layer" in refused(A, flows.replace(", z: 0.4", ""), layers="x, z")


def test_free_flows_are_named() -> None:
    """Two outflows and nothing said of either."""
    message = refused(A, f"{ORE}\nloss: {{from: a, to: outside, kind: loss}}\n{REST}")
    assert "the data leave flows free: loss, forth, out. Give 1 more number" in message
    assert "small.yaml, line " in message


def test_a_cycle_without_loss() -> None:
    flows = f"{ORE}\nforth: {{from: a, to: b}}\nback: {{from: b, to: a, share: 1}}\nout: {{from: b, to: outside}}"
    message = refused(A, flows)
    assert "forth, back go round and nothing of them is lost" in message


def test_a_cycle_without_loss_in_one_year() -> None:
    share = "share: {values: {2019: 0.5, 2020: 1}}"
    flows = f"{ORE}\nforth: {{from: a, to: b}}\nback: {{from: b, to: a, {share}}}\nout: {{from: b, to: outside}}"
    assert "in 2020: no flow meets the data of this year" in refused(A, flows, years="[2019, 2020]")


def test_a_flow_that_comes_out_negative_is_named_with_its_year() -> None:
    value = "value: {values: {2019: 20, 2020: 40}, unit: kt}"
    message = refused(
        A, f"{ORE}\nexport: {{from: a, to: outside, kind: export, {value}}}\n{REST}", years="[2019, 2020]"
    )
    assert "in 2020: the data make this flow -10 kt" in message
    assert "small.yaml, line " in message


def test_exact_data_that_contradict_each_other() -> None:
    message = refused(A, f"{ORE}\n{REST.replace('to: outside', 'to: outside, value: {value: 31, unit: kt}')}")
    assert "exact data contradict each other by 1 kt" in message
    shares = "l: {from: a, to: outside, share: 0.5}\nforth: {from: a, to: b, share: 0.4}"
    short = f"{ORE}\n{shares}\nout: {{from: b, to: outside}}"
    assert "exact data contradict each other by 3 kt" in refused(A, short)


def test_inputs_as_a_frame_say_where_they_are_from() -> None:
    more = "sources:\n  norm: {text: A norm, grade: B}\n"
    ore = ORE.replace("unit: kt", "unit: kt, source: norm")
    flows = f"{ore}\nl: {{from: a, to: outside, share: {{value: 0.1, assumed: a guess}}}}\n{REST}"
    frame = system(A, flows, more=more).to_frame().set_index("name")
    assert frame.loc["ore", ["value", "status", "source", "grade"]].tolist() == [30.0, "source", "norm", "B"]
    assert frame.loc["l.share", ["status", "assumed"]].tolist() == ["assumed", "a guess"]
    assert frame["synthetic"].all()
    assert chain().to_frame().query("name == 'ore' and year == 2021")["sd"].item() == pytest.approx(6.0)


def test_schema_knows_every_key() -> None:
    schema = flow_schema()
    assert {"name", "years", "layers", "sources", "processes", "flows"} <= set(schema["properties"])
    assert {"from", "to", "value", "share", "composition", "ratio"} <= set(schema["$defs"]["FlowBlock"]["properties"])
    assert schema["$defs"]["FlowBlock"]["required"] == ["from", "to"]


def test_a_file_that_is_no_mapping() -> None:
    with pytest.raises(SpecificationError, match="a system is a mapping with the keys name, title"):
        FlowSystem.from_text("- 3")


def test_a_number_that_yaml_reads_as_text() -> None:
    assert "YAML reads 5e-05 as text: write it without an e, or as in 1.0e-5" in refused(
        A, f"{ORE.replace('value: 30', 'value: 5e-05')}\n{REST}"
    )
