// One live figure: what the kernel has told of it, and what the kernel is told.

const REPORT_EVERY = 800; // least time between two reports of one figure [ms]
const REPORT_SHARE = 100; // and so much for each figure of the page [ms]
const ASK_AFTER = 700; // what the kernel sends unasked has come by then [ms]

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
