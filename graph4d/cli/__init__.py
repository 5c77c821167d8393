"""The command line: ``graph4d``."""

__all__ = ["main"]


def main() -> None:
    """Run the command line; exit 0, 2 for a wrong recipe, parameter or file, 1 if a node failed, 130 if interrupted."""
    from graph4d.cli.app import app

    app()
