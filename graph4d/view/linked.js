// What linked maps of one document do when the zoom of one changes, or the mouse moves over it.
const plots = maps([(cb_obj.origin ?? cb_obj).document]).filter(plot => plot.tags.includes("linked"))
if (cb_obj.origin) {
  point(cb_obj.origin, plots, cb_obj, cb_context.index)
} else {
  const plot = plots.find(plot => plot.x_range === cb_obj || plot.y_range === cb_obj)
  if (plot) zoom(plot, plots)
}
