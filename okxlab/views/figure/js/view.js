// One view of a figure: what plotly draws in it, and what its user does.

const HEIGHT = 450; // of a figure that does not say [px]
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
  }

  drawLayout(plotly) {
    const changes = {};
    for (const [path, value] of Object.entries(this.changes)) {
      const [axis, part] = path.split(/[.[]/);
      if (!(this.touched.has(axis) && RANGES.has(part))) changes[path] = value;
    }
    this.changes = {};
    // Also where the user's own range leaves nothing to do: the kernel wants to know.
    const isAny = Object.keys(changes).length > 0;
    this.run("layout", () => isAny && plotly.relayout(this.div, structuredClone(changes)));
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
