// The spectrum takes the place of the picture and back; while it is shown it follows the picture.

function transform() {
  const values = source.data.image[0], [rows, columns] = values.shape
  const {modulus, height, width} = spectrum(values, rows, columns)
  const Pixels = shown.data.image[0].constructor
  const [low, high] = percentiles(modulus, width, 25, 99.95, true)
  mapper.setv({low, high}, {sync: false})
  shown.setv({data: {...shown.data, image: [new Pixels(modulus, [height, width])]}}, {sync: false})
}

const on = layout.children.includes(plane)
if (buttons.includes(cb_obj)) {
  if (!on) {
    transform()
    const {bbox, frame} = cb_context.index.find_one(picture)
    plane.setv({min_border_right: bbox.width - frame.bbox.right}, {sync: false})  // as wide as the picture's colour bar
  }
  layout.setv({children: [on ? picture : plane]}, {sync: false})
  closed.setv({active: false}, {sync: false})
} else if (on) {
  transform()
}
