"""Tidy frames, and what they are as labelled arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos._core.errors import GvcposError, InputError, LabelError

if TYPE_CHECKING:
    import xarray


class TidyFrame(pd.DataFrame):
    """A frame with labels and numbers in columns, as `ValueAddedAccounts` gives it; otherwise a pandas DataFrame.

    What pandas makes of it (rows chosen, years put together by `pandas.concat`) is tidy again.
    """

    @property
    def _constructor(self) -> type[TidyFrame]:
        return TidyFrame

    def to_xarray(self) -> xarray.Dataset:  # type: ignore[misc]  # pandas-stubs: final
        """Turn the frame into a Dataset: a dimension for each label column, a variable for each value column.

        Label columns are ``year`` and those without numbers; labels keep their order, and partners the order of
        countries. A frame that has been given an index is turned by pandas, along that index.

        Returns
        -------
        xarray.Dataset
            NaN where the frame has no row (an exporter with itself).

        Raises
        ------
        GvcposError
            If xarray is not installed.
        InputError
            If there is no label column.
        LabelError
            If two rows have the same labels.
        """
        return super().to_xarray() if any(self.index.names) else _dataset(self)


def _dataset(frame: pd.DataFrame) -> xarray.Dataset:
    """Put every number at its labels."""
    try:
        import xarray
    except ImportError:
        raise GvcposError("to_xarray needs xarray, which is not installed: pip install 'gvcpos[xarray]'.") from None
    labels = [c for c in frame.columns if c == "year" or not pd.api.types.is_numeric_dtype(frame[c])]
    if not labels:
        raise InputError("the frame has no label columns: all of them are numbers. Give a tidy frame.")
    values = [c for c in frame.columns if c not in labels]
    coordinates = _coordinates(frame, labels)
    codes = tuple(index.get_indexer(pd.Index(frame[name].astype(object))) for name, index in coordinates.items())
    shape = tuple(len(index) for index in coordinates.values())
    place = np.ravel_multi_index(codes, shape)
    if len(np.unique(place)) < len(place):
        twice = frame.loc[frame.duplicated(labels), labels].iloc[0]
        raise LabelError(f"two rows of the frame have the labels {', '.join(map(str, twice))}. Each must occur once.")
    variables = {}
    for name in values:
        filled = np.full(int(np.prod(shape)), np.nan)
        filled[place] = frame[name].to_numpy(dtype=np.float64)
        variables[str(name)] = (labels, filled.reshape(shape))
    return xarray.Dataset(variables, coords={name: index.to_numpy() for name, index in coordinates.items()})


def _coordinates(frame: pd.DataFrame, labels: list[str]) -> dict[str, pd.Index]:
    """Return the labels of every dimension in order of appearance, or in that of countries where they are countries."""
    found = {name: pd.Index(frame[name].drop_duplicates().astype(object)) for name in labels}
    countries = found.get("country")
    if countries is not None:
        for name, index in found.items():
            if name != "year" and index.isin(countries).all():
                found[name] = countries[countries.isin(index)]
    return found
