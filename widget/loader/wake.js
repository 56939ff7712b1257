// Owns asking for what comes later, and doing without it: the answers by the loader alone, the preferences by a form.
// Refuses to wait for the widget where it can do without.

// How long a visitor and a decision wait for it, in milliseconds.
const PATIENCE = 4000;
const life = new AbortController();
let coming;

// An import takes no integrity; a script element does, and what it has loaded is what the import finds. It stays in the document
// until then: an engine may forget one that is nowhere, and what was to follow its load with it.
const module = (url) => {
  const script = document.createElement("script");
  script.type = "module";
  script.integrity = tag.integrity;
  script.nonce = source.nonce;
  script.src = trust.createScriptURL(url);
  return new Promise((resolve, reject) => {
    script.onload = () => resolve(import(url));
    script.onerror = () => reject(new Error("cannot load " + url));
    // Not into our own root, which may not be in the document yet.
    document.documentElement.append(script);
  }).finally(() => script.remove());
};
const later = () => {
  raise();
  const folder = `${base}widget/${tag.widget}/`;
  return (coming ??= module(folder + "widget.js").then((widget) => {
    const parts = widget.later({
      ...{ tag, source, key, base, folder, host, shadow, now, life, domain, optional, ran, once },
      ...{ warn, dress, paint, listen, needs, allowed, settle, tell, choices, granted, cookies, read, write, put, newest },
      ...{ send, unqueue, obey, decide, answer, open, calm, form, trust },
      decided: () => stored?.notice,
    });
    stand = parts.stand;
    return parts;
  }));
};
// After the paint: the banner is on the screen before anything else is asked for.
const soon = () => coming ?? afterPaint(() => later().catch(warn));

const calm = () => {
  now.wished = false;
  shadow.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
};
// The same choices as a plain form, where the widget does not come.
const form = () => {
  calm();
  location.assign(`${base}${site}/choices?lang=${tag.locale}&back=${encodeURIComponent(location.href)}`);
};
const open = () => {
  rest();
  now.wished = true;
  if (!now.handle) shadow.querySelector("[data-act=manage],[data-act=open]")?.setAttribute("aria-busy", "true");
  later().then((parts) => parts.open(), form);
  setTimeout(() => now.wished && form(), PATIENCE);
};

// An answer that the widget does not see: it closes what asks. What comes later says that it is saved.
const answer = (wanted, method, layer) => {
  now.wished = false;
  now.answered = true;
  decide(wanted, method, layer);
  paint("closed");
};
const act = {
  open,
  manage: open,
  close: () => shadow.querySelector("dialog").close(),
  accept: () => answer(each(() => true), "accept_all", 1),
  reject: () => answer(each(() => false), "reject_all", 1),
  withdraw: () => answer(each(() => false), "withdraw", 1),
};
// Until the widget is there, an answer is carried out at once, and a wish for the preferences is kept.
const press = (event) => {
  const name = !now.handle && event.target.closest("[data-act]")?.dataset.act;
  if (!name) return;
  act[name]();
  // The pressed button is gone; the keyboard goes on from what took its place.
  if (now.view === "closed") now.root.querySelector("button")?.focus();
};
