"""Trade and production files behind a study's split: every row checked, and named with its file where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.chains import Chain
from gvcpos.chains.split.data import dollars
from gvcpos.study.places import Places, need_columns, read_csv
from gvcpos.study.spec_split import SplitBlock
from gvcpos.trade import TradeFlows, read_trade
from gvcpos.trade.hs import under, wanted_codes

_TIDY = ("exporter", "importer", "hs", "year", "value")
_PRODUCTION = ("country", "year")
_INPUTS = ("stage", "sector", "coefficient")


def read_split_trade(block: SplitBlock, places: Places, chain: Chain, economies: Sequence[str]) -> pd.DataFrame:
    """Read the trade files: exporter, importer, hs, year, value in million USD, of the chain's goods.

    Parameters
    ----------
    block : SplitBlock
    places : Places
    chain : Chain
        Whose HS codes are wanted.
    economies : sequence of str
        Of the tables; their labels are allowed beside ISO3.

    Raises
    ------
    GvcposError
        For the first fault found: file, row and label are named.
    """
    paths = list(dict.fromkeys(path for pattern in block.trade for path in places.files(pattern)))
    codes = [hs for stage in chain.stages for hs in stage.hs]
    tidy = [path for path in paths if _is_tidy(path)]
    if tidy and len(tidy) < len(paths):
        other = next(path for path in paths if path not in tidy)
        raise InputError(f"{other}: not a tidy file of {', '.join(_TIDY)}, as {tidy[0]} is. Give files of one layout.")
    if tidy:
        frame = pd.concat([_tidy(path, block, economies) for path in tidy], ignore_index=True)
        frame = frame[[under(code, wanted_codes(codes)) for code in frame["hs"]]].reset_index(drop=True)
    else:
        frame = _one_report(read_trade(paths, hs=codes, synthetic=block.synthetic), block)
    frame.attrs.update(file=enumerate_labels(map(str, paths), 3), synthetic=block.synthetic)
    return frame


def _is_tidy(path: Path) -> bool:
    """Tell a tidy file from a publisher's by its columns."""
    if path.suffix == ".parquet":
        return True
    return path.suffix == ".csv" and {"exporter", "importer"} <= set(_read(path, nrows=0).columns)


def _tidy(path: Path, block: SplitBlock, economies: Sequence[str]) -> pd.DataFrame:
    frame = _read(path)
    need_columns(frame, _TIDY, path)
    flows = TradeFlows.from_frame(
        frame,
        source=path.name,
        synthetic=block.synthetic,
        extra_labels=economies,
        name=str(path),
        where=lambda i: f"row {i + 1}",
    )
    found = _one_report(flows, block)
    return found.assign(value=found["value"] * dollars(block.unit) / 1e6)


def _one_report(flows: TradeFlows, block: SplitBlock) -> pd.DataFrame:
    """Return the flows as one side reported them; `InputError` where both did and the study does not choose."""
    if block.reporter is None and len(flows.reporters) > 1:
        raise InputError(
            f"{flows.source}: flows are reported by {' and by '.join(flows.reporters)}; summed, they would count "
            "twice. Set split.reporter: importer or exporter."
        )
    return (flows if block.reporter is None else flows.reported_by(block.reporter)).frame


def _read(path: Path, nrows: int | None = None) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return read_csv(path, ["exporter", "importer", "hs", "reporter"], nrows=nrows)


def read_production_file(block: SplitBlock, places: Places) -> pd.DataFrame | None:
    """Read what is made: country, year, stage (or sector), value in million USD, or tonnes and price; rows from 1.

    Raises
    ------
    InputError
        If a column is missing.
    """
    if block.production is None:
        return None
    path = places.file(block.production)
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else read_csv(path, ["country", "stage", "sector"])
    need_columns(frame, [*_PRODUCTION, "sector" if "sector" in frame else "stage"], path)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    if "value" in frame and pd.api.types.is_numeric_dtype(frame["value"]):
        frame["value"] *= dollars(block.unit) / 1e6
    frame.attrs.update(file=str(path), synthetic=block.synthetic)
    return frame


def read_inputs_file(block: SplitBlock, places: Places) -> pd.DataFrame | None:
    """Read purchases per unit of own output: stage, sector, coefficient; `InputError` if a column is missing."""
    if block.purchases is None:
        return None
    path = places.file(block.purchases)
    frame = read_csv(path, ["stage", "sector"])
    need_columns(frame, _INPUTS, path)
    return frame
