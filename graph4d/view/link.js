// Maps that show one place in one unit share their zoom and a cross for the cursor, for as long as they do.

function maps(documents) {
  const below = model => model.frame_width && model.toolbar ? [model] : (model.children ?? []).flatMap(below)
  return documents.flatMap(document => document.roots()).flatMap(below).filter(unit)
}

function unit(plot) {
  return plot.center.find(model => model.type == "ScaleBar")?.unit
}

function same_place(one, other) {
  const near = (a, b) => ["reset_start", "reset_end"].every(
    end => Math.abs(a[end] - b[end]) <= 0.02 * Math.abs(a.reset_end - a.reset_start))
  return unit(one) == unit(other) && near(one.x_range, other.x_range) && near(one.y_range, other.y_range)
}

function others(plot, plots) {
  return plots.filter(other => other !== plot && same_place(plot, other))
}

function zoom(plot, plots) {
  for (const other of others(plot, plots)) {
    for (const name of ["x_range", "y_range"]) {
      const {start, end} = plot[name]
      other[name].setv({start, end})
    }
  }
}

// Lines through a place in a plot; none where the cursor is outside.
function cross(view, {event_name, x, y}) {
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

function point(plot, plots, event, index) {
  for (const other of others(plot, plots)) cross(index.find_one(other), event)
}
