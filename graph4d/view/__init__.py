"""Pictures: one figure definition for every value type, the drawing of the graph, and the report."""
