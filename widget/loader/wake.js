// Owns waking what comes later, and doing without it: the answers by the loader alone, the preferences by a form.
// Refuses to wait for the widget where it can do without.

let coming, began, failed;
let wished = false;
const life = new AbortController();

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
    // Not into our own root, which may not be in the document yet.
    document.documentElement.append(script);
    script.remove();
  });
const folder = `${base}widget/${tag.widget}/`;
const later = () => {
  raise();
  return (coming ??= module(folder + "widget.js").then((widget) => {
    const core = {
      ...tag,
      ...{ base, folder, host, shadow, life, warn, dress, optional, ran, once, needs, allowed, settle },
      ...{ read, write, choices, granted, decide, answer, post, open, calm, fail },
      view: () => view,
      wished: () => wished,
      decided: () => !!stored,
      // The widget in the element that was painted last, made if it is not there.
      widget: (mount) => (handle ??= mount(root, view)),
    };
    const parts = widget.later(core);
    stand = parts.stand;
    stand();
    return parts;
  }));
};
// After the paint: the banner is on the screen before anything else is asked for.
let asked = false;
const soon = () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => setTimeout(() => later().then(({ sweep }) => sweep(), warn)));
};

const calm = () => {
  wished = false;
  shadow.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
};
// The same choices as a plain form, where the widget does not come.
const form = () => {
  calm();
  location.assign(`${base}${site}/choices?lang=${tag.locale}&back=${encodeURIComponent(location.href)}`);
};
const fail = (error) => {
  failed = true;
  warn(error);
  if (wished) form();
};
const wake = () => {
  began ??= Date.now();
  later().then((parts) => parts.wake(), fail);
};
const open = () => {
  if (failed) return form();
  rest();
  wished = true;
  if (!handle) shadow.querySelector("[data-act=manage],[data-act=open]")?.setAttribute("aria-busy", "true");
  wake();
  setTimeout(() => wished && form(), Math.max(0, began + 4000 - Date.now()));
};

const every = (yes) => Object.fromEntries(optional.map(({ id }) => [id, yes]));
// An answer that the widget does not see: it closes what asks.
const answer = (wanted, method, layer) => {
  wished = false;
  decide(wanted, method, layer);
  paint("closed");
  // What is in a live region from the start is not announced.
  const said = root.querySelector("[role=status]");
  setTimeout(() => (said.textContent = tag.saved), 50);
};
// Until the widget is there, an answer is carried out at once, and a wish for the preferences is kept.
const press = (event) => {
  const act = !handle && event.target.closest("[data-act]")?.dataset.act;
  if (!act) return;
  if (act === "manage" || act === "open") return open();
  if (act === "close") return shadow.querySelector("dialog").close();
  const yes = act === "accept";
  answer(every(yes), yes ? "accept_all" : "reject_all", 1);
  // The pressed button is gone; the keyboard goes on from what took its place.
  root.querySelector("button")?.focus();
};

// A newer notice came out while this page was open: its script takes over. If it does not come, the next page asks.
const retire = () => {
  life.abort();
  host?.remove();
};
const again = () => {
  window[key] = { source, beyond: tag.number, retire };
  import(`${base}${site}.js?lang=${tag.locale}&after=${tag.number}`).catch(warn);
};
