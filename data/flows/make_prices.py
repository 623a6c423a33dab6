"""Prices of `china_rare_earths.yaml` that are baskets of oxide prices, USD/t REO by flow, layer and year.

Usage: python make_prices.py (prints what stands in the file; a test compares the two)

A layer is a mix of elements, and the mix differs along the chain: light rare earths are lanthanum and cerium in a
catalyst, neodymium and praseodymium in a magnet. So each flow has the price of its own mix, made here of the oxide
prices below and of shares of elements, and rounded to 10 USD/t.
"""

from __future__ import annotations

from collections.abc import Mapping

YEARS = tuple(range(2015, 2023))
# USD/kg. USGS, Mineral Commodity Summaries 2019 (2015-2018), 2021 and 2025 (2019-2022), for La, Ce, Nd, Eu, Tb, Dy, Y
# and, from 2021, Pr, Sm, Gd, Ho, Er, Yb, Lu. Gd, Ho, Er, Lu of 2019 and 2020: list prices of China Southern Rare
# Earth Group, July, at 6.9 CNY/USD. The years of these elements before 2019, and Y of 2020-2022, are assumed.
OXIDES: Mapping[str, tuple[float, ...]] = {
    "La": (3, 2, 2, 2, 2, 2, 1.51, 1.39),
    "Ce": (3, 2, 2, 2, 2, 2, 1.54, 1.45),
    "Pr": (48, 40, 50, 51, 45, 49, 93, 128),
    "Nd": (48, 40, 50, 50, 45, 49, 98, 134),
    "Sm": (2, 2, 2, 2, 2, 2, 2.03, 3.34),
    "Eu": (344, 74, 77, 53, 35, 31, 31, 30),
    "Gd": (13, 11, 14, 19, 25, 26, 47, 75),
    "Tb": (564, 415, 501, 455, 507, 670, 1340, 2050),
    "Dy": (279, 198, 187, 179, 239, 261, 410, 382),
    "Ho": (40, 35, 45, 50, 56.5, 62, 140, 180),
    "Er": (35, 27, 26, 25, 26, 24.6, 36, 53),
    "Yb": (22, 19, 18, 16, 15, 14.5, 15, 14),
    "Lu": (800, 700, 650, 620, 623, 674, 811, 814),
    "Y": (8, 4, 3, 3, 3, 3.2, 6, 11.5),
}
MISCHMETAL = (7, 5, 6, 6, 6, 5, 5.66, 6.52)  # USD/kg of metal, USGS as above
METAL_TO_OXIDE = 1.17  # t REO in a t of metal: 2 x 144.24 g of Nd are in 336.5 g of Nd2O3
# Shares of elements in a layer: Bayan Obo for hard rock, the middle-yttrium clay of Xinfeng for ionic ore (Castor &
# Hedrick 2006; Chi & Tian 2008), recycled oxides as China's recyclers reported them for 2024 (Argus 2025).
MIXES: Mapping[str, Mapping[str, float]] = {
    "hard_light": {"La": 0.263, "Ce": 0.506, "Pr": 0.051, "Nd": 0.167, "Sm": 0.011, "Eu": 0.002},
    "ionic_light": {"La": 0.464, "Ce": 0.054, "Pr": 0.094, "Nd": 0.297, "Sm": 0.076, "Eu": 0.015},
    "heavy": {
        "Gd": 0.151, "Tb": 0.0172, "Dy": 0.094, "Ho": 0.0188, "Er": 0.065, "Yb": 0.0337, "Lu": 0.0053, "Y": 0.615,
    },
    "lanthanum_cerium": {"La": 0.34, "Ce": 0.66},
    "metal_feed": {"Nd": 0.43, "Pr": 0.13, "La": 0.15, "Ce": 0.29},
    "magnet_light": {"Nd": 0.65, "Pr": 0.20, "Ce": 0.15},
    "magnet_heavy": {"Gd": 0.537, "Tb": 0.061, "Dy": 0.335, "Ho": 0.067},
    "recycled_light": {"Nd": 0.62, "Pr": 0.207, "La": 0.03, "Ce": 0.143},
    "recycled_heavy": {"Gd": 0.503, "Tb": 0.077, "Dy": 0.340, "Ho": 0.080},
    "phosphor_light": {"Eu": 0.20, "La": 0.45, "Ce": 0.35},
    "phosphor_heavy": {"Y": 0.90, "Tb": 0.04, "Gd": 0.06},
    "other_heavy": {"Y": 0.856, "Er": 0.090, "Yb": 0.047, "Lu": 0.007},
}  # fmt: skip
# Flow: mix of light and of heavy, factor on the basket, and USD/t added (the fee of metal making).
FLOWS: Mapping[str, tuple[str, str, float, float]] = {
    "ionic_concentrate": ("ionic_light", "heavy", 0.85, 0),
    "unreported_ionic": ("ionic_light", "heavy", 0.70, 0),
    "separated_hard_rock": ("hard_light", "heavy", 1, 0),
    "separated_ionic": ("ionic_light", "heavy", 1, 0),
    "import_compounds": ("hard_light", "heavy", 1, 0),
    "recovered": ("recycled_light", "recycled_heavy", 1, 0),
    "swarf": ("recycled_light", "recycled_heavy", 0.80, 0),
    "to_metal": ("metal_feed", "magnet_heavy", 1, 0),
    "to_phosphors": ("phosphor_light", "phosphor_heavy", 1, 0),
    "to_polishing": ("lanthanum_cerium", "other_heavy", 1, 0),
    "to_catalysts": ("lanthanum_cerium", "other_heavy", 1, 0),
    "to_inventory": ("lanthanum_cerium", "other_heavy", 1, 0),
    "to_other_materials": ("lanthanum_cerium", "other_heavy", 1, 0),
    "to_magnets": ("magnet_light", "magnet_heavy", 1.04, 2000),
    "phosphors_domestic": ("phosphor_light", "phosphor_heavy", 1.6, 0),
    "export_phosphors": ("phosphor_light", "phosphor_heavy", 1.6, 0),
}


def basket(mix: Mapping[str, float], year: int) -> float:
    """Return the price of a mix of oxides in a year, USD/t."""
    at = YEARS.index(year)
    return 1000.0 * sum(share * OXIDES[element][at] for element, share in mix.items()) / sum(mix.values())


def prices(flow: str) -> dict[str, dict[int, float]]:
    """Return layer to year to price of a flow, USD/t REO, rounded to 10."""
    light, heavy, factor, fee = FLOWS[flow]
    return {
        layer: {year: round(factor * basket(MIXES[mix], year) + fee, -1) for year in YEARS}
        for layer, mix in (("light", light), ("heavy", heavy))
    }


def mischmetal() -> dict[int, float]:
    """Return the price of mischmetal by year, USD/t REO, rounded to 10."""
    return {year: round(1000.0 * price / METAL_TO_OXIDE, -1) for year, price in zip(YEARS, MISCHMETAL, strict=True)}


if __name__ == "__main__":
    for name in FLOWS:
        for layer, series in prices(name).items():
            print(name, layer, {year: int(value) for year, value in series.items()})
    print("mischmetal", {year: int(value) for year, value in mischmetal().items()})
