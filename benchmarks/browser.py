"""From the hand to the eye: what a dashboard in JupyterLab takes until the browser shows the change."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.row import Options, Row, Target
from benchmarks.scan import noisy_scan
from tests.ui.browser.harness import Notebook, chromium, jupyterlab

__all__ = ["rows"]

MOVES = 25
CHANGES = 500
DRAG = 5.0
"""How long the slider is dragged [s]."""

ANNULUS = """
graph4d: 1
params: {scan: {type: path}, inner: {type: float, default: 0.0, min: 0.0, max: 30.0}}
nodes:
  load: {use: io.open, with: {path: $scan}}
  sums: {use: image.radial_sums, in: {scan: load}}
  image: {use: image.annulus, in: {sums: sums}, with: {inner_px: $inner, outer_px: 31}}
views: {main: {show: [image], controls: {inner: {slider: {min: 0, max: 30, step: 1}}}}}
"""
RICOM = """
graph4d: 1
params: {scan: {type: path}, kernel: {type: int, default: 5, min: 3, max: 99}}
nodes:
  load: {use: io.open, with: {path: $scan}}
  com: {use: image.com, in: {scan: load}}
  image: {use: phase.ricom, in: {com: com}, with: {kernel: $kernel}}
views: {main: {show: [image], controls: {kernel: {slider: {min: 3, max: 99, step: 2}}}}}
"""
#: A detector that takes its time: it sorts the pixels of each pattern.
SLOW = """
graph4d: 1
params: {scan: {type: path}, part: {type: float, default: 0.5, min: 0, max: 1}}
nodes:
  load: {use: io.open, with: {path: $scan}}
  image: {use: bench.brightest, in: {scan: load}, with: {part: $part}}
views: {main: {show: [image], controls: {part: {slider: {min: 0, max: 1, step: 0.004}}}}}
"""
BRIGHTEST = """
import numpy as np
from graph4d import Image, Over, default_registry, node, per_pattern
from graph4d_nodes.scan import Scan4D
from graph4d_nodes.values import image

def brightest(block, out, part):
    flat = block.reshape(len(block), -1)
    upper = flat[:, :flat.shape[1] // 2].sum(axis=1)
    bright = np.sort(flat, axis=1)[:, -flat.shape[1] // 20:].sum(axis=1)
    out[:] = (1 - part) * upper + part * bright

@node("bench.brightest")
def brightest_pixels(scan: Scan4D, *, part: float = 0.5) -> Over[Scan4D, Image]:
    '''Counts in the upper half of each pattern, turning into those of its brightest pixels.'''
    return per_pattern(brightest, part, finish=lambda values: image(values, scan.geometry, "counts"))

default_registry().register(brightest_pixels)
"""
DASHBOARD = """
import tempfile, threading, time
from pathlib import Path
from statistics import median
from graph4d import Dashboard
recipe = Path(tempfile.mkdtemp(), "recipe.yml")
recipe.write_text({recipe!r})
dashboard = Dashboard(recipe, scan={scan!r})
dashboard.wait()
dashboard
"""
#: From a change to the message that shows it, in the kernel alone.
KERNEL_SIDE = """
sent, send = threading.Event(), dashboard.view.send
def noted(message, buffers=None):
    send(message, buffers)
    if message["kind"] == "frame":
        sent.set()
dashboard.view.send = noted
took = []
for value in {values}:
    time.sleep(0.2)
    sent.clear()
    started = time.perf_counter()
    dashboard.session.set({{{name!r}: value}})
    dashboard.wait()
    sent.wait(5)
    took.append(time.perf_counter() - started)
dashboard.view.send = send
print(median(took))
"""
MANY_CHANGES = """
for i in range({count}):
    dashboard.session.set({{{name!r}: {values}[i % len({values})]}})
    dashboard.wait()
    time.sleep(0.02)
"""
#: ``look`` tells pictures apart by pixels from all over; ``armed`` is the time from a key to the next picture.
WATCHING = """() => {
  const look = () => {
    const { canvas } = window.figures()[0].canvas_view.primary, { width, height } = canvas
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height)
    let sum = 0
    for (let i = 0; i < data.length; i += 596) sum = (31 * sum + data[i]) | 0
    return sum
  }
  const until = (done) => new Promise((resolve, reject) => {
    const end = performance.now() + 30e3
    const tick = () => {
      const now = performance.now()
      if (done()) resolve(now)
      else if (now > end) reject(Error("nothing changed within 30 s"))
      else requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
  })
  window.arm = () => { window.armed = new Promise((resolve, reject) => {
    window.addEventListener("keydown", () => {
      const started = performance.now(), before = look()
      until(() => look() !== before).then((ended) => resolve(ended - started), reject)
    }, { capture: true, once: true })
  }) }
  window.count = (seconds) => new Promise((resolve) => {
    const figure = window.figures()[0], { paint } = figure
    let pictures = 0, last = look()
    figure.paint = (...given) => { // to look all the time would take the processor from what is measured
      paint.apply(figure, given)
      const now = look()
      pictures += now !== last
      last = now
    }
    setTimeout(() => {
      figure.paint = paint
      resolve(pictures)
    }, 1e3 * seconds)
  })
  window.exact = () => {
    const started = performance.now(), title = () => window.figures()[0].model.title.text
    return until(() => !(title().text ?? title()).includes("preview")).then((ended) => ended - started)
  }
}"""


def rows(options: Options) -> list[Row]:
    """A slider that is moved by keys, one that is dragged, and many changes."""
    with tempfile.TemporaryDirectory() as folder, jupyterlab(Path(folder, "lab")) as lab, chromium() as browser:
        notebook = Notebook(browser.new_page(viewport={"width": 1300, "height": 1000}))

        @contextmanager
        def dashboard(recipe: str, shape: tuple[int, int, int, int], *cells: str) -> Iterator[Notebook]:
            notebook.open(lab, [*cells, DASHBOARD.format(recipe=recipe, scan=str(noisy_scan(shape)))])
            notebook.run_all()
            notebook.wait_drawn()
            notebook.page.evaluate(WATCHING)
            yield notebook
            notebook.close()

        moves = 3 if options.quick else MOVES
        with dashboard(ANNULUS, (128, 128, 64, 64)) as shown:
            measured = [
                Row("slider to pixels, annulus, 128 × 128", _key_to_pixels(shown, moves), "ms", target=Target(100)),
                Row("its part in the kernel", _kernel_side(shown, "inner", moves), "ms", target=Target(30)),
                *_memory(shown, 20 if options.quick else CHANGES),
            ]
        with dashboard(RICOM, (256, 256, 16, 16)) as shown:
            measured += [
                Row("slider to pixels, riCOM, 256 × 256", _key_to_pixels(shown, moves), "ms", target=Target(150)),
                Row("its part in the kernel", _kernel_side(shown, "kernel", moves), "ms", target=Target(30)),
            ]
        with dashboard(SLOW, (32, 32, 64, 64) if options.quick else (280, 280, 128, 128), BRIGHTEST) as shown:
            measured += _drag(shown)
    return measured


def _key_to_pixels(notebook: Notebook, moves: int) -> float:
    """Median time [ms] from a key press on the slider until the picture has changed."""
    notebook.page.locator(".graph4d-slider input").first.focus()
    took = []
    for _ in range(moves + 1):
        notebook.page.evaluate("window.arm()")
        notebook.press("ArrowRight")
        took.append(float(notebook.page.evaluate("window.armed")))
        notebook.page.wait_for_timeout(300)
    return median(took[1:])


def _kernel_side(notebook: Notebook, name: str, moves: int) -> float:
    """Median time [ms] from a new value to the message that shows its picture."""
    values = [7 + 2 * i for i in range(moves)] if name == "kernel" else [29 - i for i in range(moves)]
    return 1e3 * float(notebook.execute(KERNEL_SIDE.format(values=values, name=name)))


def _memory(notebook: Notebook, changes: int) -> list[Row]:
    """Memory of kernel and page after many changes, beside that after a fifth of them."""
    before = _change(notebook, changes // 5)
    after = _change(notebook, changes)
    what = ("memory of the kernel", "memory of the page")
    versus = f"{changes} changes before"
    flat = Target(1.05, "more")
    return [Row(f"{name}", a, "MB", b, versus, flat) for name, a, b in zip(what, after, before, strict=True)]


def _change(notebook: Notebook, count: int) -> tuple[float, float]:
    """Make so many changes; the resident memory of the kernel and what the page's objects take [MB]."""
    values = list(range(30))
    notebook.execute(MANY_CHANGES.format(count=count, name="inner", values=values))
    notebook.page.wait_for_timeout(1000)
    kernel = notebook.execute("import gc, psutil; gc.collect(); print(psutil.Process().memory_info().rss / 1e6)")
    tools = notebook.page.context.new_cdp_session(notebook.page)
    tools.send("HeapProfiler.collectGarbage")
    heap = tools.send("Runtime.getHeapUsage")["usedSize"]
    tools.detach()
    return float(kernel), heap / 1e6


def _drag(notebook: Notebook) -> list[Row]:
    """From picture to picture while the slider of a slow step is dragged, and from its release to the exact one."""
    page = notebook.page
    started = "import time; t = time.perf_counter(); dashboard.session.set(part=0.7); dashboard.wait()"
    exact = float(notebook.execute(f"{started}; print(time.perf_counter() - t)"))
    page.locator(".graph4d-slider input").first.scroll_into_view_if_needed()
    box = page.locator(".graph4d-slider input").first.bounding_box()
    assert box is not None
    x, y = box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(f"() => {{ window.counted = window.count({DRAG}) }}")
    started_at = time.monotonic()
    while (at := time.monotonic() - started_at) < DRAG:  # to and fro, to another value with every event
        page.mouse.move(x + 80 * abs(at % 2 - 1), y)
        page.wait_for_timeout(1e3 / 60)
    pictures = int(page.evaluate("window.counted"))
    page.mouse.up()
    rest = float(page.evaluate("window.exact()"))
    return [
        Row("from picture to picture, dragging", 1e3 * DRAG / max(pictures, 1), "ms", target=Target(100)),
        Row("exact picture after release", rest / 1e3, "s", exact, "computing it", Target(2.5)),
    ]
