// The page's half of live figures: what all figures of a page share.
//
// A Figure holds what the kernel has told so far; its Views draw it.  What arrives
// is merged at once and drawn at most once per animation frame, so that nothing
// queues: a view that comes late draws what is newest then.  All figures of a page
// share one plotly.js and one turn at drawing (the Page), which leaves at least half
// of the page's time to everything else.  A change of the layout alone, such as a
// moved line, is drawn in between where that has turned out to be cheap.
//
// The files of this directory are joined into one module, in the order that
// `widget.py` says.  Every model evaluates it anew, so what is shared lives on
// globalThis.

const PAGE = Symbol.for("okxlab.page");
const ASK_EVERY = 5000; // time between two requests for the same thing [ms]

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
