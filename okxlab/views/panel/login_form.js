// The form in which somebody logs in.  What is typed lives in this page's input
// fields only: it leaves in one message when the form is sent, the fields are
// emptied, and no state of the widget ever holds it.

function field(label, type) {
  const row = document.createElement("label");
  row.style.cssText = "display:flex;gap:8px;align-items:center;margin:2px 0";
  const said = document.createElement("span");
  said.textContent = label;
  said.style.cssText = "width:90px";
  const input = document.createElement("input");
  input.type = type;
  input.autocomplete = "off";
  input.spellcheck = false;
  input.style.cssText =
    "flex:1;padding:3px 6px;color:inherit;background:transparent;" +
    "border:1px solid rgba(128,136,148,0.6);border-radius:3px;font:inherit";
  row.append(said, input);
  return { row, input };
}

function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.style.cssText =
    "padding:3px 10px;color:inherit;background:transparent;cursor:pointer;" +
    "border:1px solid rgba(128,136,148,0.6);border-radius:3px;font:inherit";
  made.addEventListener("click", act);
  return made;
}

function render({ model, el }) {
  const form = document.createElement("form");
  form.style.cssText = "max-width:440px;font-size:13px";
  const place = document.createElement("div");
  const hint = document.createElement("div");
  hint.style.cssText = "opacity:0.75;margin-bottom:6px";
  const fields = {
    api_key: field("key", "text"),
    secret_key: field("secret", "password"),
    passphrase: field("passphrase", "password"),
  };
  const said = document.createElement("div");
  said.style.cssText = "margin-top:6px;white-space:pre-wrap";

  function take() {
    const typed = {};
    for (const [name, { input }] of Object.entries(fields)) {
      typed[name] = input.value;
      input.value = "";
    }
    return typed;
  }

  function submit(event) {
    event.preventDefault();
    model.send({ kind: "typed", ...take() });
    said.textContent = "sent: it is tried as soon as the kernel is idle";
  }

  function ask(kind) {
    take();
    model.send({ kind });
    said.textContent = "asked: it is tried as soon as the kernel is idle";
  }

  const enter = button("Log in", submit);
  enter.type = "submit";
  const row = document.createElement("div");
  row.style.cssText = "display:flex;gap:6px;margin-top:6px";
  row.append(
    enter,
    button("From environment", () => ask("environment")),
    button("From keyring", () => ask("keyring")),
  );
  form.addEventListener("submit", submit);
  form.append(place, hint, ...Object.values(fields).map((one) => one.row), row, said);
  el.append(form);

  function show() {
    const live = model.get("is_live");
    place.textContent = live
      ? "LIVE ACCOUNT: REAL MONEY"
      : `log in to ${model.get("place")}`;
    place.style.cssText = live
      ? "font-size:22px;font-weight:700;color:#e5484d;margin-bottom:6px"
      : "opacity:0.8;margin-bottom:6px";
    hint.textContent =
      "okxlab only reads: a key with the right to read is enough." +
      (live ? ' To practise: okxlab.connect("demo").panel()' : "");
    said.textContent = model.get("said");
  }
  model.on("change", show);
  show();
  return () => {
    take();
    model.off("change", show);
  };
}

export default { render };
