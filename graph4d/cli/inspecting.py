"""Commands that look and compute nothing: plan, why, show, diff, nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graph4d.cli.options import RecipeArgument, SetOption, open_graph
from graph4d.recipe.values import UNKNOWN

if TYPE_CHECKING:
    from graph4d.declaration import Node
    from graph4d.parameters import Parameter
    from graph4d.recipe.graph import Graph

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def plan(recipe: RecipeArgument, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Say what a run would compute, what it would reuse, and why."""
    from graph4d.planning import plan as make_plan
    from graph4d.store import default_store

    planned = make_plan(open_graph(recipe, settings), default_store()).steps
    if as_json:
        print(json.dumps([{**vars(p), "status": str(p.status)} for p in planned], indent=1, ensure_ascii=False))
        return
    _print_columns([(p.status, p.step, p.node, p.reason) for p in planned])


def why(
    recipe: RecipeArgument,
    step: Annotated[str, typer.Argument(help="A step or an output of the recipe.", metavar="STEP")],
    settings: SetOption = None,
) -> None:
    """Say why a step would run or not, and what its key is made of."""
    from graph4d.ledger import Ledger
    from graph4d.planning import plan as make_plan
    from graph4d.store import default_store

    graph, store = open_graph(recipe, settings), default_store()
    name = graph.find(step).step
    planned = make_plan(graph, store, [*graph.outputs.values(), graph.find(step)])[name]
    print(f"{planned.step} ({planned.node}): {planned.status}: {planned.reason}")
    ledger = Ledger(graph, store, graph.ancestors([name]))
    ledger.advance()
    action = ledger.actions.get(name)
    if action is None:
        return
    print(f"    action: {action.key}")
    print(f"    version: {action.record['version']}, code {action.record['code'][:16]}")
    for title in ("parameters", "files", "inputs"):
        for key, value in action.record[title].items():
            print(f"    {title.removesuffix('s')} {key}: {value}")


def show(recipe: RecipeArgument, settings: SetOption = None) -> None:
    """Show a recipe: its parameters, its steps, what it would read and write."""
    graph = open_graph(recipe, settings, incomplete=True)
    print(graph.title)
    print("\nparameters")
    _print_columns([(f"  {n}", _shown(p, graph.parameters.get(n, UNKNOWN)), p.help) for n, p in graph.declared.items()])
    print("\nsteps")
    _print_columns([(f"  {name}", s.node.id, _inputs(graph, name)) for name, s in graph.steps.items()])
    print("\noutputs")
    _print_columns([(f"  {name}", str(ref), str(graph.type_of(ref))) for name, ref in graph.outputs.items()])
    touched = _touched(graph)
    print("\nfiles" if touched else "\nreads and writes no files")
    _print_columns([(f"  {verb}", path) for verb, path in touched])


def diff(
    recipe: RecipeArgument,
    other: Annotated[Path, typer.Argument(help="The recipe to compare with.", metavar="OTHER")],
    settings: SetOption = None,
) -> None:
    """Say in what two recipes differ: steps, nodes, parameters, inputs."""
    one, two = (open_graph(path, settings, incomplete=True) for path in (recipe, other))
    lines = []
    for name in dict.fromkeys([*one.steps, *two.steps]):
        if name not in two.steps:
            lines.append(f"- {name} ({one.steps[name].node.id})")
        elif name not in one.steps:
            lines.append(f"+ {name} ({two.steps[name].node.id})")
        else:
            lines += [f"~ {name}: {change}" for change in _changes(one, two, name)]
    print("\n".join(lines) or "no difference")


def nodes(
    node_id: Annotated[
        str | None, typer.Argument(help="A node to describe.", metavar="NODE", show_default=False)
    ] = None,
) -> None:
    """List the installed nodes, or describe one."""
    from graph4d.registry import default_registry

    registry = default_registry()
    if node_id is None:
        _print_columns([(name, registry.get(name).summary) for name in registry.ids()])
        return
    _describe(registry.get(node_id))


def _describe(node: Node[..., Any]) -> None:
    schema = node.schema
    print(f"{node.id}@{node.version}: {node.summary}")
    if schema.ports:
        print("\nin")
        _print_columns(
            [(f"  {p.name}", str(p.type), "optional" if p.optional else "", p.help) for p in schema.ports.values()]
        )
    if schema.parameters:
        print("\nwith")
        rows = []
        for p in schema.parameters.values():
            rows.append((f"  {p.name}", "required" if p.required else p.display(p.default), p.expected, p.help))
        _print_columns(rows)
    print("\nout")
    _print_columns([(f"  {o.name}", str(o.type)) for o in schema.outputs.values()])


def _shown(parameter: Parameter, value: Any) -> str:
    return "to be given" if value is UNKNOWN else parameter.display(value)


def _inputs(graph: Graph, name: str) -> str:
    return ", ".join(f"{port} ← {ref}" for port, ref in graph.steps[name].inputs.items())


def _touched(graph: Graph) -> list[tuple[str, str]]:
    touched = []
    for step in graph.steps.values():
        for name, parameter in step.node.schema.parameters.items():
            value = step.parameters[name]
            if value is not None and (parameter.reads or parameter.writes):
                touched.append(("reads" if parameter.reads else "writes", _shown(parameter, value)))
    return touched


def _changes(one: Graph, two: Graph, name: str) -> list[str]:
    a, b = one.steps[name], two.steps[name]
    if a.node.id != b.node.id:
        return [f"node {a.node.id}→{b.node.id}"]
    changes = []
    for key, parameter in a.node.schema.parameters.items():
        if a.parameters[key] != b.parameters[key]:
            before, after = (_shown(parameter, step.parameters[key]) for step in (a, b))
            changes.append(f"parameter {key} {before}→{after}")
    for port in dict.fromkeys([*a.inputs, *b.inputs]):
        if a.inputs.get(port) != b.inputs.get(port):
            changes.append(f"input {port} {a.inputs.get(port, 'nothing')}→{b.inputs.get(port, 'nothing')}")
    return changes


def _print_columns(rows: Sequence[tuple[str, ...]]) -> None:
    if not rows:
        return
    widths = [max(len(str(row[i])) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip())
