// Owns the order in which everything starts, and what is listened to from then on.
// Refuses to show the banner to somebody whose answer is known by now.

// The first picture was painted by the cookie alone; storage and queue may know better, and a dialog may have been left.
if (!root || view !== due()) paint(due());
settle();
tell("ready", { choices: choices() });

// A content blocker may hide our host, but a modal dialog in it would still lock the page. On paper it is hidden by us.
const unlock = () => {
  const paper = matchMedia("print").matches;
  for (const dialog of shadow.querySelectorAll("dialog[open]")) if (!paper && !dialog.offsetHeight) dialog.close();
};
const sizes = window.ResizeObserver && new ResizeObserver(unlock);
new MutationObserver(() => {
  for (const dialog of shadow.querySelectorAll("dialog")) sizes?.observe(dialog);
}).observe(shadow, { childList: true, subtree: true });

let shown = false;
const appear = () => {
  if (shown || !document.body) return;
  shown = true;
  if (!host.isConnected) show();
  const bar = shadow.querySelector(".bar");
  if (!bar) return;
  unlock();
  // Left, or locked out, before anybody listened.
  if (bar.open === false) return paint("closed");
  if (bar.showModal) sizes?.observe(bar);
  tell("shown", {});
  // After the paint: the banner is on the screen before a byte of WebAssembly is asked for.
  requestAnimationFrame(() => setTimeout(wake));
};
appear();
// The tag may run before the body exists, and the page may add what is held at any time.
new MutationObserver(() => {
  appear();
  settle();
}).observe(document, { childList: true, subtree: true });
document.addEventListener("DOMContentLoaded", settle);
window.addEventListener("online", post);
// Whoever moves by keyboard needs what keeps clear of the focus, also where only the button is left.
document.addEventListener("focusin", ({ target }) => target.matches?.(":focus-visible") && glue().catch(warn));
// Escape, or the cross: nothing is chosen, and the next page asks again.
shadow.addEventListener("close", () => handle || paint("closed"), true);
document.addEventListener(
  "click",
  (event) => {
    if (!event.composedPath().some((node) => node.hasAttribute?.("data-assent-open"))) return;
    event.preventDefault();
    open();
  },
  true,
);
// Another tab of the site has decided: this one follows.
window.addEventListener("storage", ({ key }) => {
  const best = newest();
  if (key !== "assent" || !best || best.value === stored?.value) return;
  stored = best;
  settle();
  tell("change", { choices: choices() });
  if (shadow.querySelector(".bar") && due() === "closed" && !shadow.querySelector(".choices")) paint("closed");
});
if (read().queue.length) post();
