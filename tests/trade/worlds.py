"""Invented trade flows, and files laid out as CEPII and UN Comtrade lay theirs out. Every number here is synthetic."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gvcpos.trade import TradeFlows

COUNTRIES = ("CHN", "JPN", "MMR", "MYS", "USA", "VNM")
CODES = ("253090", "280530", "284610", "284690", "850511")
STAGES = {"upstream": ["2530.90"], "midstream": ["2846", "2805.30"], "downstream": ["8505.11"]}
BACI_HEADER = "t,i,j,k,v,q"
COUNTRY_CODES = (
    "country_code,country_name,country_iso2,country_iso3\n104,Myanmar,MM,MMR\n156,China,CN,CHN\n392,Japan,JP,JPN\n"
    '458,Malaysia,MY,MYS\n490,"Other Asia, nes",,S19\n842,USA,US,USA\n899,"Areas, nes",,_X\n'
)
PLUS_HEADER = (
    "typeCode,freqCode,refPeriodId,refYear,refMonth,period,reporterCode,reporterISO,reporterDesc,flowCode,flowDesc,"
    "partnerCode,partnerISO,partnerDesc,partner2Code,partner2ISO,classificationCode,cmdCode,cmdDesc,customsCode,"
    "motCode,qtyUnitAbbr,qty,netWgt,cifvalue,fobvalue,primaryValue,isAggregate"
)
LEGACY_HEADER = (
    "Classification,Year,Period,Period Desc.,Aggregate Level,Is Leaf Code,Trade Flow Code,Trade Flow,Reporter Code,"
    "Reporter,Reporter ISO,Partner Code,Partner,Partner ISO,2nd Partner Code,Customs Proc. Code,"
    "Mode of Transport Code,Commodity Code,Commodity,Qty Unit Code,Qty Unit,Qty,Netweight (kg),Trade Value (US$),Flag"
)


def frame_of(seed: int = 0, years: Sequence[int] = (2021, 2022, 2023), missing: float = 0.0) -> pd.DataFrame:
    """Every pair, code and year, a third of them without trade."""
    rng = np.random.default_rng(seed)
    rows = [(year, a, b, code) for year in years for a in COUNTRIES for b in COUNTRIES if a != b for code in CODES]
    frame = pd.DataFrame(rows, columns=["year", "exporter", "importer", "hs"])
    frame["value"] = rng.lognormal(1.0, 1.5, len(frame))
    frame["mass"] = frame["value"] / rng.lognormal(-4.0, 0.4, len(frame))
    frame.loc[rng.random(len(frame)) < missing, "mass"] = np.nan
    return frame[rng.random(len(frame)) < 2 / 3].reset_index(drop=True)


def flows_of(seed: int = 0, **options: object) -> TradeFlows:
    """Synthetic flows of `frame_of`."""
    return TradeFlows.from_frame(frame_of(seed, **options), source="invented", synthetic=True)  # type: ignore[arg-type]


def baci(folder: Path, lines: Sequence[str], year: int = 2022, name: str = "BACI_HS92_Y{}_V202401b.csv") -> Path:
    """Write a yearly BACI file."""
    path = folder / name.format(year)
    path.write_text("\n".join([BACI_HEADER, *lines]) + "\n")
    return path


def baci_zip(folder: Path, lines: dict[int, Sequence[str]]) -> Path:
    """Write the archive: yearly files, country and product codes."""
    path = folder / "BACI_HS17_V202501.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("country_codes_V202501.csv", COUNTRY_CODES)
        archive.writestr("product_codes_HS17_V202501.csv", "code,description\n284610,Cerium compounds\n")
        for year, rows in lines.items():
            archive.writestr(f"BACI_HS17_Y{year}_V202501.csv", "\n".join([BACI_HEADER, *rows]) + "\n")
    return path


def plus(**cells: object) -> str:
    """A line of Comtrade Plus; what is not given is as in a plain annual row."""
    usual: dict[str, object] = {
        "typeCode": "C", "freqCode": "A", "refPeriodId": "20230101", "refYear": 2023, "refMonth": 52, "period": 2023,
        "reporterCode": 156, "reporterISO": "CHN", "reporterDesc": "China", "flowCode": "X", "flowDesc": "Export",
        "partnerCode": 842, "partnerISO": "USA", "partnerDesc": "USA", "partner2Code": 0, "partner2ISO": "W00",
        "classificationCode": "H6", "cmdCode": "284690", "cmdDesc": '"Compounds, other"', "customsCode": "C00",
        "motCode": 0, "qtyUnitAbbr": "kg", "qty": 40000, "netWgt": 40000, "cifvalue": "", "fobvalue": "",
        "primaryValue": 4000000, "isAggregate": "false",
    }  # fmt: skip
    unknown = set(cells) - set(usual)
    assert not unknown, unknown
    return ",".join(str((usual | cells)[name]) for name in PLUS_HEADER.split(","))


def comtrade(
    folder: Path, lines: Sequence[str], *, end: str = "", encoding: str = "utf-8", name: str = "c.csv"
) -> Path:
    """Write a file of Comtrade Plus; `end` follows every line of data."""
    path = folder / name
    path.write_bytes("\n".join([PLUS_HEADER, *(line + end for line in lines), ""]).encode(encoding))
    return path
