"""A page of its own for what a notebook cell shows: served on this machine by Voila."""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import os
import secrets
import socket
import tempfile
import threading
import time
import webbrowser
from pathlib import Path

from graph4d.errors import UsageError

__all__ = ["serve"]

HOST = "127.0.0.1"
NEEDED = ("voila", "ipykernel")
"""What makes the page, and what runs its code."""


def serve(code: str, title: str, port: int | None = None, browser: bool = True) -> None:
    """Serve what a cell of this code displays, until Ctrl-C. Every visitor has a kernel of their own.

    Parameters
    ----------
    code : str
        Runs in the folder that this process is in.
    title : str
        Of the page.
    port : int, optional
        A free one by default.
    browser : bool
        Open a browser.

    Raises
    ------
    UsageError
        Voila or a kernel for it is not installed, or the port is taken.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"serving a page needs {' and '.join(missing)}; install with: pip install 'graph4d[app]'")
    chosen, token = _free_port(port), secrets.token_urlsafe(16)
    address = f"http://{HOST}:{chosen}/?token={token}"
    with tempfile.TemporaryDirectory(prefix="graph4d-") as folder:
        page = Path(folder) / "page.ipynb"
        page.write_text(json.dumps(_notebook(code, title)), encoding="utf-8")
        threading.Thread(target=_announce, args=(address, chosen, browser), daemon=True).start()
        _run(page, chosen, token)


def _announce(address: str, port: int, browser: bool) -> None:
    """Say where the page is, as soon as it is there."""
    while not _is_open(port):
        time.sleep(0.05)
    print(f"{address} (Ctrl-C ends it)", flush=True)
    if browser:
        webbrowser.open(address)


def _is_open(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((HOST, port)) == 0


def _run(page: Path, port: int, token: str) -> None:
    voila = importlib.import_module("voila.app")
    # A dashboard reads and writes files in the user's name: a token keeps out others who work on this machine, and so
    # do kernels that are talked to by files of the user's own instead of ports.
    paths = [str(Path(__file__).parent / "jupyter"), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(paths)  # where the page's template is
    options = {"ip": HOST, "port": port, "port_retries": 0, "token": token, "open_browser": False, "log_level": "ERROR"}
    logging.getLogger("tornado").setLevel(logging.ERROR)  # it warns of timeouts that Voila chose
    arguments = [f"--Voila.{name}={value}" for name, value in options.items()]
    more = ["--KernelManager.transport=ipc", "--VoilaConfiguration.show_tracebacks=True", "--template=graph4d"]
    voila.Voila.launch_instance([str(page), *arguments, *more])


def _free_port(wanted: int | None) -> int:
    """The port that is wanted, or any, if nobody listens to it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted or 0))
        except (OSError, OverflowError) as error:
            raise UsageError(f"port {wanted} cannot be used: {error}; choose another with --port") from error
        return int(listener.getsockname()[1])


def _notebook(code: str, title: str) -> dict[str, object]:
    """A notebook of one cell, as JSON data."""
    here = f"import os\nos.chdir({str(Path.cwd())!r})\n"  # kernels start in the notebook's folder
    cell: dict[str, object] = {
        "cell_type": "code",
        "id": "page",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": here + code,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel, "title": title}, "nbformat": 4, "nbformat_minor": 5}
