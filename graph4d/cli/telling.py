"""Errors become lines and exit codes, in one place."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from graph4d.cli import INTERRUPTED
from graph4d.errors import GraphError, UsageError
from graph4d.run.cancel import Cancelled
from graph4d.run.failure import RunError

__all__ = ["told"]

NODE_FAILED, WRONG_INPUT = 1, 2

P = ParamSpec("P")


def told(command: Callable[P, None]) -> Callable[P, None]:
    """A command whose errors are told in words, without a traceback, and with the exit code that stands for them."""

    @functools.wraps(command)
    def telling(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (GraphError, KeyboardInterrupt) as error:
            print(_words(error), file=sys.stderr)
            raise typer.Exit(_exit_code(error)) from None
        except OSError as error:
            if error.filename is None or isinstance(error, BrokenPipeError):
                raise
            print(f"graph4d: {error.filename}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
            raise typer.Exit(WRONG_INPUT) from None

    return telling


def _words(error: BaseException) -> str:
    if isinstance(error, Cancelled | KeyboardInterrupt):
        return "graph4d: interrupted; what was finished is kept, and the next run goes on from there"
    text = str(error)
    return text if "error[" in text else f"graph4d: {text}"


def _exit_code(error: BaseException) -> int:
    if isinstance(error, Cancelled | KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, RunError):
        return WRONG_INPUT if all(e.is_usage for e in error.errors) else NODE_FAILED
    return WRONG_INPUT if isinstance(error, UsageError) else NODE_FAILED
