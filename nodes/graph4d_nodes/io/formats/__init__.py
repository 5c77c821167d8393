"""One module a format, with ``open_recording(path, dataset)`` for scans or ``open_picture(path, dataset)`` for images.

:mod:`graph4d_nodes.io.formats.discover` picks the module; the others are imported only when a file needs them.
"""
