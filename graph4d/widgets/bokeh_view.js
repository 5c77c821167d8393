// One display of a BokehView: the browser's end of the messages that bokeh_view.py describes.

const PARTS = { bokeh: "Plot", "bokeh-widgets": "Slider", "bokeh-tables": "DataTable" }; // with a model of each
const asked = (globalThis[Symbol.for("graph4d.bokehjs")] ??= new Map()); // of all displays: by version, when to ask again

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
// A page in the background paints nothing.
const painted = () => Promise.race([new Promise(requestAnimationFrame), later(250)]);

/** Parts of BokehJS of this version that the page lacks. Several versions of it can be on one page. */
function missing(version) {
  const bokeh = globalThis.Bokeh?.[version];
  return Object.keys(PARTS).filter((part) => !(bokeh && PARTS[part] in bokeh.Models));
}

function evaluate(text) {
  const script = document.createElement("script");
  script.textContent = text;
  document.head.append(script);
  script.remove();
}

/** JSON with the buffers in their places. */
function parse({ content, buffers: ids }, views) {
  const buffers = new Map(ids.map((id, i) => [id, views[i].buffer.slice(views[i].byteOffset, views[i].byteOffset + views[i].byteLength)]));
  return JSON.parse(content, (_, value) => (value?.type === "bytes" ? { ...value, data: { buffer: buffers.get(value.data.id) } } : value));
}

function render({ model, el }) {
  const name = Math.random().toString(36).slice(2);
  const version = model.get("_bokeh");
  let asking = false, closed = false, busy = false, scheduled = false, applied = 0;
  let bokeh, doc, views;
  let changes = new Map(); // made by the user and not sent yet: by model and attribute, the newest

  function send(kind, more = {}, buffers = []) {
    if (closed) return;
    try {
      model.send({ kind, from: name, ...more }, undefined, buffers);
    } catch (error) {
      console.warn(error); // the kernel has ended
    }
  }

  async function start() {
    // The first question may have to wait for all cells, a later one does not: the kernel has another thread for it.
    for (let parts, patience = 2000; (parts = missing(version)).length && !closed; await later(20)) {
      if (performance.now() < (asked.get(version) ?? 0)) continue;
      asked.set(version, performance.now() + patience);
      patience *= 2;
      asking = true;
      send("scripts", { parts });
    }
    bokeh = globalThis.Bokeh?.[version];
    send("hello");
  }

  const received = {
    scripts({ parts }, texts) {
      const lacking = missing(version);
      parts.forEach((part, i) => lacking.includes(part) && evaluate(new TextDecoder().decode(texts[i])));
    },
    async document(message, buffers) {
      const { Document } = bokeh.require("document"), { add_document_standalone } = bokeh.require("embed/standalone");
      doc = Document.from_json(parse(message, buffers));
      const place = document.createElement("div");
      el.replaceChildren(place);
      views = await add_document_standalone(doc, place);
      doc.on_change(changed);
      seen(message);
    },
    frame(message, buffers) {
      doc.apply_json_patch(parse(message, buffers));
      applied = message.number;
      seen(message);
    },
    done() {
      busy = false;
      flush();
    },
    async export({ type, name: file }) {
      const blob = await views.get(doc.roots()[0]).export(type).to_blob();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${file}.${type}`;
      link.click();
      URL.revokeObjectURL(link.href);
    },
  };

  async function seen({ number }) {
    await painted();
    send("seen", { number });
  }

  function changed(event) {
    if (event.sync === false) return; // Python made this change
    const replaces = event.kind === "ModelChanged" || event.kind === "ColumnDataChanged";
    const key = replaces ? `${event.model.id}.${event.attr}` : event;
    changes.delete(key); // what is newer comes later
    changes.set(key, event);
    if (!scheduled) queueMicrotask(flush);
    scheduled = true;
  }

  function flush() {
    scheduled = false;
    if (busy || closed || !changes.size) return;
    busy = true;
    const patch = doc.create_json_patch([...changes.values()]), buffers = [];
    changes.clear();
    const content = JSON.stringify(patch, (_, value) => value?.buffer instanceof ArrayBuffer ? { id: String(buffers.push(value.buffer) - 1) } : value);
    send("changes", { content, applied }, buffers);
  }

  function fail(error) {
    if (closed) return;
    console.error(error);
    const text = document.createElement("pre");
    text.textContent = `This figure could not be shown: ${error.message}. Display it again.`;
    el.append(text);
  }

  let work = Promise.resolve(); // messages are taken one after the other
  model.on("msg:custom", (message, buffers) => {
    if (message.to === name) work = work.then(() => closed || received[message.kind](message, buffers)).catch(fail);
  });
  el.dataset.lmSuppressShortcuts = "true"; // keys pressed in a figure are the figure's, not JupyterLab's
  el.textContent = "…";
  start().catch(fail);

  return () => {
    if (bokeh) send("bye");
    if (asking && !bokeh) asked.delete(version);
    closed = true;
    if (!doc) return;
    doc.remove_on_change(changed);
    doc.clear();
    const { documents } = bokeh.require("document");
    documents.splice(documents.indexOf(doc), 1);
  };
}

export default { render };
