// Fast Fourier transform in place (Cooley and Tukey 1965, radix 2) of so many numbers at so great a distance.
function fft(real, imaginary, start, stride, count) {
  for (let i = 1, j = 0; i < count; i++) {
    let bit = count >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      const a = start + i * stride, b = start + j * stride;
      [real[a], real[b]] = [real[b], real[a]];
      [imaginary[a], imaginary[b]] = [imaginary[b], imaginary[a]]
    }
  }
  for (let half = 1; half < count; half *= 2) {
    for (let k = 0; k < half; k++) {
      const c = Math.cos(Math.PI * k / half), s = -Math.sin(Math.PI * k / half)
      for (let i = k; i < count; i += 2 * half) {
        const a = start + i * stride, b = a + half * stride
        const x = real[b] * c - imaginary[b] * s, y = real[b] * s + imaginary[b] * c
        real[b] = real[a] - x
        imaginary[b] = imaginary[a] - y
        real[a] += x
        imaginary[a] += y
      }
    }
  }
}

function padded(count) {
  let size = 1
  while (size < Math.min(count, 512)) size *= 2
  return size
}

function hann(count) {
  return Float64Array.from({length: count}, (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * (i + 0.5) / count))
}

// Modulus of the Fourier transform of a picture, zero frequency in pixel (height / 2, width / 2): of its middle, at most
// 512 × 512 pixels, without its mean, under a Hann window, with zeros around it up to a power of two.
function spectrum(values, rows, columns) {
  const [height, width] = [padded(rows), padded(columns)]
  const [high, wide] = [Math.min(rows, height), Math.min(columns, width)]
  const [top, left] = [(rows - high) >> 1, (columns - wide) >> 1]
  const at = (i, j) => values[(top + i) * columns + left + j]
  let total = 0, count = 0
  for (let i = 0; i < high; i++) {
    for (let j = 0; j < wide; j++) if (Number.isFinite(at(i, j))) { total += at(i, j); count += 1 }
  }
  const mean = total / Math.max(1, count), down = hann(high), across = hann(wide)
  const real = new Float64Array(height * width), imaginary = new Float64Array(height * width)
  for (let i = 0; i < high; i++) {
    for (let j = 0; j < wide; j++) {
      if (Number.isFinite(at(i, j))) real[i * width + j] = (at(i, j) - mean) * down[i] * across[j]
    }
  }
  for (let i = 0; i < height; i++) fft(real, imaginary, i * width, 1, width)
  for (let j = 0; j < width; j++) fft(real, imaginary, j, width, height)
  const modulus = new Float32Array(height * width)
  for (let i = 0; i < height; i++) {
    const row = (i + height / 2) % height
    for (let j = 0; j < width; j++) {
      const column = (j + width / 2) % width
      modulus[row * width + column] = Math.hypot(real[i * width + j], imaginary[i * width + j])
    }
  }
  return {modulus, height, width}
}
