"""What a graph says of itself."""

from __future__ import annotations

import networkx
from engine.graphs import add, graph, number, step


def test_a_graph_for_networkx_has_every_step_and_every_port():
    of = graph(
        step("one", number, value=3.0),
        step("twice", add, {"first": "one", "second": "one"}),
        step("end", add, {"first": "twice"}, more=1.0),
    )
    other = of.to_networkx()
    assert list(networkx.topological_sort(other)) == of.order()
    assert networkx.ancestors(other, "end") == of.ancestors(["end"]) - {"end"}
    assert sorted(other.edges(data="port")) == [
        ("one", "twice", "first"),
        ("one", "twice", "second"),
        ("twice", "end", "first"),
    ]
    assert other.nodes["end"] == {"node": "test.add", "parameters": {"more": 1.0}}
