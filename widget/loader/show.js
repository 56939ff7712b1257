// Owns the first picture: the server's HTML in a shadow root, under the server's style.
// Refuses to do anything that the visitor would have to wait for.

// A page may ask for Trusted Types: everything that passes here is the server's HTML or the page's own held markup.
const same = (text) => text;
let trust = { createHTML: same, createScript: same, createScriptURL: same };
try {
  trust = window.trustedTypes?.createPolicy("assent", trust) ?? trust;
} catch {}

const afterPaint = (task) => requestAnimationFrame(() => setTimeout(task));
// What is on the screen: `view` is banner or closed, `root` its element, `handle` the widget in it, once that is there.
const now = { view: due() };
let host, shadow;
const dress = (css) => {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  } catch (error) {
    // Plain, but there: the question is still asked.
    warn(error);
  }
};
// Nothing is built for somebody who has answered before what they granted runs.
const raise = () => {
  if (host) return;
  host = document.createElement("assent-root");
  host.lang = tag.locale;
  host.dir = tag.dir;
  if (signal) host.setAttribute("signal", "");
  shadow = host.attachShadow({ mode: "open" });
  shadow.addEventListener("click", (event) => live().press(event));
  dress(tag.css);
};
// A fresh element each time, so that no listener of an earlier widget stays behind.
const paint = (view) => {
  raise();
  const root = document.createElement("div");
  root.innerHTML = trust.createHTML(html[view]);
  //= loader/news.js
  shadow.replaceChildren(root);
  Object.assign(now, { view, root, handle: null });
};
const show = () => {
  document.body.prepend(host);
  try {
    // Above everything, and out of reach of what the page does to its body. Not over a page's own modal dialog:
    // there it could be seen, but not be pressed.
    host.popover = "manual";
    if (!document.querySelector(":modal")) host.showPopover();
  } catch {}
  try {
    shadow.querySelector("dialog")?.showModal();
  } catch (error) {
    warn(error);
  }
};
