"""How the command line speaks: errors and warnings as one line each, and an exit code that says whose fault it was."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import typer

from gvcpos._core.errors import GvcposError

P = ParamSpec("P")
R = TypeVar("R")


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors into one message and an exit code: 2 for the user's input, 1 for ours, 130 for Ctrl-C."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        """Run the command; `wraps` gives it the command's own help."""
        try:
            with one_line_warnings():
                return command(*args, **kwargs)
        except GvcposError as error:
            complain(f"error: {error}")
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            complain("interrupted: nothing was written.")
            raise typer.Exit(130) from None
        except OSError as error:
            complain(f"error: {error.filename or 'file system'}: {error.strerror or error}.")
            raise typer.Exit(2) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if os.environ.get("GVCPOS_DEBUG"):
                raise
            complain(
                f"internal error: {type(error).__name__}: {error}\nThis is a fault of gvcpos, please report it. "
                "GVCPOS_DEBUG=1 shows where it happened."
            )
            raise typer.Exit(1) from None

    return wrapped


def complain(text: str) -> None:
    """Write to standard error."""
    typer.echo(text, err=True)


@contextmanager
def one_line_warnings() -> Iterator[None]:
    """Show each warning once, as one line on standard error."""

    def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        complain(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
