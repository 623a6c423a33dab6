"""Covariates with errors of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels


class CovariateDraws(Protocol):
    """A frame by country and year that can be drawn."""

    @property
    def frame(self) -> pd.DataFrame:
        """The frame as published."""

    def drawn(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the frame with errors."""


@dataclass(frozen=True, eq=False)
class Covariates:
    """A frame by country and year, and how wrong its columns may be.

    Attributes
    ----------
    frame : DataFrame
        country, year and covariates.
    errors : mapping of str to float or str
        Column to its relative error (log-normal, mean 1), or to the name of a column with its standard errors (normal,
        as the World Bank's governance indicators publish them). Columns not named are taken as exact.

    Raises
    ------
    InputError
        If a column is not there or an error is not usable.
    LabelError
        If a country and year is there twice.
    """

    frame: pd.DataFrame
    errors: Mapping[str, float | str]

    def __post_init__(self) -> None:
        named = ["country", "year", *self.errors, *(e for e in self.errors.values() if isinstance(e, str))]
        absent = [c for c in named if c not in self.frame.columns]
        if absent:
            have = enumerate_labels(self.frame.columns, 40)
            raise InputError(f"covariates: no column {enumerate_labels(absent)}. There are: {have}.")
        twice = self.frame.duplicated(["country", "year"])
        if twice.any():
            rows = [f"{c} {y}" for c, y in self.frame.loc[twice, ["country", "year"]].itertuples(index=False)]
            raise LabelError(f"covariates: duplicated rows for {enumerate_labels(rows)}. Each must occur once.")
        for column, error in self.errors.items():
            sizes = self.frame[error].to_numpy(float) if isinstance(error, str) else np.array([error], dtype=float)
            if (sizes < 0).any():
                raise InputError(f"covariates: the error of {column} is negative ({sizes.min():.6g}).")

    def drawn(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the frame with its erroneous columns drawn, each cell by itself."""
        out = self.frame.copy()
        for column, error in self.errors.items():
            noise = rng.standard_normal(len(out))
            if isinstance(error, str):
                out[column] = out[column].to_numpy(float) + noise * out[error].to_numpy(float)
            else:
                spread = np.sqrt(np.log1p(float(error) ** 2))
                out[column] = out[column].to_numpy(float) * np.exp(spread * noise - spread**2 / 2)
        return out
