"""Make countries.geojson and capitals.csv from Natural Earth; see README.md beside this file.

Usage: python make_geo.py COUNTRIES_50M_JSON CITIES_SHP
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

HERE = Path(__file__).resolve().parent
SHA256 = {
    "countries-50m.json": "04342cdc1e3016bcd7db1630de95684d67b79fe3c8c460321e87aef469502394",
    "naturalearth_cities.shp": "b9e20f6dd2896285370d049f3e09159b64317a4102fbbc2390171246e8b3a7d0",
    "naturalearth_cities.dbf": "e144e2db1ba39f352193c70870ddf745e1faef70990160f17d56eeea485e9a33",
}
TOLERANCE = 0.12  # square root of the area, in degrees, that a dropped vertex may change
LEAST_ISLAND = 0.06  # square degrees; smaller parts that touch no other country are dropped
DECIMALS = 3

# iso3, ISO numeric code (the id of the source), name, capital as the source spells it. The order is the
# order in which a smaller world takes its countries.
COUNTRIES = """
CHN 156 China|Beijing
USA 840 United States|Washington,  D.C.
AUS 036 Australia|Canberra
JPN 392 Japan|Tokyo
DEU 276 Germany|Berlin
IND 356 India|New Delhi
KOR 410 South Korea|Seoul
VNM 704 Vietnam|Hanoi
MYS 458 Malaysia|Kuala Lumpur
MMR 104 Myanmar|Naypyidaw
BRA 076 Brazil|Brasília
RUS 643 Russia|Moscow
FRA 250 France|Paris
GBR 826 United Kingdom|London
ITA 380 Italy|Rome
CAN 124 Canada|Ottawa
MEX 484 Mexico|Mexico City
IDN 360 Indonesia|Jakarta
THA 764 Thailand|Bangkok
ESP 724 Spain|Madrid
NLD 528 Netherlands|Amsterdam
TUR 792 Turkey|Ankara
CHE 756 Switzerland|Bern
POL 616 Poland|Warsaw
SWE 752 Sweden|Stockholm
BEL 056 Belgium|Brussels
AUT 040 Austria|Vienna
NOR 578 Norway|Oslo
DNK 208 Denmark|København
FIN 246 Finland|Helsinki
IRL 372 Ireland|Dublin
PRT 620 Portugal|Lisbon
CZE 203 Czechia|Prague
HUN 348 Hungary|Budapest
GRC 300 Greece|Athens
ROU 642 Romania|Bucharest
KAZ 398 Kazakhstan|Nur-Sultan
MNG 496 Mongolia|Ulaanbaatar
ZAF 710 South Africa|Pretoria
CHL 152 Chile|Santiago
ARG 032 Argentina|Buenos Aires
SAU 682 Saudi Arabia|Riyadh
PHL 608 Philippines|Manila
TWN 158 Taiwan|Taipei
SGP 702 Singapore|Singapore
PAK 586 Pakistan|Islamabad
BGD 050 Bangladesh|Dhaka
LKA 144 Sri Lanka|Colombo
LAO 418 Laos|Vientiane
KHM 116 Cambodia|Phnom Penh
KGZ 417 Kyrgyzstan|Bishkek
NPL 524 Nepal|Kathmandu
SVK 703 Slovakia|Bratislava
SVN 705 Slovenia|Ljubljana
EST 233 Estonia|Tallinn
LVA 428 Latvia|Riga
LTU 440 Lithuania|Vilnius
BGR 100 Bulgaria|Sofia
HRV 191 Croatia|Zagreb
ISR 376 Israel|Jerusalem
"""
# Further economies of published tables, capitals only, by code: iso3, name, capital as the source spells it.
FURTHER = """
AGO Angola|Luanda
ARE United Arab Emirates|Abu Dhabi
ARM Armenia|Yerevan
BLR Belarus|Minsk
BRN Brunei|Bandar Seri Begawan
BTN Bhutan|Thimphu
CIV Côte d'Ivoire|Yamoussoukro
CMR Cameroon|Yaoundé
COD DR Congo|Kinshasa
COL Colombia|Bogota
CRI Costa Rica|San José
CYP Cyprus|Nicosia
ECU Ecuador|Quito
EGY Egypt|Cairo
FJI Fiji|Suva
GEO Georgia|Tbilisi
HKG Hong Kong|Hong Kong
ISL Iceland|Reykjavík
JOR Jordan|Amman
KWT Kuwait|Kuwait City
LUX Luxembourg|Luxembourg
MAR Morocco|Rabat
MDV Maldives|Malé
MLT Malta|Valletta
NGA Nigeria|Abuja
NZL New Zealand|Wellington
PER Peru|Lima
SEN Senegal|Dakar
STP São Tomé and Príncipe|São Tomé
TUN Tunisia|Tunis
UKR Ukraine|Kyiv
"""
RENAMED = {
    "Bogota": "Bogotá",
    "København": "Copenhagen",
    "Nur-Sultan": "Astana",
    "Washington,  D.C.": "Washington, D.C.",
}


def country_list() -> pd.DataFrame:
    """Return iso3, id, name and the source's spelling of the capital, in order."""
    rows = []
    for line in COUNTRIES.strip().splitlines():
        code, number, rest = line.split(" ", 2)
        rows.append((code, number, *rest.split("|")))
    return pd.DataFrame(rows, columns=["iso3", "id", "name", "capital"])


def further_list() -> pd.DataFrame:
    """Return iso3, name and the source's spelling of the capital of economies without a polygon."""
    rows = [(line[:3], *line[4:].split("|")) for line in FURTHER.strip().splitlines()]
    return pd.DataFrame(rows, columns=["iso3", "name", "capital"])


def check(path: Path) -> None:
    """Stop unless an input is the one the shipped files were made from."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[path.name]:
        raise SystemExit(f"{path.name}: SHA-256 {found}, expected {SHA256[path.name]}")


def unwrapped(ring: np.ndarray) -> np.ndarray:
    """Let a ring that jumps between 180 E and 180 W run on past 180 E (or past 180 W) instead."""
    ring = ring.copy()
    ring[:, 0] = np.unwrap(ring[:, 0], period=360.0)
    return ring


def cut_at_antimeridian(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a valid shape within 180 W and 180 E: what runs past either is cut off and put back."""
    pieces = []
    for part in shapely.get_parts(shape):
        rings = [unwrapped(shapely.get_coordinates(ring)) for ring in (part.exterior, *part.interiors)]
        whole = shapely.make_valid(shapely.Polygon(rings[0], rings[1:]))
        for shift in (-360.0, 0.0, 360.0):
            cut = shapely.intersection(whole, shapely.box(-180.0 + shift, -90.0, 180.0 + shift, 90.0))
            pieces.append(shapely.transform(cut, lambda xy, back=shift: xy - [back, 0.0]))
    return shapely.union_all([piece for piece in pieces if piece.area > 0.0])


def without_islets(polygons: gpd.GeoSeries) -> gpd.GeoSeries:
    """Drop small parts, except a country's largest and those that touch another country."""
    parts = polygons.explode(index_parts=False)
    area = parts.area.to_numpy()
    largest = area == parts.area.groupby(level=0).transform("max").to_numpy()
    tree = shapely.STRtree(parts.to_numpy())
    one, two = tree.query(parts.to_numpy(), predicate="intersects")
    touching = np.zeros(len(parts), dtype=bool)
    touching[one[parts.index[one] != parts.index[two]]] = True
    kept = parts[largest | touching | (area >= LEAST_ISLAND)]
    return kept.groupby(level=0).agg(lambda shapes: shapely.multipolygons(list(shapes))).loc[polygons.index]


def simplified(source: gpd.GeoDataFrame, countries: pd.DataFrame) -> gpd.GeoSeries:
    """Return one valid, simplified shape per country; common borders stay common."""
    shapes = source.merge(countries[["id", "iso3"]], on="id", validate="many_to_one")
    shapes["geometry"] = [cut_at_antimeridian(shape) for shape in shapes.geometry]
    whole = shapes.dissolve(by="iso3").geometry.loc[countries["iso3"]]
    whole = gpd.GeoSeries(without_islets(whole), index=whole.index)
    coverage = shapely.coverage_simplify(whole.to_numpy(), TOLERANCE)
    rounded = shapely.transform(coverage, lambda xy: np.round(xy, DECIMALS))
    return gpd.GeoSeries(shapely.make_valid(rounded), index=whole.index)


def rounded_lists(value: object) -> object:
    """Turn nested coordinate tuples into lists of rounded numbers."""
    if isinstance(value, (int, float)):
        return round(float(value), DECIMALS)
    return [rounded_lists(item) for item in value]  # type: ignore[attr-defined]


def geojson(shapes: gpd.GeoSeries, countries: pd.DataFrame) -> str:
    """Write the shapes as GeoJSON, a country a line."""
    lines = []
    for row in countries.itertuples():
        shape = shapes.loc[row.iso3]
        if shape.geom_type == "GeometryCollection":
            shape = shapely.multipolygons([p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"])
        geometry = {"type": shape.geom_type, "coordinates": rounded_lists(shape.__geo_interface__["coordinates"])}
        feature = {"type": "Feature", "properties": {"iso3": row.iso3, "name": row.name_}, "geometry": geometry}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


def capitals(cities: gpd.GeoDataFrame, countries: pd.DataFrame) -> pd.DataFrame:
    """Return iso3, country, capital, lat, lon (degrees, five decimals)."""
    point = cities.set_index("name").geometry
    if not point.index[point.index.isin(countries["capital"])].is_unique:
        raise SystemExit("a capital's name occurs twice among the cities")
    place = point.loc[countries["capital"]]
    return pd.DataFrame(
        {
            "iso3": countries["iso3"],
            "country": countries["name"],
            "capital": countries["capital"].replace(RENAMED),
            "lat": place.y.round(5).to_numpy(),
            "lon": place.x.round(5).to_numpy(),
        }
    )


def main(atlas: str, places: str) -> None:
    """Check the inputs, make both files."""
    check(Path(atlas))
    check(Path(places))
    check(Path(places).with_suffix(".dbf"))
    countries = country_list()
    source = gpd.read_file(atlas, layer="countries")
    shapes = simplified(source, countries)
    named = countries.rename(columns={"name": "name_"})
    (HERE / "countries.geojson").write_text(geojson(shapes, named), encoding="utf-8")
    listed = pd.concat([countries[["iso3", "name", "capital"]], further_list()], ignore_index=True)
    capitals(gpd.read_file(places), listed).to_csv(HERE / "capitals.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
