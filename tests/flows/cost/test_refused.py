"""What cost accounting refuses: one clear error each, which names process or flow, and year."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import IdentityError, InputError, LabelError, SpecificationError
from tests.flows.cost.systems import make

FLOWS = [("ore", "outside", "plant"), ("oxide", "plant", "outside"), ("residue", "plant", "outside")]
MASS = {"ore": [[10], [10]], "oxide": [[8], [8]], "residue": [[2], [2]]}
MARKS = {"losses": ["residue"], "centres": ["plant"], "years": (2020, 2021)}


def system(**changes):
    given = {"masses": MASS, "prices": {"ore": 1}, "expenses": [("plant", "energy", "year", 5)], **MARKS} | changes
    return make(FLOWS, given.pop("masses"), **given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prices": {"ore": [[1], [-2]]}}, r"flow 'ore', 2021: price -2 .*negative"),
        ({"prices": {"ore": [[1], [np.nan]]}}, r"flow 'ore' enters from outside and has no price in 2021"),
        ({"masses": MASS | {"ore": [[10], [-1]]}}, r"flow 'ore', 2021, layer 'total': a mass of -1 kt"),
        ({"masses": MASS | {"ore": [[np.nan], [1]]}}, r"flow 'ore', 2020, layer 'total': a mass of nan kt"),
        (
            {"masses": MASS | {"oxide": [[8], [0]]}},
            r"process 'plant', 2021: it spends 5 USD million and makes no product",
        ),
        ({"expenses": [("plant", "energy", "input", [1, -1])]}, r"process 'plant', energy, 2021: a cost of -1"),
        ({"expenses": [("plant", "material", "year", 1, 1.2)]}, r"to_product is 1.2 to 1.2"),
        ({"by_value": ["plant"]}, r"flow 'oxide', 2020, layer 'total': no price, and process 'plant' allocates"),
        (
            {"by_value": ["plant"], "prices": {"ore": 1, "oxide": 0}},
            r"process 'plant', 2020: its products are worth nothing",
        ),
    ],
)
def test_wrong_numbers(changes, message):
    with pytest.raises(InputError, match=message):
        system(**changes)


def test_centre_without_product():
    with pytest.raises(
        SpecificationError, match="'plant' is a quantity centre without a product: none but losses leave it"
    ):
        make(FLOWS, MASS, prices={"ore": 1}, losses=["oxide", "residue"], centres=["plant"], years=(2020, 2021))


def test_centre_without_outflow():
    with pytest.raises(SpecificationError, match="'plant' is a quantity centre without a product: nothing leaves it"):
        make(FLOWS[:1], MASS, prices={"ore": 1}, centres=["plant"], years=(2020, 2021))


def test_loop_that_loses_nothing():
    flows = [("on", "mill", "sieve"), ("back", "sieve", "mill")]
    with pytest.raises(InputError, match=r"loop of mill, sieve, 2020: 14 kt go round and nothing leaves"):
        make(flows, {"on": 7, "back": 7}, expenses=[("mill", "energy", "year", 1)], centres=["mill"])


def test_loop_that_one_layer_never_leaves():
    flows = [
        ("ore", "outside", "mill"),
        ("on", "mill", "sieve"),
        ("back", "sieve", "mill"),
        ("out", "sieve", "outside"),
    ]
    mass = {"ore": [[1, 0]], "on": [[2, 3]], "back": [[1, 3]], "out": [[1, 0]]}
    with pytest.raises(InputError, match=r"loop of mill, sieve, 2020, layer 'heavy': 6 kt go round"):
        make(flows, mass, prices={"ore": 1}, layers=("light", "heavy"), centres=["mill"])


def test_closed_loop_inside_a_larger_one():
    """a and b keep all they have in 2021, and c, which is in their loop otherwise, does not."""
    flows = [
        ("ore", "outside", "c"),
        ("ab", "a", "b"),
        ("ba", "b", "a"),
        ("bc", "b", "c"),
        ("ca", "c", "a"),
        ("out", "c", "outside"),
    ]
    mass = {"ore": 1, "ab": [[3], [2]], "ba": 2, "bc": [[1], [0]], "ca": [[1], [0]], "out": 1}
    with pytest.raises(InputError, match=r"loop of .*, 2021: all cost comes back"):
        make(flows, mass, prices={"ore": 1}, years=(2020, 2021), centres=["a", "c"])


def test_stock_that_gives_without_receiving():
    flows = [("in", "outside", "store"), ("out", "store", "outside")]
    with pytest.raises(
        InputError, match=r"process 'store', 2021, layer 'total': 3 kt leave its stock and nothing enters"
    ):
        make(
            flows,
            {"in": [[1], [0]], "out": [[1], [3]]},
            prices={"in": 1},
            stocks=["store"],
            centres=["store"],
            years=(2020, 2021),
        )


def test_mass_that_enters_and_never_leaves():
    flows = [("in", "outside", "a"), ("out", "a", "outside")]
    with pytest.raises(IdentityError, match=r"costs of 2021: 3 USD million go in and 0 come out"):
        make(flows, {"in": 1, "out": [[1], [0]]}, prices={"in": 3}, years=(2020, 2021))


def test_unknown_names():
    with pytest.raises(LabelError, match="no such flows: dust"):
        system(losses=["dust"])
    with pytest.raises(LabelError, match="no such processes: mill"):
        system(stocks=["mill"])
