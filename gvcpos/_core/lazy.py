"""Public names that are imported when they are first used, so that importing gvcpos costs little."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def lazy_exports(package: str, exports: dict[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` for a package from ``{name: module}``.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    exports : dict
        Public name to the module that defines it, as in ``{"IOTable": "gvcpos.tables.iotable"}``.
    """

    def getattr_(name: str) -> Any:
        if name not in exports:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(exports[name]), name)

    def dir_() -> list[str]:
        return sorted(exports)

    return getattr_, dir_
