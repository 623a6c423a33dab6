"""Small invented systems for tests."""

from __future__ import annotations

import re
from textwrap import dedent

from gvcpos.flows import FlowSystem

HEAD = """name: small
title: A small system
synthetic: true
years: {years}
layers: [{layers}]
"""


def system(processes: str, flows: str, *, years: str = "[2020]", layers: str = "total", more: str = "") -> FlowSystem:
    """Make a system of the lines of its processes and of its flows."""
    return FlowSystem.from_text(text(processes, flows, years=years, layers=layers, more=more), "small.yaml")


def text(processes: str, flows: str, *, years: str = "[2020]", layers: str = "total", more: str = "") -> str:
    head = HEAD.format(years=years, layers=layers)
    return f"{head}{more}processes:\n{_indented(processes)}\nflows:\n{_indented(flows)}\n"


def entries(block: str) -> list[str]:
    """Take lines apart into entries; a line that is set in goes on with the entry before."""
    return re.split(r"\n(?! )", block.strip())


def _indented(block: str) -> str:
    return "\n".join(f"  {line}" for entry in entries(dedent(block)) for line in entry.splitlines())


CHAIN = """
mine: {title: Mine, stage: upstream}
plant: {title: Plant, stage: midstream}
use: {title: In use, stage: use, stock: {lifetime: {
    distribution: weibull, shape: 3.5, scale: {value: 4, unit: year, uncertainty: {relative: 0.1}}}}}
collect: {title: Collection}
"""
CHAIN_FLOWS = """
ore: {from: outside, to: mine,
    value: {values: {2018: 100, 2019: 110, 2020: 130, 2021: 120}, unit: kt, uncertainty: {relative: 0.05}},
    composition: {light: {value: 0.9, uncertainty: {sd: 0.01}}, heavy: 0.1}}
tailings: {from: mine, to: outside, kind: loss, share: {light: {value: 0.2, uncertainty: {sd: 0.02}}, heavy: 0.3}}
concentrate: {from: mine, to: plant}
imports: {from: outside, to: plant, kind: import,
    value: {value: 12000, unit: t, uncertainty: {relative: 0.2}}, composition: {light: 0.7, heavy: 0.3}}
exports: {from: plant, to: outside, kind: export,
    value: {value: 9, unit: kt, uncertainty: {relative: 0.1}}, composition: same}
slag: {from: plant, to: outside, kind: loss, share: {value: 0.1, uncertainty: {sd: 0.01}}}
goods: {from: plant, to: use}
retired: {from: use, to: collect, kind: stock}
recycled: {from: collect, to: plant, share: {value: 25, unit: percent, uncertainty: {sd: 5}}}
landfill: {from: collect, to: outside, kind: loss}
"""


def chain() -> FlowSystem:
    """Two layers, four years, a stock, and a recycling loop through exports with the composition of what they leave."""
    return system(CHAIN, CHAIN_FLOWS, years="{first: 2018, last: 2021}", layers="light, heavy")
