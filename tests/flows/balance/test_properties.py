"""What holds for every valid system: conservation, layers, scale, merged processes, the order of the file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gvcpos.flows import FlowSystem
from tests.flows.small import system

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
share = st.floats(0.01, 0.3)


@dataclass(frozen=True)
class Made:
    """Lines of a system that can be balanced."""

    processes: list[str]
    flows: list[str]
    stock: bool

    def read(self, factor: float = 1.0, order: list[int] | None = None, *, redundant: bool = False) -> FlowSystem:
        lines = [_scaled(line, factor) for line in self.flows]
        if redundant:
            sure = f"value: {{value: {factor * 20.0!r}, unit: kt, uncertainty: {{relative: 0.3}}}}"
            lines = [line.replace("to: p1}", f"to: p1, {sure}}}") for line in lines]
        if order is not None:
            lines = [lines[i] for i in sorted(range(len(lines)), key=lambda i: order[i % len(order)] * 31 + i * 17 % 7)]
        years = "{first: 2018, last: 2020}"
        return system("\n".join(self.processes), "\n".join(lines), years=years, layers="u, v, w")


def _scaled(line: str, factor: float) -> str:
    """Multiply the masses of a line, which stand between bars."""
    parts = line.split("|")
    return "".join(f"{float(part) * factor:.15f}" if i % 2 else part for i, part in enumerate(parts))


@st.composite
def made(draw: st.DrawFn) -> Made:
    """A chain of processes with losses, imports, loops back, exports with the composition of their process, a stock."""
    size = draw(st.integers(2, 5))
    stock = draw(st.booleans())
    processes = [f"p{i}: {{}}" for i in range(size)]
    flows = [f"ore: {{from: outside, to: p0, value: {_mass(draw)}, composition: {_composition(draw)}}}"]
    for i in range(size):
        following = f"p{i + 1}" if i + 1 < size else ("use" if stock else "outside")
        flows.append(f"on{i}: {{from: p{i}, to: {following}}}")
        if draw(st.booleans()):
            each = ", ".join(f"{layer}: {draw(share)!r}" for layer in "uvw")
            flows.append(f"loss{i}: {{from: p{i}, to: outside, kind: loss, share: {{{each}}}}}")
        if i and draw(st.booleans()):
            flows.append(f"back{i}: {{from: p{i}, to: p{draw(st.integers(0, i - 1))}, share: {draw(share)!r}}}")
        if draw(st.booleans()):
            value = f"{{value: |{draw(st.floats(0.01, 0.3))!r}|, unit: kt}}"
            flows.append(f"sold{i}: {{from: p{i}, to: outside, kind: export, value: {value}, composition: same}}")
        if draw(st.booleans()):
            flows.append(f"in{i}: {{from: outside, to: p{i}, value: {_mass(draw)}, composition: {_composition(draw)}}}")
    if stock:
        mean = draw(st.floats(0.5, 6))
        processes.append(f"use: {{stock: {{lifetime: {{distribution: lognormal, mean: {mean!r}, sd: {mean / 2!r}}}}}}}")
        flows.append("retired: {from: use, to: end, kind: stock}")
        processes.append("end: {}")
        flows += [
            f"again: {{from: end, to: p0, share: {draw(share)!r}}}",
            "waste: {from: end, to: outside, kind: loss}",
        ]
    return Made(processes, flows, stock)


def _mass(draw: st.DrawFn) -> str:
    values = ", ".join(f"{year}: |{draw(st.floats(5, 50))!r}|" for year in (2018, 2019, 2020))
    return f"{{values: {{{values}}}, unit: kt, uncertainty: {{relative: 0.1}}}}"


def _composition(draw: st.DrawFn) -> str:
    first, second = draw(st.floats(0.05, 0.6)), draw(st.floats(0.05, 0.35))
    return f"{{u: {first!r}, v: {second!r}, w: {1 - first - second!r}}}"


@QUICK
@given(made(), st.booleans())
def test_mass_is_conserved_and_layers_sum(case: Made, redundant: bool) -> None:
    """Determined or reconciled: every process, layer and year balances to 1e-10, and no flow is negative."""
    balance = case.read(redundant=redundant).balance()
    frame = balance.processes()
    throughput = np.maximum(frame["inflow"], 1e-12 * balance.mass.max())
    assert (frame["residual"].abs() <= 1e-10 * throughput).all()
    wide = balance.frame.pivot_table(index=["year", "flow"], columns="layer", values="mass")
    assert np.allclose(wide[["u", "v", "w"]].sum(axis=1), wide["total"], rtol=1e-13)
    assert (balance.mass >= 0).all()


@QUICK
@given(made(), st.floats(0.001, 1000), st.booleans())
def test_all_flows_scale_with_the_data(case: Made, factor: float, redundant: bool) -> None:
    one, other = (case.read(f, redundant=redundant).balance() for f in (1.0, factor))
    assert np.allclose(other.mass, factor * one.mass, rtol=1e-6 if redundant else 1e-9, atol=1e-9 * factor)
    assert np.allclose(other.std_error, factor * one.std_error, rtol=1e-5, atol=1e-7 * factor)
    assert np.allclose(other.fit["chi2"], one.fit["chi2"], rtol=1e-4, atol=1e-6)


@QUICK
@given(made(), st.permutations(list(range(8))), st.booleans())
def test_the_order_of_flows_changes_nothing(case: Made, order: list[int], redundant: bool) -> None:
    frames = [
        case.read(order=o, redundant=redundant).balance().frame.sort_values(["year", "flow", "layer"])
        for o in (None, order)
    ]
    one, other = (frame.reset_index(drop=True) for frame in frames)
    assert one["flow"].equals(other["flow"])
    assert np.allclose(one["mass"], other["mass"], rtol=1e-6 if redundant else 1e-10, atol=1e-10)


@QUICK
@given(st.lists(st.floats(1, 5), min_size=2, max_size=2), st.floats(0.05, 0.4))
def test_merging_two_processes_leaves_other_flows(losses: list[float], back: float) -> None:
    """Three processes in a row, and the same with the first two as one: what passed between them is gone, no more."""

    def lines(first: str, second: str) -> str:
        lost = [f"value: {{u: {{value: {u!r}, unit: kt}}, v: {{value: 2, unit: kt}}}}" for u in losses]
        rows = [
            f"ore: {{from: outside, to: {first}, value: {{value: 40, unit: kt}}, composition: {{u: 0.3, v: 0.7}}}}",
            f"one: {{from: {first}, to: outside, {lost[0]}}}",
            f"two: {{from: {second}, to: outside, {lost[1]}}}",
            f"forth: {{from: {second}, to: c}}",
            f"back: {{from: c, to: {first}, share: {back}}}",
            "out: {from: c, to: outside}",
        ]
        return "\n".join([*rows, *([f"between: {{from: {first}, to: {second}}}"] if first != second else [])])

    apart = system("a: {}\nb: {}\nc: {}", lines("a", "b"), layers="u, v").balance()
    merged = system("ab: {}\nc: {}", lines("ab", "ab"), layers="u, v").balance()
    assert np.allclose(apart.mass[:, :6], merged.mass, rtol=1e-12)
