"""Weights that change over time: one labelled matrix a period, all on the same units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align, enumerate_labels, locate, unique
from gvcpos.spatial.weights.matrix import Weights
from gvcpos.spatial.weights.period_matrix import PeriodMatrix, stacked


@dataclass(frozen=True, eq=False)
class PeriodWeights:
    """Weights of every period; made by `period_weights` from a mapping.

    Stands where `Weights` stand in a static panel: ids, n, matrix, islands and align mean the same there.

    Attributes
    ----------
    times : tuple of T labels
    each : tuple of T Weights
        All on the same units in the same order.
    """

    times: tuple[object, ...]
    each: tuple[Weights, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The units, in the order of rows and columns."""
        return self.each[0].ids

    @property
    def n(self) -> int:
        """Number of units."""
        return self.each[0].n

    @cached_property
    def matrix(self) -> PeriodMatrix:
        """The matrices of all periods."""
        return stacked(one.matrix for one in self.each)

    @cached_property
    def islands(self) -> dict[object, tuple[str, ...]]:
        """Units without neighbours in each period that has any."""
        return {time: one.islands for time, one in zip(self.times, self.each, strict=True) if one.islands}

    @property
    def is_row_normalised(self) -> bool:
        """True if every row of every period sums to one within 1e-9."""
        return all(one.is_row_normalised for one in self.each)

    @property
    def kind(self) -> str:
        """How the weights of the periods were made."""
        return ", ".join(dict.fromkeys(one.kind for one in self.each))

    @property
    def description(self) -> str:
        """One line for a table's note."""
        different = len(self.matrix.distinct)
        return f"{self.kind}, by period: {different} different in {len(self.times)} ({self.times[0]}-{self.times[-1]})"

    @property
    def normalisation(self) -> str:
        """What all were divided by, or "mixed"."""
        found = {one.normalisation for one in self.each}
        return found.pop() if len(found) == 1 else "mixed"

    def align(self, ids: Sequence[object]) -> PeriodWeights:
        """Return the same weights with the units in the order of `ids`; see `Weights.align`."""
        return self.mapped(lambda one: one.align(ids))

    def mapped(self, change: Callable[[Weights], Weights]) -> PeriodWeights:
        """Return the weights with each period's changed."""
        return PeriodWeights(self.times, tuple(change(one) for one in self.each))

    def at(self, times: Sequence[object], without: Iterable[object] = (), what: str = "W") -> Weights | PeriodWeights:
        """Return the weights of a panel's periods, in their order; one `Weights` where they are all the same.

        Parameters
        ----------
        times : sequence
            Periods of the panel.
        without : iterable
            Further periods that may have weights: those that a rule for missing values left out.
        what : str
            For the message.

        Raises
        ------
        LabelError
            If a period has no weights, or weights have no period.
        """
        gone = {str(time) for time in without}
        kept = [i for i, time in enumerate(self.times) if str(time) not in gone]
        have = [self.times[i] for i in kept]
        order = align(have, times, f"the mapping of periods to weights ({what})", "the panel's periods")
        found = PeriodWeights(tuple(times), tuple(self.each[kept[i]] for i in order))
        return found if found.matrix.changes else found.each[0]

    def __getitem__(self, time: object) -> Weights:
        """Return the weights of a period."""
        return self.each[int(locate([time], self.times, "period of the weights")[0])]

    def __repr__(self) -> str:
        return f"<PeriodWeights {self.description}: {self.n} units>"


def period_weights(given: Mapping[object, Weights], what: str = "W") -> PeriodWeights:
    """Make weights that change over time from a mapping of periods to `Weights`.

    Parameters
    ----------
    given : mapping
        Period to Weights; units may be in any order, which is brought to that of the first period.
    what : str
        Name of the argument, for messages.

    Raises
    ------
    InputError
        If the mapping is empty or a value is nothing that `Weights.of` takes.
    LabelError
        If the units of a period are not those of the first, or two periods have the same label.
    """
    if not given:
        raise InputError(f"{what} is an empty mapping. Give Weights, or a mapping of every period to its Weights.")
    given = {time: Weights.of(one, f"{what}[{time}]") for time, one in given.items()}
    times = tuple(given)
    unique(times, f"periods of {what}")
    first = given[times[0]]
    each = []
    for time in times:
        if given[time].ids != first.ids:
            align(given[time].ids, first.ids, f"{what} of {time}", f"{what} of {times[0]}")
        each.append(given[time].align(first.ids) if given[time].ids != first.ids else given[time])
    return PeriodWeights(times, tuple(each))


def as_weights(given: Weights | Mapping[object, Weights] | PeriodWeights, what: str = "W") -> Weights | PeriodWeights:
    """Return what `Weights.of` takes as `Weights`, and a mapping as `PeriodWeights`."""
    if isinstance(given, PeriodWeights):
        return given
    return period_weights(given, what) if isinstance(given, Mapping) else Weights.of(given, what)


def same_weights(one: Weights | PeriodWeights, other: Weights | PeriodWeights) -> bool:
    """Whether two panels have the same weights: the same units in the same order, equal matrices in every period."""
    if one is other:
        return True
    if one.ids != other.ids:
        return False
    if isinstance(one, PeriodWeights) and isinstance(other, PeriodWeights):
        return one.matrix.key == other.matrix.key
    changing, fixed = (one, other) if isinstance(one, PeriodWeights) else (other, one)
    if isinstance(changing, PeriodWeights):
        return all((each.matrix != fixed.matrix).nnz == 0 for each in changing.each)
    return bool((changing.matrix != fixed.matrix).nnz == 0)


def islands_by_period(weights: PeriodWeights) -> str:
    """Say which units have no neighbours, and when; nothing where all have."""
    found = (f"{time}: {enumerate_labels(units)}" for time, units in weights.islands.items())
    return enumerate_labels(found, 20)
