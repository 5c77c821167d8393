"""A real browser on a real JupyterLab or a served page: run a notebook, look at the figures, move the mouse."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import nbformat
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

TOKEN = "browser-tests"
HINT = "Chromium is not installed (Debian: apt-get install chromium; or name one in the variable CHROMIUM)"
NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Covers a corner of the page with a question.
NEWS = "@jupyterlab/apputils-extension:announcements"
#: Addresses that nothing may need.
ELSEWHERE = re.compile(r"https?://(?!127\.0\.0\.1[:/])")
#: Variables that name folders, for a server that neither reads nor writes the user's.
OWN_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_RUNTIME_DIR", "GRAPH4D_CACHE")
#: Seen from a page: the views of all figures in order, their pixels, and where on the page their places are.
SEEING = """
window.figures = () => {
  const found = []
  const walk = (view) => view.frame && view.canvas_view ? found.push(view) : [...view.children()].forEach(walk)
  for (const view of window.Bokeh?.index?.roots ?? []) if (view.el.isConnected) walk(view)
  return found
}
window.picture = (n) => window.figures()[n].canvas_view.compose().canvas
window.blank = (canvas) => {
  if (!canvas.width || !canvas.height) return true
  const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)
  return pixels.every((pixel) => pixel === pixels[0])
}
window.drawn = (least) => {
  const views = window.figures()
  return views.length >= least && views.every((view, n) => !window.blank(window.picture(n)))
}
window.at = (n, x, y) => {
  const { frame, canvas_view } = window.figures()[n], { left, top } = canvas_view.el.getBoundingClientRect()
  return [left + frame.x_scale.compute(x), top + frame.y_scale.compute(y)]
}
window.colour = (n, x, y) => {
  const { frame } = window.figures()[n], canvas = window.picture(n), ratio = window.devicePixelRatio
  const [i, j] = [frame.x_scale.compute(x) * ratio, frame.y_scale.compute(y) * ratio].map(Math.floor)
  return [...canvas.getContext("2d").getImageData(i, j, 1, 1).data]
}
"""

Colour = tuple[int, int, int, int]


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome; the one in the environment variable CHROMIUM first."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser.

    Raises
    ------
    FileNotFoundError
        None is installed.
    """
    path = find_chromium()
    if path is None:
        raise FileNotFoundError(HINT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Screen:
    """A page with figures, counted from 0 in the order in which they were made; a second display follows the first."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """Of the page and of its console."""

    def __post_init__(self) -> None:
        self.page.add_init_script(SEEING)
        self.page.route(ELSEWHERE, lambda route: route.abort())
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        # Voila's own page asks for icons from elsewhere, and works without.
        if message.type == "error" and not ELSEWHERE.match(message.location.get("url", "")):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def wait_drawn(self, figures: int = 1, timeout: float = 60) -> None:
        """Wait until there are at least so many figures and none of them is blank."""
        self.page.wait_for_function("(least) => window.drawn(least)", arg=figures, timeout=timeout * 1e3)

    def wait_until(self, condition: Callable[[], object], what: str = "the condition", timeout: float = 30) -> None:
        """Wait until ``condition()``; AssertionError says that ``what`` was not to be seen."""
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"{what} was not to be seen within {timeout} s"
            self.page.wait_for_timeout(20)

    def count(self) -> int:
        """Number of figures on the page."""
        return int(self.page.evaluate("window.figures().length"))

    def picture(self, figure: int = 0) -> NDArray[np.uint8]:
        """Pixels (rows, columns, RGBA) of a figure."""
        url = self.page.evaluate("(n) => window.picture(n).toDataURL()", figure)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))

    def colour(self, x: float, y: float, figure: int = 0) -> Colour:
        """RGBA at a place in the figure's own coordinates."""
        red, green, blue, alpha = self.page.evaluate("([n, x, y]) => window.colour(n, x, y)", [figure, x, y])
        return red, green, blue, alpha

    def place(self, x: float, y: float, figure: int = 0) -> tuple[float, float]:
        """Where on the page a place in the figure's own coordinates is; it is scrolled to if it is out of sight."""
        self.page.evaluate("(n) => window.figures()[n].el.scrollIntoView({block: 'nearest'})", figure)
        # What appears above a figure moves it: a place counts when it has stayed where it is for a moment.
        before = None
        while (now := self.page.evaluate("([n, x, y]) => window.at(n, x, y)", [figure, x, y])) != before:
            before = now
            self.page.wait_for_timeout(60)
        left, top = now
        return left, top

    def click(self, x: float, y: float, figure: int = 0) -> None:
        """Click at a place in the figure's own coordinates."""
        self.page.mouse.click(*self.place(x, y, figure))

    def drag(self, start: Sequence[float], end: Sequence[float], figure: int = 0, steps: int = 10) -> None:
        """Drag from a place (x, y) in the figure's own coordinates to another."""
        there = self.place(end[0], end[1], figure)  # before, for the drag may move the coordinates
        self.page.mouse.move(*self.place(start[0], start[1], figure))
        self.page.mouse.down()
        self.page.mouse.move(*there, steps=steps)
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        """Press keys such as "ArrowRight" or "Shift+ArrowRight", one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def text(self) -> str:
        """All text to be seen on the page, outside canvases."""
        return str(self.page.evaluate("document.body.innerText"))

    def screenshot(self, path: Path) -> None:
        """What is seen, into a PNG file."""
        self.page.screenshot(path=path)


WIDGET = "window.jupyterapp.shell.currentWidget"


class Notebook(Screen):
    """JupyterLab with the notebook that was opened last in front."""

    def open(self, lab: Lab, cells: Sequence[str], fresh: bool = False) -> None:
        """Write a notebook of these cells, show it and start its kernel; nothing of it is run.

        Parameters
        ----------
        lab : Lab
        cells : sequence of str
            Their code; indented alike is well.
        fresh : bool
            Load the page anew; otherwise that is done the first time only.
        """
        path = lab.write(cells)
        if fresh or not self.page.url.startswith(lab.url):
            self.page.goto(f"{lab.url}/doc/tree/{path}?token={TOKEN}", wait_until="domcontentloaded")
            self.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext", timeout=60_000)
        else:
            opening = "async (path) => { await window.jupyterapp.commands.execute('docmanager:open', { path }) }"
            self.page.evaluate(opening, path)
            self.page.wait_for_function(f"(path) => {WIDGET}?.context?.path === path", arg=path)
        self.page.evaluate(f"async () => {{ await {WIDGET}.context.ready; await {WIDGET}.sessionContext.ready }}")
        self.page.wait_for_function(f"{WIDGET}.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000)

    def run_all(self) -> None:
        """Run all cells; AssertionError with the message if one of them failed."""
        self.page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        outputs = [output for cell in self.content()["cells"] for output in cell.get("outputs", [])]
        failed = [f"{output['ename']}: {output['evalue']}" for output in outputs if output["output_type"] == "error"]
        assert not failed, failed[0]

    def execute(self, code: str) -> str:
        """Run code in the kernel, beside the cells; what it printed, or AssertionError with its traceback."""
        printed, failed = self.page.evaluate(EXECUTE, dedent(code))
        assert not failed, failed
        return str(printed).strip()

    def content(self) -> dict[str, Any]:
        """The notebook as it would be saved now."""
        saved: dict[str, Any] = self.page.evaluate(f"{WIDGET}.context.model.toJSON()")
        return saved

    def close(self) -> None:
        """End the kernel and take the notebook off the screen."""
        self.page.evaluate(f"async () => {{ await {WIDGET}.sessionContext.shutdown(); {WIDGET}.dispose() }}")


@dataclass
class Lab:
    """A running JupyterLab."""

    url: str
    folder: Path
    """Where its notebooks are."""
    count: int = 0

    def write(self, cells: Sequence[str]) -> str:
        """A new notebook of code cells; its path for JupyterLab."""
        self.count += 1
        write_notebook(self.folder / f"{self.count}.ipynb", cells)
        return f"{self.count}.ipynb"


EXECUTE = f"""async (code) => {{
  const future = {WIDGET}.sessionContext.session.kernel.requestExecute({{ code, store_history: false }})
  let printed = "", failed = ""
  future.onIOPub = ({{ header, content }}) => {{
    if (header.msg_type === "stream") printed += content.text
    if (header.msg_type === "error") failed += content.traceback.join("\\n")
  }}
  await future.done
  return [printed, failed]
}}"""


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells; without a kernel named in it JupyterLab would ask for one."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(dedent(cell)) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Lab]:
    """A JupyterLab with settings of its own, which serves the notebooks in ``folder``/notebooks."""
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    settings = folder / "JUPYTER_CONFIG_DIR" / "labconfig"
    settings.mkdir(parents=True)
    (settings / "page_config.json").write_text(json.dumps({"disabledExtensions": {NEWS: True}}))
    port = free_port()
    command = [
        *("jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"),
        *(f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True", f"--notebook-dir={notebooks}"),
    ]
    with _serving(command, folder, f"http://127.0.0.1:{port}/api/status?token={TOKEN}"):
        yield Lab(f"http://127.0.0.1:{port}", notebooks)


@contextmanager
def voila(folder: Path, cells: Sequence[str]) -> Iterator[str]:
    """The address of a page that Voila makes of a notebook of these cells."""
    folder.mkdir(parents=True, exist_ok=True)
    write_notebook(folder / "page.ipynb", cells)
    port = free_port()
    command = ["voila", str(folder / "page.ipynb"), "--no-browser", f"--port={port}", "--Voila.root_dir=" + str(folder)]
    with _serving(command, folder, f"http://127.0.0.1:{port}/voila/static/"):
        yield f"http://127.0.0.1:{port}/"


def free_port() -> int:
    """A port of this machine that nobody listens to."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _serving(command: Sequence[str], folder: Path, ready: str) -> Iterator[None]:
    """A Python module run as a server, until the block is left; ``ready`` is an address that answers when it is."""
    own = {name: str(folder / name) for name in OWN_FOLDERS}
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *command], env={**os.environ, **own}, cwd=folder, stdout=output, stderr=output
        )
        try:
            _wait_for(server, ready, log)
            yield
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=10).close()
        except urllib.error.HTTPError:  # it answers
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")
