// Owns holding and releasing: what a purpose needs runs once it is granted, in the document's order.
// Refuses to wait for WebAssembly, and to run anything twice.

const needs = (held) => held.getAttribute("data-assent").split(/\s+/).filter(Boolean);
// Embeds that the visitor allowed for as long as this page lives.
const once = new WeakSet();
const allowed = (held) => {
  const ids = needs(held);
  return once.has(held) || (ids.length > 0 && ids.every(granted));
};
// The parser may still be writing the text of the last script in the document: it is whole once something follows it.
const whole = (node) => document.readyState !== "loading" || (node && (node.nextSibling || whole(node.parentNode)));
const released = new WeakSet();
// The purposes whose scripts have run: a script that has run cannot be un-run.
const ran = new Set();
const line = [];
let running = false;

// A held script is replaced by a real one. After a withdrawal nothing new is released; what runs already ends with the page.
const activate = (held) => {
  const script = document.createElement("script");
  for (const { name, value } of held.attributes) if (!/^(data-)?(type|src)$/.test(name)) script.setAttribute(name, value);
  const type = held.getAttribute("data-type");
  const address = held.getAttribute("data-src");
  if (type) script.type = type;
  // The attribute copied above is empty: browsers hide a nonce from everything but this property.
  script.nonce = held.nonce;
  script.async = held.hasAttribute("async");
  if (address === null) script.text = trust.createScript(held.text);
  else script.src = trust.createScriptURL(address);
  const waits = address !== null && !script.async && !script.defer && type !== "module";
  const done =
    waits &&
    new Promise((resolve) => {
      script.addEventListener("load", resolve);
      script.addEventListener("error", resolve);
    });
  for (const id of needs(held)) ran.add(id);
  held.replaceWith(script);
  return done;
};
const run = async () => {
  if (running) return;
  running = true;
  for (let held; (held = line.shift()); ) {
    try {
      // Asked again when its turn comes: the visitor may have changed their mind meanwhile.
      const done = held.isConnected && allowed(held) ? activate(held) : released.delete(held) && 0;
      // Scripts run in the document's order: what follows an external one waits for it, and for nothing else.
      if (done) await done;
    } catch (error) {
      warn(error);
    }
  }
  running = false;
};
const embed = (held, free) => {
  try {
    for (const name of ["src", "srcset", "href", "data", "poster"]) {
      const address = held.getAttribute("data-" + name);
      if (address === null || (free && held.getAttribute(name) === address)) continue;
      if (free) held.setAttribute(name, trust.createScriptURL(address));
      else held.removeAttribute(name);
    }
    // Media elements look at their sources again only when told.
    (held.localName === "source" ? held.parentNode : held).load?.();
    // A frame keeps what it shows until it leaves the document, and an object shows nothing new before.
    if (/^(iframe|object|embed)$/.test(held.localName) && !(free && held.localName === "iframe")) held.parentNode.insertBefore(held, held.nextSibling);
  } catch (error) {
    warn(error);
  }
};
// What takes the room of a held embed; `later.js` brings it.
let stand;
const settle = () => {
  let lacking = false;
  for (const held of document.querySelectorAll("[data-assent]")) {
    const free = allowed(held);
    if (held.localName === "script") {
      if (!free || released.has(held) || held.type !== "text/plain" || !whole(held)) continue;
      line.push(held);
    } else {
      lacking ||= !free && visible.test(held.localName);
      if (free === released.has(held)) continue;
      embed(held, free);
    }
    released[free ? "add" : "delete"](held);
  }
  run();
  if (stand) stand();
  else if (lacking) soon();
};
const visible = /^(iframe|video|audio|object|embed)$/;
