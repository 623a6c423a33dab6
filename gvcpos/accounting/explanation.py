"""What a measure means, to be read: as text, in a notebook, and as the page of all measures."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gvcpos._core.errors import InputError
from gvcpos.accounting.measures import Confusion, Family, Measure, Registry, registry

_WIDTH = 110


@dataclass(frozen=True)
class Explanation:
    """The answer of `explain`: its ``str`` is text, a notebook shows it as Markdown.

    Attributes
    ----------
    query : str
    families : tuple of Family
        Families that were asked for, listed measure by measure.
    measures : tuple of Measure
        Measures that were asked for, in full.
    related : tuple of str
        Full names of measures whose name has the same word in it, as FVA_INT has FVA.
    confusions : tuple of Confusion
        What is mixed up with them.
    symbols : tuple of (str, str)
        Symbols of the equations, where they were asked for.
    """

    query: str
    families: tuple[Family, ...] = ()
    measures: tuple[Measure, ...] = ()
    related: tuple[str, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    symbols: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return "\n\n".join("\n".join(block) for block in self._blocks())

    def _repr_markdown_(self) -> str:
        parts = [_measure_markdown(m) for m in self.measures] + [_family_markdown(f) for f in self.families]
        if self.symbols:
            parts.append("\n".join(f"- `{symbol}` {text}" for symbol, text in self.symbols))
        if self.related:
            parts.append("See also " + ", ".join(f"`{key}`" for key in self.related))
        if self.confusions:
            parts.append("**Often confused**\n\n" + "\n".join(f"- **{c.title}.** {c.text}" for c in self.confusions))
        return "\n\n".join(parts)

    def _blocks(self) -> Iterator[list[str]]:
        for measure in self.measures:
            yield [f"{measure.key}: {measure.label}", *_rows(_facts(measure))]
        for family in self.families:
            yield [f"{family.name}: {family.title}", *_wrapped(family.about, "  ")]
            yield _rows((m.name, f"{m.label}; {m.equation}") for m in family.measures)
        if self.symbols:
            yield _rows(self.symbols)
        if self.related:
            yield _wrapped(f"See also {', '.join(self.related)}", "", "  ")
        for confusion in self.confusions:
            yield [f"Often confused: {confusion.title} ({confusion.name})", *_wrapped(confusion.text, "  ")]


def explain(measure: str | None = None) -> Explanation:
    """Return what a measure means: equation, source, the identity it obeys, and what it is mixed up with.

    Parameters
    ----------
    measure : str, optional
        The name of a column, as in ``"FVA"`` (every column of that name), ``"kww.FVA_INT"`` (one family's), or what
        another program calls it (``"T8"``, ``"i2e"``); a family, as in ``"wwz"``; a confusion, as in ``"self_pure"``;
        ``"notation"`` for the symbols. Default: all families, each in a line.

    Returns
    -------
    Explanation
        Print it, or show it in a notebook.

    Raises
    ------
    InputError
        If there is no such name; the message has the nearest.
    """
    known = registry()
    if measure is None:
        return Explanation("", symbols=tuple((family.name, family.title) for family in known.families))
    if measure == "notation":
        return Explanation(measure, symbols=known.symbols)
    wanted = str(measure).strip()
    found = _found(known, wanted, str) or _found(known, wanted, str.casefold)
    if found is None:
        raise InputError(f"no measure is called {measure!r}. {_near(known, wanted)}")
    return found


def _found(known: Registry, wanted: str, as_form: Callable[[str], str]) -> Explanation | None:
    """Look a name up among measures, families and confusions, all brought into one form."""
    name = as_form(wanted)

    def meant(measure: Measure) -> bool:
        names = (measure.name, measure.key, *measure.aliases, *(f"{measure.family}.{a}" for a in measure.aliases))
        return name in map(as_form, names)

    families = tuple(family for family in known.families if as_form(family.name) == name)
    measures = tuple(measure for measure in known.measures.values() if meant(measure))
    about = {m.key for m in measures} | {m.key for family in families for m in family.measures}
    confusions = tuple(c for c in known.confusions if as_form(c.name) == name or about & set(c.measures))
    if not (families or measures or confusions):
        return None
    word = as_form(wanted.rpartition(".")[2])
    related = [key for key, m in known.measures.items() if m not in measures and word in _words(as_form(m.name))]
    return Explanation(wanted, families, measures, tuple(related) if measures else (), confusions)


def _words(name: str) -> set[str]:
    """Return the parts of a name, also without their number: FVA1 is FVA."""
    parts = name.split("_")
    return {*parts, *(part.rstrip("0123456789") for part in parts)}


def _near(known: Registry, wanted: str) -> str:
    names = {m.name.casefold(): m.name for m in known.measures.values()}
    names |= {key.casefold(): key for key in known.measures}
    names |= {alias.casefold(): alias for m in known.measures.values() for alias in m.aliases}
    names |= {family.name: family.name for family in known.families}
    names |= {confusion.name: confusion.name for confusion in known.confusions}
    near = [names[close] for close in difflib.get_close_matches(wanted.casefold(), names, n=5, cutoff=0.6)]
    families = ", ".join(family.name for family in known.families)
    return f"Did you mean {', '.join(near)}?" if near else f"Families of measures: {families}."


def _facts(measure: Measure) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of a measure, each with its heading."""
    yield "equation", measure.equation
    yield from measure.variants
    for identity in measure.identity:
        yield "identity", identity
    yield "unit", measure.unit
    yield "source", measure.source
    yield "printed by", ", ".join(f"{frame}()" for frame in measure.frames)
    if measure.aliases:
        yield "also", ", ".join(measure.aliases)
    if measure.note:
        yield "note", measure.note


def _rows(facts: Iterable[tuple[str, str]]) -> list[str]:
    """Write headings and texts in two columns."""
    lines = list(facts)
    room = max((len(heading) for heading, _ in lines), default=0) + 4
    return [row for heading, text in lines for row in _wrapped(text, f"  {heading}".ljust(room), " " * room)]


def _wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _measure_markdown(measure: Measure) -> str:
    code = {"equation", "identity", *(setting for setting, _ in measure.variants)}
    facts = [f"- {heading}: " + (f"`{text}`" if heading in code else text) for heading, text in _facts(measure)]
    return "\n".join([f"**`{measure.key}`** {measure.label}", "", *facts])


def _family_markdown(family: Family) -> str:
    rows = [
        f"| `{m.name}` | {_meaning(m, family)} | {_equations(m)} | {_held(m)} | {m.unit} |" for m in family.measures
    ]
    head = ["| column | what it says | equation | identity | unit |", "|---|---|---|---|---|"]
    return "\n".join(
        [f"### {family.title} (`{family.name}`)", "", family.about, "", f"Source: {family.source}.", "", *head, *rows]
    )


def _meaning(measure: Measure, family: Family) -> str:
    parts = [f"{measure.label}."]
    parts += [measure.note] * bool(measure.note)
    parts += [f"Also called {', '.join(measure.aliases)}."] * bool(measure.aliases)
    parts += [f"Source: {measure.source}."] * (measure.source != family.source)
    parts.append(f"Printed by {', '.join(f'`{frame}`' for frame in measure.frames)}.")
    return " ".join(parts)


def _equations(measure: Measure) -> str:
    rows = [f"`{measure.equation}`", *(f"{setting}: `{equation}`" for setting, equation in measure.variants)]
    return "<br>".join(rows)


def _held(measure: Measure) -> str:
    return "<br>".join(f"`{identity}`" for identity in measure.identity)


def measures_page() -> str:
    """Return docs/measures.md, the page of all measures, from the registry."""
    known = registry()
    listed = [f"- [{f.title}](#{_anchor(f)}): `{f.name}`, {len(f.measures)} columns" for f in known.families]
    symbols = [f"| `{symbol}` | {text} |" for symbol, text in known.symbols]
    confusions = [
        f"**{c.title}** (`{c.name}`). {c.text}\n\nAbout: {', '.join(f'`{key}`' for key in c.measures)}."
        for c in known.confusions
    ]
    parts = [
        "# Measures",
        "<!-- Written by docs/make_measures.py from data/measures/*.yaml. Change those, then run it. -->",
        'Every column of every frame of `ValueAddedAccounts`. `gvcpos.explain("FVA")`, or `gvcpos explain FVA` at the '
        "command line, says the same of one. Identities made of names alone hold for every country of a balanced "
        "table; names of other families are written `family.NAME`. Ratios without a base are missing, never infinite.",
        "\n".join(listed),
        "## Symbols",
        "\n".join(["| symbol | meaning |", "|---|---|", *symbols]),
        "## Often confused",
        *confusions,
        "## Columns",
        *(_family_markdown(family) for family in known.families),
    ]
    return "\n\n".join(parts) + "\n"


def _anchor(family: Family) -> str:
    """Return the anchor that a heading gets in rendered Markdown."""
    heading = f"{family.title} ({family.name})".lower()
    return "".join(c for c in heading if c.isalnum() or c in " -_").replace(" ", "-")
