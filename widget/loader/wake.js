// Owns waking the widget, and doing without it: the answers by the loader alone, the preferences by a form.
// Refuses to wait for the widget where it can do without.

let loading, began, failed;
// The parts of waking up are tasks of their own, so that the page can do something between them.
const rest = () => new Promise((resolve) => setTimeout(resolve));
// An import takes no integrity; a script element does, and what it has loaded is what the import finds.
const module = (url) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.type = "module";
    script.integrity = integrity.js;
    script.nonce = source.nonce;
    script.src = trust.createScriptURL(url);
    script.onload = () => resolve(import(url));
    script.onerror = () => reject(new Error("cannot load " + url));
    shadow.append(script);
  });
const folder = `${base}widget/${tag.widget}/`;
let gluing;
const glue = () =>
  (gluing ??= module(folder + "widget.js").then((widget) => {
    widget.keepClear(host, shadow);
    return widget;
  }));
const load = () =>
  (loading ??= (async () => {
    began = Date.now();
    const wasm = fetch(folder + "widget.wasm", { integrity: integrity.wasm });
    const words = fetch(`${base}${site}/notices/${tag.number}?lang=${tag.locale}`).then((answer) => {
      if (!answer.ok) throw new Error(`no notice: ${answer.status}`);
      return answer.json();
    });
    // Told once, by whoever waits for them below.
    for (const coming of [wasm, words]) coming.catch(() => {});
    const widget = await glue();
    await rest();
    await widget.default({ module_or_path: wasm });
    dress(widget.style());
    await rest();
    return [widget, await words];
  })());
const bridge = { decide, stored: () => stored && choices() };

let wished = false;
const calm = () => {
  wished = false;
  shadow.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
};
// The same choices as a plain form, where the widget does not come.
const form = () => {
  calm();
  location.assign(`${base}${site}/choices?lang=${tag.locale}&back=${encodeURIComponent(location.href)}`);
};
const wake = async () => {
  try {
    const [widget, notice] = await load();
    // Somebody who has answered meanwhile needs no widget until the preferences are asked for.
    if (wished || view === "banner") handle ??= widget.mount(root, notice, view, bridge);
    if (wished) handle.open();
    calm();
  } catch (error) {
    failed = true;
    warn(error);
    if (wished) form();
  }
};
const open = () => {
  if (failed) return form();
  wished = true;
  if (!handle) shadow.querySelector("[data-act=manage],[data-act=open]")?.setAttribute("aria-busy", "true");
  wake();
  setTimeout(() => wished && form(), Math.max(0, began + 4000 - Date.now()));
};

// Until the widget is there, an answer is carried out at once, and a wish for the preferences is kept.
const press = (event) => {
  const act = !handle && event.target.closest("[data-act]")?.dataset.act;
  if (!act) return;
  if (act === "manage" || act === "open") return open();
  if (act === "close") return shadow.querySelector("dialog").close();
  const yes = act === "accept";
  wished = false;
  decide(Object.fromEntries(optional.map(({ id }) => [id, yes])), yes ? "accept_all" : "reject_all", 1);
  paint("closed");
  // The pressed button is gone; the keyboard goes on from what took its place.
  root.querySelector("button")?.focus();
  // A moment later: what is in a live region from the start is not announced.
  const said = root.querySelector("[role=status]");
  setTimeout(() => (said.textContent = tag.saved), 50);
};
