// Draw every figure of the page. One that fails says so in its place; the others are drawn all the same.
for (const script of document.querySelectorAll("script[data-figure]")) {
  const place = document.getElementById(script.dataset.figure)
  const draw = async () => Bokeh.embed.embed_item(JSON.parse(script.textContent).item, place.id)
  draw().catch(error => {
    place.className = "error"
    place.textContent = `This could not be drawn. ${error}`
  })
}
