// Owns the placeholder of a held embed: what it is, who provides it, and three ways on.
// Refuses to take less or more room than the embed, and to stand for what nobody could see.

const SMALLEST = 40;
// From this height on what does not fit is scrolled to. Below, it would be nothing but scrolling: the placeholder grows.
const ROOMY = 150;
// What decides where the embed stands, beside its size.
const PLACE = ["position", "inset", "margin", "float", "vertical-align", "grid-area", "align-self", "justify-self", "flex", "order"];
const sheet = (() => {
  try {
    const sheet = new CSSStyleSheet();
    const rules = [
      ":host{box-sizing:border-box;max-width:100%;overflow:hidden}",
      ".embed{display:flex;flex-direction:column;align-items:center;justify-content:safe center;gap:8px;padding:12px}",
      ".embed{height:100%;min-height:inherit;overflow:auto}",
      ".embed{text-align:center;font:0.9375em/1.4 var(--assent-font,inherit);border:1px solid var(--assent-border)}",
      ".embed{background:var(--assent-background);color:var(--assent-text)}",
      ".embed .acts{justify-content:center;width:100%}",
      ".embed .act{flex:0 1 auto}",
    ];
    sheet.replaceSync(rules.join(""));
    return [sheet];
  } catch {
    return [];
  }
})();
// The placeholder of each held embed, and how to take it away again.
const stands = new Map();

const provider = (held) => {
  const source = [held, ...held.querySelectorAll("source")].map((one) => one.dataset.src ?? one.dataset.data).find(Boolean);
  try {
    return held.dataset.assentProvider ?? new URL(source, location.href).host;
  } catch {
    return location.host;
  }
};
// Without an address these two have no box, or that of what is inside them, in some engines; their attributes say how large they
// will be.
const size = (held) => {
  const { width, height } = held.getBoundingClientRect();
  const { display } = getComputedStyle(held);
  const said = (name) => (/^(object|embed)$/.test(held.localName) && display !== "none" && parseFloat(held.getAttribute(name))) || 0;
  return { width: said("width") || width, height: said("height") || height, display };
};
const build = (held, texts, purposes) => {
  const box = document.createElement("assent-embed");
  const ids = core.needs(held);
  const { width, height, display } = size(held);
  const before = [held.style.getPropertyValue("display"), held.style.getPropertyPriority("display")];
  const wide = held.parentElement && width >= held.parentElement.clientWidth - 1;
  box.className = held.className;
  box.lang = locale;
  box.dir = core.dir;
  Object.assign(box.style, { display: display === "inline" ? "inline-block" : display, width: wide ? "100%" : `${width}px` });
  box.style[height < ROOMY ? "minHeight" : "height"] = `${height}px`;

  const make = (name, more, ...inside) => {
    const element = Object.assign(document.createElement(name), more);
    element.append(...inside);
    return element;
  };
  const button = (text, className, click) => {
    const element = make("button", { type: "button", className }, text);
    element.setAttribute("part", "embed-action");
    element.addEventListener("click", () => {
      click();
      // The pressed button is gone with the placeholder; the keyboard goes on in what took its place.
      if (held.isConnected && !box.isConnected) held.focus();
    });
    return element;
  };
  const labels = purposes.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
  const title = held.title || held.getAttribute("aria-label") || labels.join(", ");
  const about = texts.embed.replace("{provider}", provider(held)).replace("{purpose}", labels.join(", "));
  const always = () => core.answer({ ...choices(), ...Object.fromEntries(ids.map((id) => [id, true])) }, "custom", 3);
  const once = () => {
    core.once.add(held);
    settle();
  };
  const group = make(
    "div",
    { className: "embed" },
    make("b", {}, title),
    make("span", {}, about),
    make(
      "div",
      { className: "acts" },
      button(texts.embed_once, "act", once),
      button(texts.embed_always, "act", always),
      button(texts.manage, "act more", core.open),
    ),
  );
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", title);
  group.setAttribute("part", "embed");
  const root = box.attachShadow({ mode: "open" });
  try {
    root.adoptedStyleSheets = [...shadow.adoptedStyleSheets, ...sheet];
  } catch {}
  root.append(group);
  held.before(box);
  // What the page's own rules say of the box too is left to them: they know what happens in a smaller window.
  const [theirs, own] = [held, box].map((one) => getComputedStyle(one));
  for (const name of PLACE) {
    const value = theirs.getPropertyValue(name);
    if (own.getPropertyValue(name) !== value) box.style.setProperty(name, value);
  }
  held.style.setProperty("display", "none", "important");
  stands.set(held, () => {
    box.remove();
    held.style.setProperty("display", ...before);
    if (!held.getAttribute("style")) held.removeAttribute("style");
    stands.delete(held);
  });
};
const stand = async () => {
  const held = () => document.querySelectorAll(":is(iframe,video,audio,object,embed)[data-assent]");
  for (const [embed, leave] of stands) if (!embed.isConnected || core.allowed(embed)) leave();
  const lacks = (embed) => {
    if (stands.has(embed) || core.allowed(embed)) return false;
    const { width, height } = size(embed);
    return Math.min(width, height) >= SMALLEST;
  };
  if (!Array.from(held()).some(lacks)) return;
  try {
    const { texts, purposes } = await words();
    for (const embed of held()) if (lacks(embed)) build(embed, texts, purposes);
  } catch (error) {
    warn(error);
  }
};
