// The panel in which the contrast of a picture is chosen, below it; made anew whenever it is opened.
// `choice` says what was chosen. The limits that follow from it are set here without telling Python, which
// finds the same ones; palette and scale are told to it.

const LIMITS = {automatic: "automatic", percentiles: "percentiles", full: "min – max", fixed: "fixed"}
const SCALES = ["linear", "sqrt", "log", "gamma"]
const PARTS = 128
const [WIDTH, HEIGHT] = [328, 64]
const STYLE = `
  .contrast { font: 12px Helvetica, Arial, sans-serif; color: #1f2933; width: ${WIDTH}px; padding: 4px 0 0 6px;
    box-sizing: content-box; background: white; }
  .contrast canvas { display: block; width: ${WIDTH}px; height: ${HEIGHT}px; background: #f5f7f9; cursor: ew-resize;
    touch-action: none; }
  .contrast .row { display: flex; gap: 6px; align-items: center; margin-top: 5px; }
  .contrast select, .contrast input { font: inherit; color: inherit; min-width: 0; height: 22px; padding: 0 3px;
    box-sizing: border-box; border: 1px solid #c8d0da; border-radius: 3px; background: white; }
  .contrast input { flex: 1 1 40px; }
  .contrast select { flex: 1 1 70px; }
  .contrast .gone { display: none; }
`

const picture = () => {
  const values = source.data.image[0]
  return {values, columns: values.shape[1]}
}
const mapper = () => choice.data.scale[0] == "log" ? log : linear
const chosen = () => Object.fromEntries(Object.entries(choice.data).map(([name, [value]]) => [name, value]))

function limits(wish) {
  const {values, columns} = picture(), log = wish.scale == "log"
  if (wish.limits == "fixed") return apart(wish.low, wish.high, log)
  if (wish.limits == "full") return apart(...extremes(values, log), log)
  if (wish.limits == "percentiles") return percentiles(values, columns, wish.low, wish.high, log)
  return automatic(values, columns, kind, period, log)
}

function set_limits(wish) {
  const [low, high] = limits(wish)
  const active = wish.scale == "log" ? log : linear
  active.setv({low, high}, {sync: false})
}

function set_colours(wish) {
  const logarithmic = wish.scale == "log"
  const power = wish.scale == "sqrt" ? 0.5 : wish.scale == "gamma" ? wish.gamma : 1
  const palette = ramp(palettes[wish.palette], power == 1 ? 256 : 4096, power)
  linear.palette = palette
  log.palette = palette
  for (const [filter, bar, on] of [[linear_shown, linear_bar, !logarithmic], [log_shown, log_bar, logarithmic]]) {
    filter.indices = on ? [0] : []
    bar.visible = on
  }
}

function choose(changes) {
  const wish = {...chosen(), ...changes}
  set_limits(wish)
  if ("scale" in changes || "palette" in changes || "gamma" in changes) set_colours(wish)
  choice.data = Object.fromEntries(Object.entries(wish).map(([name, value]) => [name, [value]]))
}

function build(host) {
  const panel = document.createElement("div")
  panel.className = "contrast"
  panel.dataset.lmSuppressShortcuts = "true"  // what is typed here is no command to JupyterLab
  panel.innerHTML = `<style>${STYLE}</style><canvas></canvas>
    <div class="row"><select class="limits" title="What the limits of the colours follow"></select>
      <input class="low" title="Lower limit"><span>–</span><input class="high" title="Upper limit"></div>
    <div class="row"><select class="scale" title="How values are spread over the colours"></select>
      <input class="gamma" title="Exponent γ: the colour is the value to the power γ">
      <select class="palette" title="Colours"></select></div>`
  host.append(panel)
  const part = name => panel.querySelector(`.${name}`)
  const fill = (name, entries) => {
    for (const [value, text] of entries) part(name).add(new Option(text, value))
    part(name).addEventListener("change", () => {
      const {value} = part(name), {low, high} = mapper()
      choose({[name]: value, ...(value == "percentiles" ? {low: 1, high: 99} : value == "fixed" ? {low, high} : {})})
      draw()
    })
  }
  fill("limits", Object.entries(LIMITS))
  fill("scale", SCALES.map(name => [name, name]))
  fill("palette", Object.keys(palettes).map(name => [name, name]))
  for (const name of ["low", "high", "gamma"]) {
    part(name).addEventListener("change", () => {
      const number = Number(part(name).value.replace("−", "-").replace("%", "").trim())
      const wish = chosen(), percents = wish.limits == "percentiles"
      const before = percents || name == "gamma" ? wish : mapper()
      const after = {low: before.low, high: before.high, [name]: number}
      const good = Number.isFinite(number) && part(name).value.trim() != "" &&
        (name == "gamma" ? number > 0 : after.low < after.high && !(percents && (after.low < 0 || after.high > 100)))
      if (good && name == "gamma") choose({gamma: number})
      else if (good) choose({limits: percents ? "percentiles" : "fixed", low: after.low, high: after.high})
      draw()  // a number that makes no sense gives way to the one before
    })
  }
  for (const name of ["keydown", "keyup", "keypress"]) panel.addEventListener(name, event => event.stopPropagation())

  // The histogram: values outside of `shown` are few and far away.
  const canvas = panel.querySelector("canvas")
  const ratio = window.devicePixelRatio || 1
  canvas.width = WIDTH * ratio
  canvas.height = HEIGHT * ratio
  const context = canvas.getContext("2d")
  let shown = [0, 1]
  const is_log = () => chosen().scale == "log"
  const x_of = value => {
    const place = is_log() ? Math.log : number => number
    return (place(value) - place(shown[0])) / (place(shown[1]) - place(shown[0])) * WIDTH
  }
  const value_of = x => {
    const share = Math.max(0, Math.min(1, x / WIDTH))
    return is_log() ? shown[0] * (shown[1] / shown[0]) ** share : shown[0] + share * (shown[1] - shown[0])
  }
  function draw(moving = false) {
    const wish = chosen(), log = wish.scale == "log", {values, columns} = picture()
    const {low, high} = mapper()
    if (!moving) {
      const all = apart(...extremes(values, log), log), most = percentiles(values, columns, 0.1, 99.9, log)
      const wide = all[1] - all[0] > 3 * (most[1] - most[0]) && !log
      const [from, to] = wide ? most : all
      shown = [Math.min(from, low), Math.max(to, high)]
      if (log && !(shown[0] > 0)) shown[0] = from
    }
    const counts = histogram(values, shown[0], shown[1], PARTS, log)
    const tallest = Math.log1p(Math.max(...counts, 1)), step = WIDTH / PARTS
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, WIDTH, HEIGHT)
    const [a, b] = [x_of(low), x_of(high)]
    context.fillStyle = "#dbe7f5"
    context.fillRect(a, 0, b - a, HEIGHT)
    context.fillStyle = "#52606d"
    counts.forEach((count, i) => {
      const height = Math.log1p(count) / tallest * (HEIGHT - 4)
      context.fillRect(i * step, HEIGHT - height, step, height)
    })
    context.fillStyle = "#c2410c"
    for (const x of [a, b]) {
      const line = Math.max(0, Math.min(WIDTH - 2, x - 1))
      context.fillRect(line, 0, 2, HEIGHT)
      context.fillRect(Math.max(0, Math.min(WIDTH - 8, x - 4)), HEIGHT / 2 - 7, 8, 14)
    }
    const number = value => String(Number(value.toPrecision(4))).replace("-", "−")
    const percents = wish.limits == "percentiles"
    part("low").value = percents ? `${number(wish.low)} %` : number(low)
    part("high").value = percents ? `${number(wish.high)} %` : number(high)
    part("gamma").value = number(wish.gamma)
    part("gamma").classList.toggle("gone", wish.scale != "gamma")
    for (const name of ["limits", "scale", "palette"]) part(name).value = wish[name]
    panel.counts = counts
    panel.shown = shown
  }
  const at = event => (event.clientX - canvas.getBoundingClientRect().left) * WIDTH / canvas.clientWidth
  let held = null
  canvas.addEventListener("pointerdown", event => {
    const {low, high} = mapper()
    const x = at(event), [a, b] = [x_of(low), x_of(high)]
    const inside = x > a + 8 && x < b - 8
    held = {side: inside ? "both" : Math.abs(x - a) <= Math.abs(x - b) ? "low" : "high", x, a, b}
    canvas.setPointerCapture(event.pointerId)
    choose({limits: "fixed", low, high})  // from now on no new picture moves them
    drag(event)
  })
  const drag = event => {
    const by = at(event) - held.x
    const low = held.side == "high" ? mapper().low : value_of(held.a + by)
    const high = held.side == "low" ? mapper().high : value_of(held.b + by)
    if (!(low < high)) return
    mapper().setv({low, high}, {sync: false})
    draw(true)
  }
  canvas.addEventListener("pointermove", event => held && drag(event))
  canvas.addEventListener("pointerup", () => {
    held = null
    const {low, high} = mapper()
    choose({limits: "fixed", low, high})
    draw(true)
  })
  canvas.addEventListener("dblclick", () => {
    choose({limits: "automatic"})
    draw()
  })
  panel.addEventListener("redraw", () => held || draw())
  draw()
}

async function host_of(model) {
  for (let frames = 0; frames < 120; frames++) {
    const view = cb_context.index.find_one(model)
    if (view?.shadow_el?.isConnected) return view.shadow_el
    await new Promise(requestAnimationFrame)
  }
  return null
}

const open = () => layout.children.includes(place)
if (cb_obj === button) {
  const opened = !open()
  const others = layout.children.filter(child => child !== place)
  layout.setv({children: opened ? [...others, place] : others}, {sync: false})
  button.setv({active: opened}, {sync: false})
  if (opened) host_of(place).then(host => host && !host.querySelector(".contrast") && build(host))
} else {
  if (follows) set_limits(chosen())
  if (open()) {
    cb_context.index.find_one(place)?.shadow_el.querySelector(".contrast")?.dispatchEvent(new Event("redraw"))
  }
}
