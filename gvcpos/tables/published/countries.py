"""Country labels of published indices: ISO3, or an error that names what is not."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gvcpos._core.errors import LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.resources import data_path
from gvcpos.tables.concordance import country_codes

_BESIDES = ("ROW", "XKX")


@lru_cache(maxsize=1)
def iso3_codes() -> frozenset[str]:
    """Return the codes of ISO 3166-1 alpha-3, the rest of the world (ROW) and Kosovo's code of use (XKX)."""
    text = data_path("concordances/iso3.txt").read_text(encoding="utf-8")
    return frozenset((*text.split(), *_BESIDES))


def iso3_of(labels: Iterable[str], publisher: str, where: str) -> dict[str, str]:
    """Return label to ISO3 code.

    Parameters
    ----------
    labels : iterable of str
        Each once or often; a publisher's own code (ADB's PRC) or ISO3.
    publisher : str
        As in ``data/concordances/countries.csv``.
    where : str
        For the message.

    Raises
    ------
    LabelError
        If a label is no country, or two labels mean the same one.
    """
    known = country_codes(publisher)
    named = {label: known.get(label, label) for label in dict.fromkeys(map(str, labels))}
    strange = [label for label, code in named.items() if code not in iso3_codes()]
    if strange:
        raise LabelError(
            f"{where}: {enumerate_labels(strange)} is no ISO3 code of a country (nor ROW). Leave aggregates such as "
            "EU27 or WLD out with where=, and translate other codes first."
        )
    codes = list(named.values())
    twice = [label for label, code in named.items() if codes.count(code) > 1]
    if twice:
        raise LabelError(f"{where}: the codes {enumerate_labels(twice)} mean the same country. Keep one of them.")
    return named
