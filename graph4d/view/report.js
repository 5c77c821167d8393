// Draw every figure of the page. One that fails says so in its place; the others are drawn all the same.
const drawn = [...document.querySelectorAll("script[data-figure]")].map(async script => {
  const place = document.getElementById(script.dataset.figure)
  try {
    await Bokeh.embed.embed_item(JSON.parse(script.textContent).item, place.id)
  } catch (error) {
    place.className = "error"
    place.textContent = `This could not be drawn. ${error}`
  }
})

// Every figure is a document of its own.
Promise.all(drawn).then(() => {
  if (!window.Bokeh) return
  const plots = maps(Bokeh.documents)
  for (const plot of plots) {
    for (const range of [plot.x_range, plot.y_range]) {
      for (const end of ["start", "end"]) range.properties[end].change.connect(() => zoom(plot, plots))
    }
    for (const name of ["mousemove", "mouseleave"]) plot.on_event(name, event => point(plot, plots, event, Bokeh.index))
  }
})
