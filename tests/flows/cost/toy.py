"""A toy system with money in its file, and masses that balance; all invented."""

from __future__ import annotations

import numpy as np

from gvcpos.flows.network import FloatArray
from gvcpos.flows.system import FlowSystem

TOY = """
name: toy
title: A toy chain with recycling
synthetic: true
years: {first: 2015, last: 2016}
layers: [light, heavy]
processes:
  mine:
    stage: upstream
    costs:
      energy: {value: 100, unit: USD/t, per: input}
      system: {value: 3, unit: USD million}
      waste: {value: 5, unit: USD/t, per: loss}
      materials:
        acid: {amount: {value: 10, unit: kg/t}, price: {value: 2, unit: USD/kg}, to_product: 0.25}
  separation: {stage: midstream, costs: {system: {value: 1, unit: USD/kg, per: product}, allocation: value}}
  magnets: {stage: downstream, costs: {energy: {values: {2015: 2, 2016: 4}, unit: USD million}}}
  use: {stage: use, stock: {}}
  recycling: {stage: midstream}
flows:
  ore:
    from: outside
    to: mine
    price: {value: 500, unit: USD/t}
    value: {values: {2015: 100, 2016: 150}, unit: kt}
    composition: {light: 0.9, heavy: 0.1}
  concentrate: {from: mine, to: separation, share: 0.8, price: {values: {2015: 5, 2016: 6}, unit: USD/kg}}
  tailings: {from: mine, to: outside, kind: loss}
  oxide:
    from: separation
    to: magnets
    price: {light: {value: 8, unit: USD/kg}, heavy: {value: 40, unit: USD/kg}}
  exports: {from: separation, to: outside, kind: export, share: 0.2, price: {value: 12, unit: USD/kg}}
  magnet: {from: magnets, to: use, price: {value: 50, unit: USD/kg}}
  swarf: {from: magnets, to: recycling, kind: loss, share: 0.1}
  scrap:
    from: use
    to: recycling
    value: {values: {2015: 2, 2016: 3}, unit: kt}
    composition: {light: 0.9, heavy: 0.1}
  again: {from: recycling, to: magnets, price: {value: 6, unit: USD/kg}}
  slag: {from: recycling, to: outside, kind: loss, share: 0.25}
"""


def toy(text: str = TOY) -> FlowSystem:
    """Return the toy, or a changed text of it."""
    return FlowSystem.from_text(text, "toy.yaml")


def toy_mass(heavy: float = 0.1) -> FloatArray:
    """(2, 10, 2) masses in kt that balance at every process but use, which stores; more in the second year."""
    magnets = (64.0 + 0.75 * 2.0) / (1.0 - 0.75 * 0.1)  # oxide + 0.75 scrap + 0.75 * 0.1 of itself
    back = 0.75 * (2.0 + 0.1 * magnets)
    total = {
        "ore": 100.0,
        "concentrate": 80.0,
        "tailings": 20.0,
        "oxide": 64.0,
        "exports": 16.0,
        "magnet": 0.9 * magnets,
        "swarf": 0.1 * magnets,
        "scrap": 2.0,
        "again": back,
        "slag": back / 3.0,
    }
    one = np.array(list(total.values()))[:, None] * [1.0 - heavy, heavy]
    return np.stack([one, 1.5 * one])
