// The page's half of a live figure.
//
// A Figure holds what the kernel has told so far; its Views draw it.  What arrives
// is merged at once and drawn at most once per animation frame, so that nothing
// queues: a view that comes late draws what is newest then.  All figures of a page
// share one plotly.js and one turn at drawing (the Page), which leaves at least half
// of the page's time to everything else.  A change of the layout alone, such as a
// moved line, is drawn in between where that has turned out to be cheap.
//
// Every model evaluates this module anew, so what is shared lives on globalThis.

const PAGE = Symbol.for("okxlab.page");

const HEIGHT = 450; // of a figure that does not say [px]
const REPORT_EVERY = 250; // least time between two reports of one figure [ms]
const REPORT_SHARE = 60; // and so much for each figure of the page [ms]
const ASK_AFTER = 700; // what the kernel sends unasked has come by then [ms]
const ASK_EVERY = 5000; // time between two requests for the same thing [ms]
const CHEAP = 6; // a drawing that waits for no turn takes less [ms]
const RANGES = new Set(["range", "autorange"]);

const CONFIG = {
  responsive: false, // a view watches its own size
  displaylogo: false,
  doubleClick: false, // means: follow the newest again
  scrollZoom: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "resetScale2d"],
};

const HOME = {
  width: 24,
  height: 24,
  path: "M4 12a8 8 0 1 1 2.3 5.6l1.5-1.4A6 6 0 1 0 6 12h3l-4 4-4-4z",
};

class Page {
  constructor() {
    this.id = Math.random().toString(36).slice(2, 12);
    this.figures = new Set();
    this.plotly = null;
    this.state = "none"; // of plotly: none, loading, there
    this.restUntil = 0; // nothing that takes long is drawn before
    this.askFrom = 0; // for plotly, not before
    this.turn = 0; // the animation frame that is asked for
    document.addEventListener("visibilitychange", () => this.seen());
    const dress = () => this.each((view) => view.dress());
    new MutationObserver(dress).observe(document.body, {
      attributes: true,
      attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"],
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
  }

  get isVisible() {
    return document.visibilityState === "visible";
  }

  // One figure asks for plotly on behalf of all.
  mayAsk() {
    const now = performance.now();
    if (this.state !== "none" || now < this.askFrom) return false;
    this.askFrom = now + ASK_EVERY / 2;
    return true;
  }

  each(act) {
    for (const figure of this.figures) for (const view of figure.views) act(view);
  }

  seen() {
    for (const figure of this.figures) figure.noteView();
    this.schedule();
  }

  async load(packed) {
    if (this.state !== "none") return;
    this.state = "loading";
    try {
      const stream = new Blob([packed]).stream();
      const plain = stream.pipeThrough(new DecompressionStream("gzip"));
      const script = await new Response(plain).blob();
      // As a module of its own, whatever loaders the page has.
      const before = "const module={exports:{}},exports=module.exports;let define;\n";
      const after = "\n;export default module.exports;";
      const parts = [before, script, after];
      const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
      this.plotly = (await import(url)).default;
      URL.revokeObjectURL(url);
      this.state = "there";
    } catch (error) {
      this.state = "none"; // and it will be asked for again
      throw error;
    }
    this.schedule();
  }

  schedule() {
    if (this.plotly && !this.turn) {
      this.turn = requestAnimationFrame(() => this.draw());
    }
  }

  draw() {
    this.turn = 0;
    const waiting = [];
    this.each((view) => view.isWaiting && waiting.push(view));
    waiting.sort((one, other) => one.drawnAt - other.drawnAt);
    for (const view of waiting) {
      const now = performance.now();
      if (now < this.restUntil && !view.isCheap) continue;
      const taken = view.draw(this.plotly, now < this.restUntil);
      // As long again for messages, scrolling and typing.
      this.restUntil = Math.max(this.restUntil, performance.now() + taken);
    }
    if (waiting.some((view) => view.isWaiting)) this.schedule();
  }
}

class Figure {
  constructor(model, page) {
    this.model = model;
    this.page = page;
    this.views = new Set();
    this.layout = {};
    this.traces = [];
    this.frame = 0; // number of the newest frame merged
    this.sent = 0; // when the kernel sent it [ms]
    this.isWhole = false; // nothing is missing
    this.reported = {};
    this.timers = {};
  }

  // From the kernel.

  receive(content, buffers) {
    if (content.kind === "plotly") this.page.load(buffers[0]);
    else if (content.kind === "frame") this.merge(content, buffers[0]);
  }

  merge(content, buffer) {
    const { operations, frame, sent } = content;
    const all = operations.findLastIndex(({ op }) => op === "figure");
    if (all < 0 && (!this.isWhole || frame !== this.frame + 1)) {
      this.isWhole = false; // something was lost on the way
      this.ask();
      return;
    }
    const numbers = unpack(buffer);
    for (const operation of operations.slice(Math.max(0, all))) {
      this.apply(operation, numbers);
    }
    this.frame = frame;
    this.sent = sent;
    this.isWhole = true;
    this.page.schedule();
  }

  apply({ op, ...what }, numbers) {
    if (op === "figure") {
      this.layout = what.layout;
      this.themes = what.themes;
      this.traces = what.traces.map(({ props, columns }) => ({
        props,
        columns: read(columns, numbers),
      }));
    } else if (op === "rows") {
      const { columns } = this.traces[what.trace];
      for (const [path, rows] of Object.entries(read(what.columns, numbers))) {
        columns[path] = joined(columns[path].slice(what.drop, what.start), rows);
      }
    } else if (op === "set") {
      Object.assign(this.traces[what.trace].columns, read(what.columns, numbers));
    } else if (op === "props") {
      for (const [path, value] of Object.entries(what.changes)) {
        setPath(this.traces[what.trace].props, path, value);
      }
    } else if (op === "layout") {
      for (const [path, value] of Object.entries(what.changes)) {
        setPath(this.layout, path, value);
      }
    }
    for (const view of this.views) view.note(op, what.changes);
  }

  // To the kernel.

  // Ask for what is missing, and again until it is there.
  ask() {
    if (this.hasEnded || this.timers.ask) return;
    const needs = this.isWhole ? [] : ["figure"];
    if (this.page.mayAsk()) needs.push("plotly");
    if (needs.length) this.sayView(needs);
    if (needs.length || !this.page.plotly) this.soon("ask", ASK_EVERY, () => this.ask());
  }

  end() {
    this.hasEnded = true;
    this.page.figures.delete(this);
  }

  noteView() {
    this.soon("view", 50, () => this.sayView([]));
  }

  sayView(needs) {
    const views = this.views.size;
    const visible = [...this.views].filter((view) => view.isVisible).length;
    const said = this.reported;
    if (!needs.length && said.views === views && said.visible === visible) return;
    this.reported = { views, visible };
    this.say({ kind: "view", views, visible, needs });
  }

  notePainted(interval) {
    this.interval = interval;
    const pause = Math.max(REPORT_EVERY, REPORT_SHARE * this.page.figures.size);
    this.soon("painted", pause, () => {
      const shown = [...this.views].filter((view) => view.isVisible);
      const frame = Math.min(...shown.map((view) => view.frame));
      if (Number.isFinite(frame)) {
        this.say({ kind: "painted", frame, interval: this.interval });
      }
    });
  }

  say(content) {
    try {
      this.model.send({ ...content, page: this.page.id });
    } catch (error) {
      console.debug("okxlab: the kernel cannot be told", error); // it is gone
    }
  }

  soon(name, pause, act) {
    this.timers[name] ??= setTimeout(() => {
      delete this.timers[name];
      act();
    }, pause);
  }
}

class View {
  constructor(figure, el) {
    this.figure = figure;
    this.page = figure.page;
    this.frame = 0; // number of the newest frame drawn
    this.drawnAt = 0;
    this.isDrawn = false;
    this.isDrawing = false;
    this.isHeld = false; // the pointer is down: the user is zooming
    this.rowsWait = true;
    this.changes = {}; // of the layout, not drawn yet
    this.layoutTakes = 0; // of late [ms]
    this.touched = new Map(); // axes whose range is the user's
    this.inSight = false;
    this.div = document.createElement("div");
    this.div.className = "okxlab-figure";
    this.div.style.cssText = "width:100%;overflow:hidden";
    this.fit();
    this.notice = document.createElement("div");
    this.notice.style.cssText = "padding:1em;opacity:.6;font:13px system-ui,sans-serif";
    this.notice.textContent = "The chart appears as soon as the kernel can send it.";
    this.div.append(this.notice);
    el.append(this.div);
    this.watch();
  }

  watch() {
    const end = new AbortController();
    this.end = end;
    this.sight = new IntersectionObserver((entries) => {
      this.inSight = entries[entries.length - 1].isIntersecting;
      this.page.seen();
    });
    this.sight.observe(this.div);
    this.size = new ResizeObserver(() => this.resize());
    this.size.observe(this.div);
    const options = { signal: end.signal, capture: true };
    this.div.addEventListener("pointerdown", () => (this.isHeld = true), options);
    for (const name of ["pointerup", "pointercancel"]) {
      const release = () => {
        this.isHeld = false;
        this.page.schedule();
      };
      window.addEventListener(name, release, options);
    }
  }

  get isVisible() {
    return this.inSight && this.page.isVisible;
  }

  get isWaiting() {
    if (!this.figure.isWhole || !this.isVisible || this.isDrawing || this.isHeld) {
      return false;
    }
    return this.rowsWait || this.hasChanges;
  }

  note(op, changes) {
    if (op === "layout") Object.assign(this.changes, changes);
    else this.rowsWait = true;
  }

  fit() {
    this.div.style.minHeight = `${this.figure.layout.height ?? HEIGHT}px`;
  }

  resize() {
    const width = this.div.clientWidth;
    if (!this.isDrawn || !width || width === this.width) return;
    this.width = width;
    this.rowsWait = true;
    this.page.schedule();
  }

  dress() {
    if (!this.figure.themes) return;
    this.rowsWait = true;
    this.page.schedule();
  }

  // Drawing.

  // Whether something can be drawn between the turns of the rows.
  get isCheap() {
    return this.isDrawn && this.layoutTakes < CHEAP && this.hasChanges;
  }

  get hasChanges() {
    return Object.keys(this.changes).length > 0;
  }

  // Draw what waits and return how long it took; only what is cheap, if so asked.
  draw(plotly, onlyCheap) {
    const begun = performance.now();
    const rows = this.rowsWait && !onlyCheap;
    if (rows) this.drawRows(plotly);
    else this.drawLayout(plotly);
    const taken = performance.now() - begun;
    if (!rows) this.layoutTakes += (taken - this.layoutTakes) / 4;
    return taken;
  }

  drawRows(plotly) {
    const { figure } = this;
    this.rowsWait = false;
    this.changes = {};
    const data = figure.traces.map(({ props, columns }) => {
      const trace = structuredClone(props);
      for (const [path, values] of Object.entries(columns)) {
        setPath(trace, path, values);
      }
      return trace;
    });
    this.run("rows", () => {
      const layout = this.wanted();
      if (this.isDrawn) return plotly.react(this.div, data, layout, this.config);
      this.notice.remove();
      const follow = {
        name: "follow",
        title: "Follow the newest",
        icon: HOME,
        click: () => this.follow(),
      };
      this.config = { ...CONFIG, modeBarButtonsToAdd: [follow] };
      const drawn = plotly.newPlot(this.div, data, layout, this.config);
      this.div.on("plotly_relayout", (event) => this.isDrawing || this.touch(event));
      this.div.on("plotly_doubleclick", () => this.follow());
      this.isDrawn = true;
      return drawn;
    });
    this.hold();
  }

  // Until the rows are drawn again, a line that moves moves no axis.
  hold() {
    for (const [name, axis] of Object.entries(this.div._fullLayout ?? {})) {
      if (/^[xy]axis\d*$/.test(name)) axis.autorange = false;
    }
  }

  drawLayout(plotly) {
    const changes = {};
    for (const [path, value] of Object.entries(this.changes)) {
      const [axis, part] = path.split(/[.[]/);
      if (!(this.touched.has(axis) && RANGES.has(part))) changes[path] = value;
    }
    this.changes = {};
    if (Object.keys(changes).length === 0) return;
    this.run("layout", () => plotly.relayout(this.div, structuredClone(changes)));
  }

  async run(what, draw) {
    const { frame, sent } = this.figure;
    const begun = performance.now();
    this.isDrawing = true;
    try {
      await draw();
    } catch (error) {
      console.error("okxlab: plotly cannot draw this", error);
    }
    this.isDrawing = false;
    const now = performance.now();
    // Where more is waiting already, the page is what sets the pace.
    const interval = this.rowsWait && this.drawnAt ? now - this.drawnAt : 0;
    this.drawnAt = now;
    if (!this.rowsWait) this.frame = frame;
    const detail = { what, frame, sent, taken: now - begun };
    this.div.dispatchEvent(new CustomEvent("okxlab:painted", { bubbles: true, detail }));
    this.figure.notePainted(interval);
    this.page.schedule();
  }

  wanted() {
    const layout = structuredClone(this.figure.layout);
    this.fit();
    this.width = this.div.clientWidth;
    layout.width ??= this.width || undefined;
    layout.height ??= HEIGHT;
    const theme = this.figure.themes?.[isDark(this.div) ? "dark" : "light"];
    if (theme) layout.template = theme;
    for (const [axis, range] of this.touched) {
      layout[axis] = { ...layout[axis], range: [...range], autorange: false };
    }
    return layout;
  }

  // What the user does.

  touch(event) {
    const found = {};
    for (const [path, value] of Object.entries(event)) {
      const match = /^([xy]axis\d*)\.(range|autorange)(?:\[(\d)\])?$/.exec(path);
      if (!match) continue;
      const [, axis, part, side] = match;
      if (part === "autorange") {
        if (value) this.touched.delete(axis);
      } else if (side === undefined) {
        found[axis] = value;
      } else {
        (found[axis] ??= [])[side] = value;
      }
    }
    for (const [axis, range] of Object.entries(found)) this.touched.set(axis, range);
  }

  follow() {
    const changes = {};
    for (const axis of this.touched.keys()) {
      const { range } = this.figure.layout[axis] ?? {};
      if (range) changes[`${axis}.range`] = range;
      else changes[`${axis}.autorange`] = true;
    }
    this.touched.clear();
    Object.assign(this.changes, changes);
    this.page.schedule();
  }

  remove() {
    this.end.abort();
    this.sight.disconnect();
    this.size.disconnect();
    if (this.isDrawn) this.page.plotly.purge(this.div);
    this.div.remove();
  }
}

// Whatever the notebook calls its themes: what is behind the figure decides.
function isDark(el) {
  for (let node = el; node; node = node.parentElement) {
    const [red, green, blue, alpha = 1] =
      getComputedStyle(node).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
    if (alpha > 0.5) return 0.3 * red + 0.6 * green + 0.1 * blue < 128;
  }
  return false;
}

// A copy: the buffer of a message may begin anywhere, float64 may not.
function unpack(buffer) {
  if (!buffer) return new Float64Array(0);
  const bytes = buffer.buffer ?? buffer;
  const begin = buffer.byteOffset ?? 0;
  return new Float64Array(bytes.slice(begin, begin + buffer.byteLength));
}

function read(columns, numbers) {
  const found = {};
  for (const [path, place] of Object.entries(columns)) {
    found[path] = place.texts ?? cut(numbers, ...place);
  }
  return found;
}

function cut(numbers, offset, rows, width) {
  if (width === undefined) return numbers.slice(offset, offset + rows);
  return Array.from({ length: rows }, (_, row) =>
    numbers.slice(offset + row * width, offset + (row + 1) * width),
  );
}

function joined(one, other) {
  if (Array.isArray(one)) return one.concat(Array.from(other));
  const all = new Float64Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

function setPath(node, path, value) {
  const steps = path.match(/[^.[\]]+/g);
  const last = steps.pop();
  steps.forEach((step, at) => {
    const next = steps[at + 1] ?? last;
    node = node[step] ??= /^\d+$/.test(next) ? [] : {};
  });
  if (value === null) delete node[last];
  else node[last] = value;
}

function start(model) {
  const page = (globalThis[PAGE] ??= new Page());
  const figure = new Figure(model, page);
  page.figures.add(figure);
  model.on("msg:custom", (content, buffers) => figure.receive(content, buffers));
  setTimeout(() => figure.ask(), ASK_AFTER);
  return figure;
}

export default () => {
  let figure;
  return {
    initialize({ model }) {
      figure = start(model);
      return () => figure.end();
    },
    render({ model, el }) {
      const view = new View(figure, el);
      figure.views.add(view);
      figure.noteView();
      figure.page.schedule();
      return () => {
        view.remove();
        figure.views.delete(view);
        figure.noteView();
      };
    },
  };
};
