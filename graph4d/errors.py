"""Errors people see: what the exit codes stand for, and 'did you mean'."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["GraphError", "UsageError", "suggestion"]


class GraphError(Exception):
    """Root of the errors that this package raises on purpose."""


class UsageError(GraphError, ValueError):
    """A recipe, parameter or file is wrong: one clear line for the person who gave it; exit code 2.

    Nodes raise it for bad input; the message names the value, what was expected, and the remedy.
    """


def suggestion(word: str, known: Iterable[str]) -> str:
    """``"; did you mean `com`?"`` for the closest known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""
