"""Global value chains and spatial econometrics, from a published table file to a tested verdict."""

__version__ = "0.1.0"
