"""How numbers become colours: by the kind of picture, and by what somebody chose in the panel below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import (
    CDSView,
    ColorBar,
    ColorMapper,
    ColumnDataSource,
    CustomAction,
    GlyphRenderer,
    IndexFilter,
    LinearColorMapper,
    LogColorMapper,
    Spacer,
)
from numpy.typing import NDArray

from graph4d.view.frame import CLEAR, short_numbers
from graph4d.view.icons import icon
from graph4d.view.palettes import PALETTES, anchors
from graph4d.view.pixels import full_range, percentile_limits, sample
from graph4d.view.script import script

if TYPE_CHECKING:
    from bokeh.models import Column
    from bokeh.plotting import figure
    from xarray import DataArray

__all__ = ["Contrast", "Style", "style_of"]

Limits = tuple[float, float]

RECIPROCAL = ("ky", "kx")
DYNAMIC_RANGE = 1e6
"""Of a logarithmic scale at most: noise-free patterns have tails that nobody could measure."""
ALONE = 50.0
"""A pixel so many times as bright as any around it is the detector's fault: it would take all colours."""
HOT = 30
"""So many of them are looked for."""
PANEL = (334, 130)
"""Width and height of the panel [px]."""


@dataclass(frozen=True)
class Style:
    """What suits a picture before anybody chose.

    Parameters
    ----------
    palette : str
        One of :data:`graph4d.view.palettes.PALETTES`.
    kind : {"plain", "signed", "periodic"}
        Zero is the middle of the colours of a signed one; the ends of a periodic one are one colour.
    period : float
        Of a periodic one.
    log : bool
        Logarithmic.
    """

    palette: str = "grey"
    kind: str = "plain"
    period: float = 0.0
    log: bool = False


def style_of(value: DataArray) -> Style:
    """Grey for a map, logarithmic for a pattern, zero in the middle if signed, a closed circle of hues if periodic.

    Parameters
    ----------
    value : DataArray
        ``attrs["signed"]`` true says that zero is the middle; ``attrs["period"]``, a number in the unit of the values,
        that they come round.
    """
    period = value.attrs.get("period")
    if period is not None:
        return Style("hues", "periodic", float(period))
    if value.attrs.get("signed"):
        return Style("blue – red", "signed")
    if value.dims[-2:] == RECIPROCAL:
        return Style("inferno", log=True)
    return Style()


class Contrast:
    """The colours of the picture in a figure, its colour bar, and the panel behind a button in the toolbar.

    Parameters
    ----------
    plot : figure
        Of the picture.
    layout : Column
        That holds it, and into which the panel opens.
    source : ColumnDataSource
        Its columns ``image``, ``x``, ``y``, ``dw`` and ``dh`` are drawn.
    style : Style
    follows : bool
        Limits are found again by the figure itself whenever a script changes the picture.

    Attributes
    ----------
    choice : ColumnDataSource
        One row: ``scale`` (linear, sqrt, log, gamma), ``gamma``, ``palette``, ``limits`` (automatic, percentiles, full,
        fixed), ``low`` and ``high`` (percents or values).
    button : CustomAction
        Opens and closes the panel.
    renderers : list of GlyphRenderer
        Of the picture. There are two, on a linear and a logarithmic scale, because Bokeh ignores a colour mapper that
        takes the place of another; one of them is empty, and so costs nothing.
    """

    def __init__(self, plot: figure, layout: Column, source: ColumnDataSource, style: Style, follows: bool) -> None:
        self.style = style
        self._values: NDArray[Any] = np.zeros((1, 1))
        start = {"scale": "log" if style.log else "linear", "gamma": 0.5, "palette": style.palette}
        self.choice = ColumnDataSource(
            {name: [value] for name, value in {**start, "limits": "automatic", "low": 0.0, "high": 1.0}.items()}
        )
        models: dict[str, Any] = {}
        self.renderers: list[GlyphRenderer] = []
        self._mappers: dict[str, ColorMapper] = {}
        for name, kind, on in (("linear", LinearColorMapper, not style.log), ("log", LogColorMapper, style.log)):
            mapper = kind(palette=PALETTES[style.palette](), nan_color=CLEAR, low=0.1, high=1.0)
            shown = IndexFilter(indices=[0] if on else [])
            drawn = plot.image("image", source=source, color_mapper=mapper, view=CDSView(filter=shown))
            bar = ColorBar(
                color_mapper=mapper, width=12, visible=on, bar_line_color="#c8d0da", padding=6, label_standoff=4
            )
            if name == "linear":
                bar.formatter = short_numbers()
            plot.add_layout(bar, "right")
            self.renderers.append(drawn)
            self._mappers[name] = mapper
            models |= {name: mapper, f"{name}_shown": shown, f"{name}_bar": bar}
        self.button = CustomAction(icon=icon("contrast"), description="Contrast, colours and histogram")
        panel = script(
            "numbers",
            "contrast",
            **models,
            source=source,
            choice=self.choice,
            layout=layout,
            place=Spacer(width=PANEL[0], height=PANEL[1]),
            button=self.button,
            palettes=anchors(),
            kind=style.kind,
            period=style.period,
            follows=follows,
        )
        self.button.callback = panel
        plot.add_tools(self.button)
        source.js_on_change("data", panel)
        self.choice.on_change("data", lambda _attr, _old, _new: self.show(self._values))

    @property
    def mapper(self) -> ColorMapper:
        """The colour mapper in use."""
        return self._mappers["log" if self._chosen("scale") == "log" else "linear"]

    def show(self, values: NDArray[Any]) -> None:
        """Set the limits for the values that are shown (rows, columns), as it was chosen."""
        self._values = values
        low, high = self.limits(values)
        self.mapper.update(low=low, high=high)

    def limits(self, values: NDArray[Any]) -> Limits:
        """The least and the greatest value that have a colour of their own, as it was chosen."""
        wish, log = self._chosen("limits"), self._chosen("scale") == "log"
        given = float(self._chosen("low")), float(self._chosen("high"))
        if wish == "fixed":
            return given
        if wish == "automatic":
            return _logarithmic(values) if log else _linear(values, self.style)
        some = np.where(values > 0, values, np.nan) if log else values
        return full_range(some) if wish == "full" else percentile_limits(some, *given)

    def _chosen(self, name: str) -> Any:
        return self.choice.data[name][0]


def _linear(values: NDArray[Any], style: Style) -> Limits:
    if style.kind == "periodic":
        return (-style.period / 2, style.period / 2) if (values < 0).any() else (0.0, style.period)
    low, high = percentile_limits(values)
    reach = max(abs(low), abs(high))
    return (-reach, reach) if style.kind == "signed" else (low, high)


def _logarithmic(values: NDArray[Any]) -> Limits:
    some = sample(values)
    some = some[some > 0]
    if some.size == 0:
        return 0.1, 1.0
    high = _brightest(values)
    low = max(float(np.percentile(some, 1)), high / DYNAMIC_RANGE)
    return (low, high) if low < high else (high / 10, high)


def _brightest(values: NDArray[Any]) -> float:
    """The largest positive value that is not alone: brighter than all around it by orders of magnitude."""
    some = np.where(np.isfinite(values) & (values > 0), values, 0.0)
    highest = float(some.max())
    for _ in range(HOT):
        row, column = np.unravel_index(some.argmax(), some.shape)
        high, some[row, column] = float(some[row, column]), 0.0
        around = some[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        if around.max() * ALONE >= high:
            return high or highest  # 0 where nothing is left: they were single electrons, and no faults
    return highest
