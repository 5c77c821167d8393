// Saves a figure as a file that is named after its title; what the title says of the data is part of the name.

const plain = title => typeof title == "string" ? title : title?.text ?? ""
// Where a picture is older than the parameters something that holds it is faded, which the file does not show.
const faded = node => node instanceof Element
  ? getComputedStyle(node).opacity < 1 || faded(node.parentNode) : node?.host != null && faded(node.host)
const view = cb_context.index.find_one(whole)
const words = plain(plot.title.text).split(" · ")
const quality = faded(view.el) ? ["outdated"] : words.length == 1 ? ["exact"] : []
const name = [...words, ...quality].join(" ")
  .replaceAll("×", "x").replace(/[^\p{L}\p{N}.+-]+/gu, "_").replace(/^_+|_+$/g, "")
view.export(kind, true).to_blob().then(blob => {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = `${name}.${kind}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
})
