"""The error tree and the typed warnings of gvcpos.

Every message says what was found, where, and what to do.
"""

from __future__ import annotations


class GvcposError(Exception):
    """Root of every error that gvcpos raises on purpose."""


class InputError(GvcposError, ValueError):
    """A value, a file or a table handed in cannot be used."""


class FormatError(InputError):
    """A file is not laid out as its publisher lays it out."""


class LabelError(InputError, KeyError):
    """Labels are missing, duplicated or left over where two labelled things meet."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class IdentityError(InputError):
    """An accounting identity does not hold within the stated tolerance."""


class SpecificationError(InputError):
    """A study, chain or model specification has a wrong key or value."""


class EstimationError(GvcposError):
    """An estimator cannot give a number that deserves to be printed."""


class GvcposWarning(UserWarning):
    """Root of every warning; the message carries the figure that caused it."""


class IdentityWarning(GvcposWarning):
    """An identity holds only roughly; the worst error is in the message."""


class IslandWarning(GvcposWarning):
    """Some units have no neighbours and were kept on request."""


class BoundaryWarning(GvcposWarning):
    """A spatial parameter sits at the edge of its admissible interval."""


class ModesWarning(GvcposWarning):
    """A likelihood has two maxima of nearly the same height; both are in the message."""


class SizeWarning(GvcposWarning):
    """A test rejects a true null more often than its level says."""


class DroppedRowsWarning(GvcposWarning):
    """Rows were left out of an estimation sample; the message counts and names them."""


class FilledWarning(GvcposWarning):
    """Values that were not observed were filled by a rule of the user; the message counts and names them."""


class LeftOutWarning(GvcposWarning):
    """A part of a study that nothing else rests on could not be computed; the message says why."""


class ClusterWarning(GvcposWarning):
    """A clustered covariance rests on few clusters, or had to be made positive."""


class WeakInstrumentWarning(GvcposWarning):
    """Instruments hardly move what they stand for; the first-stage F is in the message."""


class StabilityWarning(GvcposWarning):
    """The dynamics of a panel do not die out; the spectral radius is in the message."""


class TradeWarning(GvcposWarning):
    """Rows of a trade file were left out or read by a rule; the message counts them and says what they are worth."""


class RedrawnWarning(GvcposWarning):
    """Many draws of a Monte Carlo were impossible and drawn again; the message says how many and which flow is why."""
