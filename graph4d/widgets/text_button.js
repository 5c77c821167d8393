// A button that asks Python for a text when it is pressed, and copies it or has the browser save it as a file.

function render({ model, el }) {
  const button = document.createElement("button");
  button.className = "jupyter-widgets jupyter-button widget-button graph4d-text-button";
  button.title = model.get("hint");
  button.textContent = model.get("label");
  button.onclick = () => model.send({ kind: "pressed" });
  el.append(button);

  async function received(message) {
    if (message.kind === "copy") await copy(message.text);
    else save(message.name, message.text);
    button.textContent = message.kind === "copy" ? "copied" : "saved";
    setTimeout(() => (button.textContent = model.get("label")), 1200);
  }
  model.on("msg:custom", received);
  return () => model.off("msg:custom", received);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Where the page may not write there: over plain http from another machine.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/html" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export default { render };
