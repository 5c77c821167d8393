"""Recipes: YAML that names nodes and wires them, checked whole and resolved to a flat graph."""
