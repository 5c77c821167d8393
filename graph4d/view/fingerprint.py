"""The digest of everything that decides how a value looks: part of the key under which a store keeps figures."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path

from blake3 import blake3

__all__ = ["view_fingerprint"]


@cache
def view_fingerprint() -> str:
    """Digest (hex) of this package's source files, scripts included, and of Bokeh's version; imports neither."""
    digest = blake3(version("bokeh").encode())
    for source in sorted(path for path in Path(__file__).parent.iterdir() if path.suffix in (".py", ".js")):
        content = source.read_bytes()
        digest.update(f"\0{source.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
