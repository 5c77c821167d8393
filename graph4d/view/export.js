// Saves a figure as a file that is named after its title; what the title says of the data is part of the name.

const plain = title => typeof title == "string" ? title : title?.text ?? ""
const words = plain(plot.title.text).split(" · ")
const name = [...words, ...(words.length == 1 ? ["exact"] : [])].join(" ")
  .replaceAll("×", "x").replace(/[^\p{L}\p{N}.+-]+/gu, "_").replace(/^_+|_+$/g, "")
const view = cb_context.index.find_one(whole)
view.export(kind, true).to_blob().then(blob => {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = `${name}.${kind}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
})
