"""A declarative dataflow graph engine with typed nodes, YAML recipes and content-keyed caching.

The names below are the whole public interface for writing nodes and running recipes. They are imported on first use, so
that ``import graph4d`` costs next to nothing.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
