// Arithmetic on pictures, the same as in pixels.py and contrast.py; nothing here touches the page.

function gcd(a, b) {
  return b == 0 ? a : gcd(b, a % b)
}

// The finite values, sorted; of very many about every n-th, with a step that visits all columns.
function sample(values, columns, positive = false) {
  let step = Math.max(1, Math.floor(values.length / 65536))
  while (gcd(step, columns) > 1 && step > 1) step += 1
  const some = new Float64Array(Math.ceil(values.length / step))
  let count = 0
  for (let i = 0; i < values.length; i += step) {
    if (Number.isFinite(values[i]) && !(positive && values[i] <= 0)) some[count++] = values[i]
  }
  return some.subarray(0, count).sort()
}

// Between its neighbours in the sorted values, as numpy does it.
function percentile(sorted, percent) {
  const place = (sorted.length - 1) * percent / 100
  const below = Math.floor(place), above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

function extremes(values, positive = false) {
  let low = Infinity, high = -Infinity
  for (const value of values) {
    if (!Number.isFinite(value) || (positive && value <= 0)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

function apart(low, high, log) {
  if (low < high) return [low, high]
  if (!Number.isFinite(low)) return log ? [0.1, 1] : [0, 1]
  return log ? [high / 10, high] : [low, low + (Math.abs(low) || 1)]
}

function percentiles(values, columns, low, high, log) {
  const sorted = sample(values, columns, log)
  if (sorted.length == 0) return apart(Infinity, -Infinity, log)
  const [bottom, top] = [percentile(sorted, low), percentile(sorted, high)]
  return bottom < top ? [bottom, top] : apart(...extremes(values, log), log)
}

// The largest positive value that is not brighter than all around it by orders of magnitude, as hot pixels are.
function brightest(values, columns) {
  const alone = []
  while (alone.length < 30) {
    let at = -1
    for (let i = 0, high = 0; i < values.length; i++) {
      if (values[i] > high && Number.isFinite(values[i]) && !alone.includes(i)) [at, high] = [i, values[i]]
    }
    if (at < 0) break
    let around = 0
    for (const row of [-columns, 0, columns]) {
      for (let column = Math.max(0, at % columns - 1); column <= Math.min(columns - 1, at % columns + 1); column++) {
        const i = at - at % columns + row + column
        if (i != at && values[i] > around && Number.isFinite(values[i]) && !alone.includes(i)) around = values[i]
      }
    }
    if (around * 50 >= values[at]) return values[at]
    alone.push(at)
  }
  return values[alone[0]]
}

// Limits that fit the values of a picture of some kind: "plain", "signed" or "periodic".
function automatic(values, columns, kind, period, log) {
  if (log) {
    const sorted = sample(values, columns, true)
    if (sorted.length == 0) return [0.1, 1]
    const high = brightest(values, columns)
    return apart(Math.max(percentile(sorted, 1), high / 1e6), high, true)
  }
  if (kind == "periodic") return extremes(values)[0] < 0 ? [-period / 2, period / 2] : [0, period]
  const [low, high] = percentiles(values, columns, 1, 99, false)
  const reach = Math.max(Math.abs(low), Math.abs(high))
  return kind == "signed" ? [-reach, reach] : [low, high]
}

// How many values fall into each of so many equal parts of low … high, on a logarithmic axis if asked for.
function histogram(values, low, high, parts, log) {
  const counts = new Float64Array(parts)
  const place = log ? Math.log : value => value
  const [from, to] = [place(low), place(high)]
  for (const value of values) {
    if (!(value >= low && value <= high)) continue
    counts[Math.min(parts - 1, Math.floor((place(value) - from) / (to - from) * parts))] += 1
  }
  return counts
}

// A palette of so many colours from anchors "rrggbbrrggbb…" that stand at equal distances; the share of the way
// along it is raised to a power.
function ramp(anchors, count, power) {
  const last = anchors.length / 6 - 1
  const channel = (anchor, c) => parseInt(anchors.slice(6 * anchor + 2 * c, 6 * anchor + 2 * c + 2), 16)
  return Array.from({length: count}, (_, i) => {
    const place = last * (i / (count - 1)) ** power
    const anchor = Math.min(last - 1, Math.floor(place)), share = place - anchor
    const mixed = [0, 1, 2].map(c => Math.round(channel(anchor, c) * (1 - share) + channel(anchor + 1, c) * share))
    return "#" + mixed.map(value => value.toString(16).padStart(2, "0")).join("")
  })
}
