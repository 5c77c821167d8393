// The fast Fourier transform (Cooley and Tukey 1965, radix 2) of so many numbers, in place: a function of their real
// and imaginary parts.
function fft_of(count) {
  const turns = Array.from({length: count >> 1}, (_, k) => 2 * Math.PI * k / count)
  const [cosine, sine] = [Math.cos, Math.sin].map(wave => Float64Array.from(turns, wave))
  const mirrored = new Uint32Array(count)
  for (let i = 1; i < count; i++) mirrored[i] = (mirrored[i >> 1] >> 1) | (i & 1 ? count >> 1 : 0)
  return (real, imaginary) => {
    for (let i = 0; i < count; i++) {
      const j = mirrored[i]
      if (i >= j) continue
      const [a, b] = [real[i], imaginary[i]]
      real[i] = real[j]
      imaginary[i] = imaginary[j]
      real[j] = a
      imaginary[j] = b
    }
    for (let half = 1; half < count; half *= 2) {
      const step = count / (2 * half)
      for (let start = 0; start < count; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const a = start + k, b = a + half, c = cosine[k * step], s = -sine[k * step]
          const x = real[b] * c - imaginary[b] * s, y = real[b] * s + imaginary[b] * c
          real[b] = real[a] - x
          imaginary[b] = imaginary[a] - y
          real[a] += x
          imaginary[a] += y
        }
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

// Modulus of the Fourier transform of a picture, zero frequency in the middle: of its middle, at most
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
  const along_row = fft_of(width), along_column = fft_of(height)
  for (let i = 0; i < high; i++) {  // rows of nothing but zeros stay what they are
    const row = [i * width, (i + 1) * width]
    along_row(real.subarray(...row), imaginary.subarray(...row))
  }
  const modulus = new Float32Array(height * width), [middle, centre] = [height >> 1, width >> 1]
  const [x, y] = [new Float64Array(height), new Float64Array(height)]
  // Half of the columns do: those of opposite frequencies have equal moduli.
  for (let j = 0; j <= centre; j++) {
    for (let i = 0; i < height; i++) {
      x[i] = real[i * width + j]
      y[i] = imaginary[i * width + j]
    }
    along_column(x, y)
    for (let i = 0; i < height; i++) {
      const value = Math.sqrt(x[i] * x[i] + y[i] * y[i])
      modulus[(middle + i) % height * width + (centre + j) % width] = value
      modulus[(middle + height - i) % height * width + (centre + width - j) % width] = value
    }
  }
  return {modulus, height, width}
}
