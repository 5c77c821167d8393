"""The frame every map is drawn in: square pixels, row 0 on top, a scale bar instead of axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bokeh.models import (
    BoxZoomTool,
    CustomAction,
    CustomJS,
    CustomJSTickFormatter,
    HoverTool,
    InlineStyleSheet,
    Metric,
    PanTool,
    PlainText,
    Range1d,
    ResetTool,
    ScaleBar,
    Title,
    WheelZoomTool,
)
from bokeh.plotting import figure

from graph4d.view.icons import icon
from graph4d.view.script import script

if TYPE_CHECKING:
    from bokeh.models import GlyphRenderer, Tool, UIElement

    from graph4d.view.pixels import Axis

__all__ = [
    "CLEAR",
    "FRAME",
    "MapFrame",
    "new_figure",
    "place",
    "plain",
    "save_with",
    "set_text",
    "short_numbers",
]

FRAME = 304
"""Longer side of a map on the screen [px]; the shorter one is never below a third of it."""
BORDER = 5
"""Beside a map of full width at least [px]."""
CLEAR = "rgba(0, 0, 0, 0)"
"""Colour of pixels without a value: what lies behind shows, which no palette contains."""
BEHIND = "#dfe8f2"
FONT = "Helvetica, Arial, sans-serif"
OVER_TITLE = ":host > * { background-color: white; }"
NO_WIDTH = ":host { width: 0 !important; }"
"""The toolbar lies over the end of the title while it is seen: beside it there would be no room for all buttons."""
ZOOM_OUT = """
const plot = cb_obj.origin, view = cb_context.index.find_one(plot)
if (!view.zooms_out) view.canvas_view.events_el.addEventListener("dblclick", () => plot.reset.emit())
view.zooms_out = true
"""
"""On a double click. BokehJS takes two quick ones anywhere for one, and hears of none on a handle."""
ROUND_LENGTHS = [mantissa * 10.0**power for power in range(-4, 6) for mantissa in (1, 2, 5)]


def plain(text: str) -> PlainText:
    """Text that Bokeh takes as it is: otherwise dollar signs in it are read as formulae."""
    return PlainText(text=text)


def set_text(title: Title, text: str) -> None:
    """Give a title another text; nothing happens if it has that already."""
    if title.text.text != text:
        title.text = plain(text)


def short_numbers() -> CustomJSTickFormatter:
    """Ticks such as 0.25, 84000 and 2e−5, with no more digits than they need."""
    return CustomJSTickFormatter(
        code="""
        const size = Math.abs(tick), number = Number(tick.toPrecision(6))
        const text = size != 0 && (size < 1e-3 || size >= 1e6) ? number.toExponential() : String(number)
        return text.replaceAll("-", "−").replace("e+", "e")
        """
    )


def new_figure(title: str, **options: Any) -> figure:
    """An empty Bokeh figure in the house style; ``options`` are those of ``bokeh.plotting.figure``."""
    zoom = BoxZoomTool(match_aspect=True)
    tools: list[Tool] = [zoom, PanTool(), WheelZoomTool(), ResetTool()]
    made = figure(tools=tools, toolbar_location="above", toolbar_sticky=True, **options)
    made.add_tools(*(_saving(made, kind) for kind in ("png", "svg")))
    made.toolbar.logo = None
    made.toolbar.autohide = True
    made.toolbar.stylesheets = [InlineStyleSheet(css=OVER_TITLE)]
    made.title = Title(text=plain(title), text_font=FONT, text_font_size="13px", text_color="#1f2933")
    made.title.stylesheets = [InlineStyleSheet(css=NO_WIDTH)]
    made.toolbar.active_drag = zoom
    made.outline_line_color = "#c8d0da"
    made.js_on_event("mouseenter", CustomJS(code=ZOOM_OUT))
    return made


def _saving(plot: figure, kind: str) -> CustomAction:
    action = script("export", plot=plot, whole=plot, kind=kind)
    return CustomAction(icon=icon(kind), description=f"Save as {kind.upper()}", callback=action)


def save_with(plot: figure, whole: UIElement) -> None:
    """Let the files that are saved from a figure's toolbar show all of the layout it is a part of."""
    for tool in plot.toolbar.tools:
        if isinstance(tool, CustomAction) and "whole" in tool.callback.args:
            tool.callback.args = {**tool.callback.args, "whole": whole}


def place(rows: Axis, columns: Axis) -> dict[str, list[float]]:
    """Columns of a source that say where a map with these axes lies, for Bokeh's image glyphs."""
    return {"x": [columns.start], "y": [rows.start], "dw": [columns.extent], "dh": [rows.extent]}


class MapFrame:
    """The Bokeh figure of a map, ``figure``; :meth:`fit` shapes it, the first time and after every change.

    Attributes
    ----------
    figure : bokeh.plotting.figure
    axes : tuple of Axis, optional
        Rows and columns of what it was shaped for.
    """

    def __init__(self, title: str) -> None:
        self.figure = new_figure(title, x_range=Range1d(), y_range=Range1d())
        self.figure.axis.visible = False
        self.figure.grid.visible = False
        self.figure.background_fill_color = BEHIND
        self.hover = HoverTool(visible=False)
        self.axes: tuple[Axis, Axis] | None = None
        self._told: tuple[object, ...] = ()
        self.figure.add_tools(self.hover)
        self.bar = ScaleBar(
            range=self.figure.x_range,
            unit="px",
            dimensional=_lengths("px"),
            location="bottom_left",
            bar_length=0.16,  # the next longer round length is taken
            bar_line_color="white",
            bar_line_width=3,
            label_text_color="white",
            label_text_font=FONT,
            label_text_font_size="12px",
            label_standoff=3,
            background_fill_color="black",
            background_fill_alpha=0.55,
            border_line_color=None,
            padding=6,
            margin=8,
        )
        self.figure.add_layout(self.bar)

    def fit(self, rows: Axis, columns: Axis) -> None:
        """Shape the frame for a map with these axes; one that is very long and thin gets room beside it.

        A coarser map of the same place, such as a preview, is shown in the frame that is there. Where the hand has
        zoomed in it stays, over the same pixels if the axes of as large a map begin elsewhere.
        """
        axes, before = (rows, columns), self.axes
        if before is not None and all(map(_same_place, before, axes)):
            return
        self.axes = axes
        longest = max(rows.extent, columns.extent)
        height, width = (FRAME * max(axis.extent / longest, 1 / 3) for axis in (rows, columns))
        if rows.unit != columns.unit:
            height, width, longest = FRAME, FRAME, 0.0
        self.figure.frame_height, self.figure.frame_width = round(height), round(width)
        self.figure.min_border_right = BORDER + FRAME - round(width)  # for the title, which ends where the figure does
        left, right = _widened(columns, longest / 3)
        top, bottom = _widened(rows, longest / 3)
        moved = before is not None and all(map(_same_size, axes, before))
        stays = before is not None and (moved or all(map(_same_place, axes, before))) and _zoomed(self.figure)
        _set_range(self.figure.x_range, left, right, stays, moved)
        _set_range(self.figure.y_range, bottom, top, stays, moved)  # down is up: row 0 on top
        if before is None or before[1].unit != columns.unit:
            self.bar.update(unit=columns.unit, dimensional=_lengths(columns.unit))

    def tell(self, glyphs: list[GlyphRenderer], entries: Mapping[str, tuple[str, str]], unit: str) -> None:
        """Show the numbers under the cursor: for each label a column of the ``glyphs``' source and a unit."""
        told = (*glyphs, *entries.items(), unit)
        if told == self._told:
            return
        self._told = told
        tips = [(label, f"@{column}{{%.4g}} {text}") for label, (column, text) in entries.items()]
        columns = [column for column, _ in entries.values()]
        self.hover.update(
            renderers=glyphs,
            tooltips=[*tips, ("x, y", f"$x{{%.4g}}, $y{{%.4g}} {unit}")],
            formatters={"$x": "printf", "$y": "printf", **{f"@{column}": "printf" for column in columns}},
        )


def _lengths(unit: str) -> Metric:
    return Metric(base_unit=unit, include=[unit], ticks=ROUND_LENGTHS)


def _widened(axis: Axis, least: float) -> tuple[float, float]:
    extra = max(0.0, least - axis.extent) / 2
    return axis.start - extra, axis.stop + extra


def _same_place(old: Axis, new: Axis) -> bool:
    """Whether a map along ``new`` fills a frame made for ``old``, to within a pixel where it is the coarser one."""
    slack = new.step if new.step > old.step * (1 + 1e-9) else 1e-9 * abs(old.extent)
    ends = abs(new.start - old.start), abs(new.stop - old.stop)
    return new.unit == old.unit and max(ends) <= slack


def _same_size(one: Axis, other: Axis) -> bool:
    return (one.unit, one.count) == (other.unit, other.count) and math.isclose(one.extent, other.extent)


def _zoomed(plot: figure) -> bool:
    return any((span.start, span.end) != (span.reset_start, span.reset_end) for span in (plot.x_range, plot.y_range))


def _set_range(span: Any, start: float, end: float, stays: bool, moved: bool) -> None:
    # What "reset" returns to is kept apart from what is shown.
    by = start - span.reset_start if moved else 0.0
    shown = (span.start + by, span.end + by) if stays else (start, end)
    span.update(reset_start=start, reset_end=end, start=shown[0], end=shown[1])
