"""How long work tells where it is: a callable that anyone may hand in."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as ``progress("accounts", 3, 12)``: the step's name, how many parts are done, how many there are."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Tell that `done` of `total` parts of `step` are finished."""


def silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""
