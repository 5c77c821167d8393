// A slider that says only what the hand does: while it moves, at most once a frame, and when it lets go.

function render({ model, el }) {
  const input = document.createElement("input");
  input.type = "range";
  input.ariaLabel = model.get("label");
  el.classList.add("graph4d-slider");
  el.append(input);
  let held = false, frame = null, count = 0;

  function show() {
    if (held) return;
    for (const name of ["min", "max", "step"]) input[name] = model.get(name);
    input.value = model.get("position");
  }

  function tell(moving) {
    cancelAnimationFrame(frame);
    frame = null;
    model.set("hand", [input.valueAsNumber, moving, count++]);
    model.save_changes();
  }

  input.oninput = () => (frame ??= requestAnimationFrame(() => tell(true)));
  input.onchange = () => tell(false);
  input.onpointerdown = () => (held = true);
  for (const end of ["pointerup", "pointercancel", "blur"]) input.addEventListener(end, () => (held = false));
  input.onkeydown = (event) => event.stopPropagation(); // arrows move the slider, not the cells of a notebook
  model.on("change:min change:max change:step change:position", show);
  show();
  return () => model.off("change:min change:max change:step change:position", show);
}

export default { render };
