// A handle on a figure. It runs when the pointer enters the figure and then listens to the pointer itself: a drag that
// takes hold of the handle never reaches the tools, and starts at once, without their threshold and their time limit.
//
// plot, outline: the figure and the renderer that is taken hold of; shape, picture: data sources of the handle and of the
// image below it (or null); kind, fixed: what it is, and whether its centre stays.
const view = cb_context.index.find_one(plot)
const listening = view.handles ??= new Set()
if (listening.has(shape)) return
listening.add(shape)

const NEAR = 8, CENTRE = 5, POINT = 14, BETWEEN_MESSAGES = 33 // screen pixels; milliseconds
const {x_scale, y_scale} = view.frame
const area = view.canvas_view.events_el
const X = (x) => x_scale.compute(x), Y = (y) => y_scale.compute(y)
const between = (value, low, high) => Math.max(low, Math.min(high, value))

function present() {
  return Object.fromEntries(Object.entries(shape.data).map(([name, values]) => [name, values[0]]))
}

// ---- where it can be taken hold of

function grip(sx, sy) {
  if (!outline.visible) return null
  if (kind == "rectangle") return side(sx, sy)
  const s = present(), r = Math.hypot(sx - X(s.x), sy - Y(s.y))
  if (kind == "point") return r <= POINT ? "move" : null
  if (!fixed && r <= CENTRE) return "move"
  const radius = (name) => Math.abs(X(s.x + s[name]) - X(s.x)) // on the screen
  const rims = ["outer", "inner"].filter((name) => name in s)
  rims.sort((one, other) => Math.abs(r - radius(one)) - Math.abs(r - radius(other)))
  if (Math.abs(r - radius(rims[0])) <= NEAR) return rims[0]
  const inside = r < radius("outer") && (kind == "disc" || r > radius("inner"))
  return inside && !fixed ? "move" : null
}

function side(sx, sy) {
  const s = present(), [left, right, top, bottom] = [X(s.left), X(s.right), Y(s.top), Y(s.bottom)]
  if (sx < left - NEAR || sx > right + NEAR || sy < top - NEAR || sy > bottom + NEAR) return null
  const nearest = (at, low, high, first, second) =>
    Math.min(Math.abs(at - low), Math.abs(at - high)) > NEAR ? "" : Math.abs(at - low) < Math.abs(at - high) ? first : second
  return nearest(sy, top, bottom, "top", "bottom") + nearest(sx, left, right, "left", "right") || "move"
}

const CURSORS = {
  move: "move", left: "ew-resize", right: "ew-resize", top: "ns-resize", bottom: "ns-resize",
  topleft: "nwse-resize", bottomright: "nwse-resize", topright: "nesw-resize", bottomleft: "nesw-resize",
}

function cursor(name, sx, sy) {
  if (name in CURSORS) return CURSORS[name]
  const s = present(), octant = Math.round(Math.atan2(sy - Y(s.y), sx - X(s.x)) / (Math.PI / 4)) & 3
  return ["ew-resize", "nwse-resize", "ns-resize", "nesw-resize"][octant]
}

// ---- what a move makes of it

function pixel(s) {
  // Height and width of what a key moves by, and what no shape becomes smaller than.
  if (s.pixel_x > 0) return [s.pixel_y, s.pixel_x]
  const image = picture?.data.image[0]
  return image == null ? [1, 1] : [picture.data.dh[0] / image.shape[0], picture.data.dw[0] / image.shape[1]]
}

function within(name, value) {
  // No place outside of the picture.
  const [start, size] = picture == null ? [] : name == "x" ? [picture.data.x, picture.data.dw] : [picture.data.y, picture.data.dh]
  return start == null ? value : between(value, start[0], start[0] + size[0])
}

function moved(s, dx, dy) {
  if (kind != "rectangle") return {...s, x: within("x", s.x + dx), y: within("y", s.y + dy)}
  dx = between(dx, within("x", -Infinity) - s.left, within("x", Infinity) - s.right)
  dy = between(dy, within("y", -Infinity) - s.top, within("y", Infinity) - s.bottom)
  return {...s, left: s.left + dx, right: s.right + dx, top: s.top + dy, bottom: s.bottom + dy}
}

function resized(s, name, x, y) {
  const [height, width] = pixel(s), [dx, dy] = [within("x", x), within("y", y)]
  if (name == "outer") return {...s, outer: Math.max(Math.hypot(x - s.x, y - s.y), (s.inner ?? -width / 2) + width)}
  if (name == "inner") return {...s, inner: between(Math.hypot(x - s.x, y - s.y), 0, Math.max(0, s.outer - width))}
  const n = {...s}
  if (name.includes("left")) n.left = Math.min(dx, s.right - width)
  if (name.includes("right")) n.right = Math.max(dx, s.left + width)
  if (name.includes("top")) n.top = Math.min(dy, s.bottom - height)
  if (name.includes("bottom")) n.bottom = Math.max(dy, s.top + height)
  return n
}

// ---- telling: the picture follows every event, Python hears a few times a second, and always of the last

let told = -Infinity, later = null

function show(s, moving) {
  clearTimeout(later)
  const wait = moving ? told + BETWEEN_MESSAGES - performance.now() : 0
  const data = Object.fromEntries(Object.entries({...s, moving}).map(([name, value]) => [name, [value]]))
  if (wait > 0) later = setTimeout(() => show(s, moving), wait)
  else told = performance.now()
  shape.setv({data}, {sync: wait <= 0, check_eq: false})
}

// ---- the pointer

let held = null

function place(event) {
  const box = area.getBoundingClientRect()
  return [event.clientX - box.left, event.clientY - box.top]
}

function take(event) {
  const [sx, sy] = place(event), name = event.button == 0 && view.frame.bbox.contains(sx, sy) ? grip(sx, sy) : null
  if (name == null || event.composedPath()[0] != area) return
  event.stopImmediatePropagation()
  area.setPointerCapture(event.pointerId)
  area.dispatchEvent(new PointerEvent("pointerout", {isPrimary: true})) // no tooltip in the way of the hand
  const s = present()
  // Nothing jumps: what is moved keeps its distance from where it was taken hold of.
  const off = name in s && kind != "rectangle" ? radius_at(sx, sy, s) - s[name] : 0
  held = {name, s, off, x: x_scale.invert(sx), y: y_scale.invert(sy), last: null}
  area.style.cursor = cursor(name, sx, sy)
}

function drag(event) {
  if (held == null) return
  event.stopImmediatePropagation()
  held.last = dragged(...place(event))
  show(held.last, true)
}

function point(event) {
  const [sx, sy] = place(event), name = event.buttons == 0 ? grip(sx, sy) : null
  if (name != null) area.style.cursor = cursor(name, sx, sy)
}

function drop() {
  const last = held?.last
  held = null
  if (last != null) show(last, false)
}

area.addEventListener("pointerdown", take, true) // before the tools
area.addEventListener("pointermove", drag, true)
area.addEventListener("pointermove", point) // after them, since they set the cursor
for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) area.addEventListener(type, drop)

function radius_at(sx, sy, s) {
  return Math.hypot(x_scale.invert(sx) - s.x, y_scale.invert(sy) - s.y)
}

function dragged(sx, sy) {
  const {name, s, off} = held, x = x_scale.invert(sx), y = y_scale.invert(sy)
  if (name == "move") return moved(s, x - held.x, y - held.y)
  if (kind == "rectangle") return resized(s, name, x, y)
  const r = Math.hypot(x - s.x, y - s.y) || 1, share = Math.max(0, r - off) / r
  return resized(s, name, s.x + (x - s.x) * share, s.y + (y - s.y) * share)
}

function put({x, y}) {
  const s = present()
  if (outline.visible) show(moved(s, x - s.x, y - s.y), false)
}

if (kind == "point") for (const click of ["tap", "doubletap"]) plot.on_event(click, put) // two quick clicks at two places

// ---- the keyboard, while the pointer is over the picture or the picture has the focus

const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}
const pointed = globalThis.graph4d_handles ??= {area: null} // one picture at a time has the arrows
let repeating = false

function on_key(event) {
  if (!area.isConnected) return leave()
  const arrow = ARROWS[event.key]
  const wanted = pointed.area == null ? area.matches(":focus") : pointed.area == area
  if (arrow == null || !wanted || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || is_typing()) return
  if (!outline.visible || fixed) return
  event.preventDefault()
  event.stopPropagation()
  if (event.type == "keyup") {
    if (repeating) show(present(), false)
    repeating = false
    return
  }
  repeating = event.repeat
  const s = present(), [height, width] = pixel(s), times = event.shiftKey ? 5 : 1
  const up = Math.sign(plot.y_range.end - plot.y_range.start), right = Math.sign(plot.x_range.end - plot.x_range.start)
  show(moved(s, times * right * arrow[0] * Math.abs(width), times * up * arrow[1] * Math.abs(height)), repeating)
}

function is_typing() {
  let active = document.activeElement
  while (active?.shadowRoot?.activeElement != null) active = active.shadowRoot.activeElement
  return active?.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(active?.tagName)
    || active?.getAttribute("role") == "slider"
}

function start_keys() {
  // On the window and first, before a notebook takes the arrows for itself.
  for (const type of ["keydown", "keyup"]) window.addEventListener(type, on_key, true)
}

function stop_keys() {
  for (const type of ["keydown", "keyup"]) window.removeEventListener(type, on_key, true)
}

function enter() {
  pointed.area = area
  start_keys()
}

function leave() {
  if (pointed.area == area) pointed.area = null
  if (!area.matches(":focus")) stop_keys()
}

area.addEventListener("pointerenter", enter)
area.addEventListener("pointerleave", leave)
area.addEventListener("focus", start_keys)
area.addEventListener("blur", () => { if (pointed.area != area) stop_keys() })
enter()
