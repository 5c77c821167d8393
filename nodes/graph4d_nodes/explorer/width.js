// How wide its parent on the page is: an element of no height that tells Python when that changes.
export default {
  render({ model, el }) {
    let timer = null
    const tell = () => {
      const width = Math.floor(el.getBoundingClientRect().width)
      if (width === 0 || width === model.get("width")) return
      model.set("width", width)
      model.save_changes()
    }
    const observer = new ResizeObserver(() => {
      clearTimeout(timer)
      timer = setTimeout(tell, 100)
    })
    el.style.width = "100%"
    observer.observe(el)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
    }
  },
}
