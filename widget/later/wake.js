// Owns waking the widget: WebAssembly and words, brought to life in the server's HTML.
// Refuses to do so for somebody who has answered meanwhile, until they ask for it.

// The parts of waking up are tasks of their own, so that the page can do something between them.
const rest = () => new Promise((resolve) => setTimeout(resolve));
let loading;
const load = () =>
  (loading ??= (async () => {
    const wasm = fetch(folder + "widget.wasm", { integrity: integrity.wasm });
    // Told once, by whoever waits for them below.
    for (const coming of [wasm, words()]) coming.catch(() => {});
    await rest();
    await __wbg_init({ module_or_path: wasm });
    dress(style());
    await rest();
    return words();
  })());
const bridge = { decide: core.decide, stored: () => core.decided() && choices() };
const wake = async () => {
  try {
    const notice = await load();
    if (!core.wished() && core.view() !== "banner") return;
    const handle = core.widget((root, view) => mount(root, notice, view, bridge));
    if (core.wished()) handle.open();
    core.calm();
  } catch (error) {
    core.fail(error);
  }
};
