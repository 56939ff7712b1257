// Owns waking the widget: WebAssembly and words, brought to life in the server's HTML.
// Refuses to do so for somebody who has answered meanwhile, until they ask for it.

// The parts of waking up are tasks of their own, so that the page can do something between them.
const rest = () => new Promise((resolve) => setTimeout(resolve));
let loading;
const load = () =>
  (loading ??= (async () => {
    const wasm = fetch(folder + "widget.wasm", { integrity: WASM });
    // Told once, by whoever waits for them below.
    for (const coming of [wasm, words()]) coming.catch(() => {});
    await rest();
    await __wbg_init({ module_or_path: wasm });
    dress(style());
    await rest();
    return words();
  })());
const bridge = { decide: core.decide, stored: () => core.decided() && choices() };
// After an answer that the widget did not see. What is in a live region from the start is not announced: by now it was there.
const say = async () => {
  now.answered = false;
  const said = now.root.querySelector("[role=status]");
  const { texts } = await words();
  setTimeout(() => (said.textContent = texts.saved), 50);
};
// Where it cannot run, the form does the same.
let failed = false;
const wake = async () => {
  try {
    if (failed) throw new Error("the widget cannot run here");
    const notice = await load();
    if (!now.wished && now.view !== "banner") return;
    // What is new to somebody who is asked again stands in the banner already, and the widget has to say the same.
    notice.news = now.root.querySelector("#news")?.textContent;
    for (const purpose of notice.purposes) if (!(core.decided() < purpose.since)) purpose.news = "";
    now.handle ??= mount(now.root, notice, now.view, bridge);
    if (now.wished) now.handle.open();
    core.calm();
  } catch (error) {
    failed = true;
    warn(error);
    if (now.wished) core.form();
  }
};
