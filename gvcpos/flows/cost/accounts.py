"""Cost accounts of a system: tidy frames of its centres, products, losses, unit costs and value added."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import choose
from gvcpos.flows.cost.cascade import KINDS, CostArrays, cost_arrays
from gvcpos.flows.cost.lost import with_ended_costs
from gvcpos.flows.cost.money import Money
from gvcpos.flows.cost.sides import sides_frame
from gvcpos.flows.cost.structure import BoolArray, CostStructure
from gvcpos.flows.cost.tidy import by_layers, divided, layer_labels, long_frame, per_tonne
from gvcpos.flows.cost.value import GroupArrays, flow_values, group_arrays
from gvcpos.flows.network import FloatArray

By = Literal["process", "stage"]
ALL_KINDS = (*KINDS, "waste")


@dataclass(frozen=True, eq=False)
class CostAccounts:
    """Material flow cost accounting of one solution of a system (ISO 14051:2011); see `cost_arrays` for the equations.

    Masses are in kt, money in USD million, unit costs and unit values in USD/t. Cost is conserved in every year to
    1e-10 of what is put in, or there are no accounts.

    Attributes
    ----------
    arrays : CostArrays
        Without draws: (T, F, L, K).
    price : (T, F, L) array
        USD million per kt; NaN where a flow has none.
    stages : tuple of str or None
        Stage of each process.
    synthetic : bool
        Whether the system is invented; every frame says so in its ``attrs``.
    """

    arrays: CostArrays
    price: FloatArray
    stages: tuple[str | None, ...]
    synthetic: bool

    @classmethod
    def of(
        cls,
        structure: CostStructure,
        mass: FloatArray,
        money: Money,
        *,
        stages: tuple[str | None, ...] | None = None,
        synthetic: bool = False,
    ) -> CostAccounts:
        """Cost masses (T, F, L); raises as `cost_arrays`."""
        arrays = cost_arrays(structure, mass, money)
        price = np.broadcast_to(money.price, arrays.mass.shape)
        return cls(arrays, price, stages or (None,) * len(structure.network.processes), synthetic)

    @cached_property
    def value(self) -> FloatArray:
        """(T, F, L): p q of every flow; NaN where a product has no price."""
        return flow_values(self.arrays.structure, self.arrays.mass, self.price)

    def balance(self) -> pd.DataFrame:
        """Put in against come out: year, bought, spent, products, losses, stock; bought + spent is the rest's sum."""
        frame = pd.DataFrame(self.arrays.balance())
        frame.insert(0, "year", self.arrays.structure.network.years)
        return self._said(frame)

    def centres(self) -> pd.DataFrame:
        """Cost structure of every process through which costs run.

        Returns
        -------
        DataFrame
            year, process, stage, kind (material, energy, system, waste), carried (what came in with flows of other
            processes), new (what is bought and spent here), total, product, stock, loss (where it goes: they sum to the
            total), share (of the kind in the total of the process), alpha (share of product in mass). Costs keep their
            first kind from process to process; carried over all kinds is the input cost that ISO 14051 speaks of.
        """
        arrays, structure = self.arrays, self.arrays.structure
        network = structure.network
        bought = arrays.flow * structure.bought[:, None, None]
        new, product, loss = self._spent(), self._left(~structure.loss), self._left(structure.loss)
        entered = _with_waste(arrays.entered.sum(axis=-2))
        purchased = _with_waste(network.inflow(bought.sum(axis=-2)))
        lost = np.stack(
            [arrays.spent.material_loss, *[np.zeros_like(arrays.spent.waste)] * 2, arrays.spent.waste], axis=-1
        )
        values = {
            "carried": entered - purchased,
            "new": purchased + new,
            "total": entered + new,
            "product": product,
            "stock": _with_waste(arrays.stock.sum(axis=-2)),
            "loss": loss + lost,
        }
        values["share"] = divided(values["total"], values["total"].sum(axis=-1, keepdims=True))
        values["alpha"] = np.broadcast_to(arrays.alpha[..., None], entered.shape)
        labels = {"year": network.years, "process": network.processes, "kind": ALL_KINDS}
        frame = long_frame(labels, values)
        frame = frame[frame["process"].isin(np.array(network.processes)[structure.passing])].reset_index(drop=True)
        frame.insert(2, "stage", frame["process"].map(dict(zip(network.processes, self.stages, strict=True))))
        return self._said(frame)

    def kinds(self) -> pd.DataFrame:
        """Share of each kind of cost in all that is put in: year, kind, cost, share."""
        arrays = self.arrays
        bought = arrays.flow[..., arrays.structure.bought, :, :].sum(axis=(-3, -2))
        cost = _with_waste(bought) + self._spent().sum(axis=-2)
        share = divided(cost, cost.sum(axis=-1, keepdims=True))
        labels = {"year": arrays.structure.network.years, "kind": ALL_KINDS}
        return self._said(long_frame(labels, {"cost": cost, "share": share}))

    def products(self) -> pd.DataFrame:
        """Products of every process: year, process, flow, layer (with ``total``), mass, cost and its kinds, unit_cost.

        `final` says which leave the chain of costs, to the outside or into use.
        """
        return self._flows(~self.arrays.structure.loss)

    def losses(self) -> pd.DataFrame:
        """Losses of every process, as `products`, and what ends with them.

        `waste` and `auxiliary` are costs of the process that end with its losses: the handling of waste, and auxiliary
        materials that no product contains. They stand at the losses that leave the chain, by mass, or at all losses
        where none leaves. A process without any loss has them in a row without flow.
        """
        frame = self._flows(self.arrays.structure.loss)
        return self._said(with_ended_costs(frame, self.arrays))

    def unit_costs(self) -> pd.DataFrame:
        """What every flow costs and is worth, in all and by the t.

        Returns
        -------
        DataFrame
            year, flow, source, target, layer (with ``total``), mass, cost and value (USD million), unit_cost and price
            (USD/t). Bought flows cost their price, all others what was put into them; NaN outside the chain of costs,
            and where a product has no price.
        """
        arrays, network = self.arrays, self.arrays.structure.network
        known = arrays.structure.bought | arrays.structure.carried | arrays.structure.final
        cost = by_layers(np.where(known[:, None], arrays.total, np.nan), network.layers)
        mass, value = by_layers(arrays.mass, network.layers), by_layers(self.value, network.layers)
        values = {"mass": mass, "cost": cost, "value": value}
        values |= {"unit_cost": per_tonne(cost, mass), "price": per_tonne(value, mass)}
        labels = {"year": network.years, "flow": network.flows, "layer": layer_labels(network.layers)}
        frame = long_frame(labels, values)
        ends = (
            [arrays.structure.end_of(n) for n in network.source],
            [arrays.structure.end_of(n) for n in network.target],
        )
        for place, (name, column) in enumerate(zip(("source", "target"), ends, strict=True)):
            frame.insert(2 + place, name, frame["flow"].map(dict(zip(network.flows, column, strict=True))))
        return self._said(frame)

    def unpriced(self) -> tuple[str, ...]:
        """Names of products that have a mass and no price: what makes a value added NaN."""
        lacking = np.isnan(self.value).any(axis=(0, 2))
        return tuple(np.array(self.arrays.structure.network.flows)[lacking].tolist())

    def groups(self, by: By) -> tuple[tuple[str, ...], GroupArrays]:
        """Return the G names, and what crosses the borders of the groups.

        Raises
        ------
        InputError
            If processes have no stage.
        """
        processes = self.arrays.structure.network.processes
        named = list(processes) if choose(by, By, "by") == "process" else list(self.stages)
        without = [p for p, name in zip(processes, named, strict=True) if name is None]
        if without:
            raise InputError(
                f"no stage: {enumerate_labels(without)}. Give processes.{without[0]}.stage, or use by='process'."
            )
        names = tuple(dict.fromkeys(str(name) for name in named))
        numbers = np.array([names.index(str(name)) for name in named], dtype=np.int64)
        return names, group_arrays(self.arrays, self.value, numbers)

    def value_added(self, *, by: By = "process", auxiliary: bool = False) -> pd.DataFrame:
        """Value added: year, process (or stage), layer (with ``total``), value_in, value_out, value_added.

        Parameters
        ----------
        by : {"process", "stage"}
            Flows within a stage count neither as bought nor as sold.
        auxiliary : bool
            Take off what is paid for auxiliary materials and energy too; only in the total, as they have no layer.

        Value added is NaN where costs end, in use, and where a product that crosses the border has no price; `unpriced`
        names those, as does ``attrs["unpriced"]``.

        Raises
        ------
        InputError
            If a process has no stage.
        """
        names, found = self.groups(by)
        layers = self.arrays.structure.network.layers
        values = {"value_in": by_layers(found.value_in, layers), "value_out": by_layers(found.value_out, layers)}
        values["value_added"] = by_layers(found.value_added, layers)
        if auxiliary:
            values["value_added"] = np.full_like(values["value_in"], np.nan)
            values["value_added"][..., -1] = found.net_value_added
        labels = {"year": self.arrays.structure.network.years, by: names, "layer": layer_labels(layers)}
        return self._said(long_frame(labels, values))

    def sides(self, *, by: By = "stage", layers: bool = False) -> pd.DataFrame:
        """The physical and the monetary side of every stage beside each other; see `sides_frame`.

        Raises
        ------
        InputError
            If a process has no stage.
        """
        names, found = self.groups(by)
        return self._said(sides_frame(self.arrays.structure.network, found, (by, names), layers=layers))

    def _spent(self) -> FloatArray:
        """(T, P, 4): what processes spend themselves, by kind."""
        spent = self.arrays.spent
        material = spent.material_product + spent.material_loss
        return np.stack([material, spent.energy, spent.system, spent.waste], axis=-1)

    def _left(self, chosen: BoolArray) -> FloatArray:
        """(T, P, 4): cost of the chosen flows that leave each process, by kind."""
        structure = self.arrays.structure
        inside = (structure.carried | structure.final) & chosen
        return _with_waste(structure.network.outflow(self.arrays.flow.sum(axis=-2) * inside[:, None]))

    def _flows(self, chosen: BoolArray) -> pd.DataFrame:
        arrays, structure = self.arrays, self.arrays.structure
        network = structure.network
        mass = by_layers(arrays.mass, network.layers)
        kinds = {kind: by_layers(arrays.flow[..., k], network.layers) for k, kind in enumerate(KINDS)}
        cost = by_layers(arrays.total, network.layers)
        values = {"mass": mass, "cost": cost, **kinds, "unit_cost": per_tonne(cost, mass)}
        labels = {"year": network.years, "flow": network.flows, "layer": layer_labels(network.layers)}
        frame = long_frame(labels, values)
        final = dict(zip(network.flows, structure.final.tolist(), strict=True))
        kept = dict(zip(network.flows, ((structure.carried | structure.final) & chosen).tolist(), strict=True))
        source = dict(zip(network.flows, [structure.end_of(n) for n in network.source], strict=True))
        frame.insert(1, "process", frame["flow"].map(source))
        frame["final"] = frame["flow"].map(final)
        return self._said(frame[frame["flow"].map(kept)].reset_index(drop=True))

    def _said(self, frame: pd.DataFrame) -> pd.DataFrame:
        frame.attrs = {"mass": "kt", "money": "USD million", "unit_cost": "USD/t"}
        frame.attrs |= {"synthetic": self.synthetic, "unpriced": self.unpriced()}
        return frame


def _with_waste(values: FloatArray) -> FloatArray:
    """Append to kinds (..., 3) the waste management that flows do not carry."""
    return np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
