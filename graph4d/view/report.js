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

// Every figure is a document of its own. Maps of one place, in one unit, share their zoom and a cross for the cursor.
function maps() {
  const below = model => model.frame_width && model.toolbar ? [model] : (model.children ?? []).flatMap(below)
  const bar = plot => plot.center.find(model => model.type == "ScaleBar")
  const plots = Bokeh.documents.flatMap(doc => doc.roots()).flatMap(below)
  return plots.filter(bar).map(plot => ({plot, unit: bar(plot).unit, ranges: [plot.x_range, plot.y_range]}))
}

function same_place(one, other) {
  const near = (a, b) => ["reset_start", "reset_end"].every(
    end => Math.abs(a[end] - b[end]) <= 0.02 * Math.abs(a.reset_end - a.reset_start))
  return one.unit == other.unit && one.ranges.every((range, i) => near(range, other.ranges[i]))
}

function follow(models, names) {
  for (const model of models) {
    for (const name of names) {
      model.properties[name].change.connect(() => {
        for (const other of models) if (other !== model) other[name] = model[name]
      })
    }
  }
}

// Lines through a place in a plot; none where the cursor is outside.
function cross(plot, {event_name, x, y}) {
  const view = Bokeh.index.find_one(plot)
  if (!view?.shadow_el) return
  const {x_scale, y_scale, bbox} = view.frame, [left, top] = [x_scale.compute(x), y_scale.compute(y)]
  for (const name of ["across", "down"]) {
    let line = view.shadow_el.querySelector(`.cross.${name}`)
    if (!line) {
      line = document.createElement("div")
      line.className = `cross ${name}`
      line.style = "position: absolute; pointer-events: none; background: rgba(232, 89, 12, 0.7)"
      view.shadow_el.append(line)
    }
    const place = name == "across" ? {left: bbox.left, top, width: bbox.width, height: 1}
      : {left, top: bbox.top, width: 1, height: bbox.height}
    for (const [side, length] of Object.entries(place)) line.style[side] = `${length}px`
    line.hidden = event_name == "mouseleave" || !bbox.contains(left, top)
  }
}

Promise.all(drawn).then(() => {
  if (!window.Bokeh) return
  const groups = []
  for (const map of maps()) {
    const group = groups.find(([first]) => same_place(first, map))
    group ? group.push(map) : groups.push([map])
  }
  for (const group of groups.filter(group => group.length > 1)) {
    for (const i of [0, 1]) follow(group.map(map => map.ranges[i]), ["start", "end"])
    const plots = group.map(map => map.plot)
    for (const plot of plots) {
      const point = event => plots.filter(other => other !== plot).forEach(other => cross(other, event))
      plot.on_event("mousemove", point)
      plot.on_event("mouseleave", point)
    }
  }
})
