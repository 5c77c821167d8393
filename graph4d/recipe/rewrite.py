"""New values into the text of a recipe, with all else left as it is, comments included."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from graph4d.errors import UsageError
from graph4d.parameters import Parameter, ParameterErrors
from graph4d.recipe.source import Document, Trail, parse
from graph4d.recipe.values import Argument, Setting, fit, python_argument
from graph4d.recipe.write import flow, written

__all__ = ["rewritten"]


def rewritten(document: Document, values: Mapping[str, object], parameters: Mapping[str, Parameter]) -> str:
    """The text of a recipe with other values.

    Parameters
    ----------
    document : Document
    values : mapping
        By name of a parameter of the recipe, whose default it becomes, or by ``step.parameter``: Python values, whose
        numbers count in base units, or settings, as text with a unit.
    parameters : mapping from name to Parameter
        What they have to fit.

    Raises
    ------
    UsageError
        A value does not fit, or it stands in the text in a way that cannot be changed.
    """
    wanted = copy.deepcopy(document.data)
    edits: list[_Edit] = []
    new: dict[str, dict[str, Any]] = {}  # for nodes: values that stand nowhere yet
    for name, value in values.items():
        as_written = _as_written(parameters[name], value)
        step, dot, key = name.rpartition(".")
        section, entry = ("nodes", step) if dot else ("params", name)
        if entry not in document.section(section):
            raise UsageError(f"{document.name} is not changed: there is no `{entry}` among its {section}")
        if not dot:
            wanted["params"][name]["default"] = as_written
            edits.append(_default(document, name, flow(as_written)))
            continue
        wanted["nodes"][step].setdefault("with", {})[key] = as_written
        at = ("nodes", step, "with", key)
        if at in document.values:
            edits.append(_replaced(document, at, flow(as_written)))
        else:
            new.setdefault(step, {})[key] = as_written
    edits += [_added(document, step, added) for step, added in new.items()]
    result = document.text
    for start, end, text in sorted(edits, reverse=True):
        result = result[:start] + text + result[end:]
    if parse(result, document.name).data != wanted:
        raise UsageError(
            f"{document.name} is not changed: write the values of {', '.join(values)} on one line each first"
        )
    return result


_Edit = tuple[int, int, str]
"""Begin and end of the stretch of text to replace, and by what."""


def _as_written(parameter: Parameter, value: object) -> Any:
    argument = Argument(value.value) if isinstance(value, Setting) else python_argument(parameter, value)
    try:
        return written(parameter, fit(parameter, argument))
    except ParameterErrors as error:
        raise UsageError(error.problems[0].message) from error


def _replaced(document: Document, at: Trail, text: str) -> _Edit:
    place = document.values[at]
    start = document.offset(place)
    return start, start + place.width, text


def _default(document: Document, name: str, text: str) -> _Edit:
    at = ("params", name)
    if (*at, "default") in document.values:
        return _replaced(document, (*at, "default"), text)
    return _after(document, at, "type", f"default: {text}")


def _added(document: Document, step: str, values: Mapping[str, Any]) -> _Edit:
    """Parameters of a node that the recipe has not set so far."""
    at = ("nodes", step, "with")
    if at not in document.values:
        use = "use" if ("nodes", step, "use") in document.values else "recipe"
        return _after(document, ("nodes", step), use, f"with: {flow(values)}")
    given = document.data["nodes"][step]["with"]
    start = document.offset(document.values[at])
    if not given:
        return start, start + document.values[at].width, flow(values)
    if document.text[start] == "{":
        return start + 1, start + 1, flow(values)[1:-1] + ", "
    key = document.keys[(*at, next(iter(given)))]
    start = document.offset(key)
    next_line = _line_end(document) + " " * (key.column - 1)
    return start, start, "".join(f"{flow(name)}: {flow(value)}{next_line}" for name, value in values.items())


def _after(document: Document, at: Trail, sibling: str, text: str) -> _Edit:
    """Text for a new key of a mapping, behind one that it has; in a line of its own, the comment of that one stays."""
    value, key = document.values[(*at, sibling)], document.keys[(*at, sibling)]
    end = document.offset(value) + value.width
    if document.text[document.offset(document.values[at])] == "{":
        return end, end, f", {text}"
    end += len(document.lines[value.line - 1]) - (value.column - 1 + value.width)
    return end, end, f"{_line_end(document)}{' ' * (key.column - 1)}{text}"


def _line_end(document: Document) -> str:
    return "\r\n" if "\r\n" in document.text else "\n"
