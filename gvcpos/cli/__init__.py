"""The command line: each command is a few lines over a function that the library offers too."""

from gvcpos.cli.main import app, main

__all__ = ["app", "main"]
