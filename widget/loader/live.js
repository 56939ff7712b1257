// Owns the order in which everything starts, and what is listened to from then on.
// Refuses to show the banner to somebody whose answer is known by now.

const listen = (target, type, hear, more) => target.addEventListener(type, hear, { signal: life.signal, ...more });
const observe = (hear, node) => {
  const observer = new MutationObserver(hear);
  observer.observe(node, { childList: true, subtree: true });
  listen(life.signal, "abort", () => observer.disconnect());
};

// A content blocker may hide our host, but a modal dialog in it would still lock the page. On paper it is hidden by us.
const unlock = () => {
  const paper = matchMedia("print").matches;
  for (const dialog of shadow.querySelectorAll("dialog[open]")) if (!paper && !dialog.offsetHeight) dialog.close();
};
const sizes = window.ResizeObserver && new ResizeObserver(unlock);

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
  // After the paint: the banner is on the screen before a byte of the widget is asked for.
  requestAnimationFrame(() => setTimeout(wake));
};
// Another tab has decided, or this page comes back after it was left: it follows.
const look = () => {
  const best = newest();
  if (!best || best.value === stored?.value) return;
  const first = !stored;
  stored = best;
  follow(first);
  if (shadow?.querySelector(".bar") && due() === "closed" && !shadow.querySelector(".choices")) paint("closed");
};
const act = {
  open,
  accept: () => answer(every(true), "accept_all", 1),
  reject: () => answer(every(false), "reject_all", 1),
  withdraw: () => answer(every(false), "withdraw", 1),
};

let ready = false;
const start = () => {
  stored = assure();
  // The first picture was painted by the cookie alone; storage and queue may know better, and a dialog may have been left.
  if ((root || due() === "banner") && view !== due()) paint(due());
  settle();
  ready = true;
  tell("ready", { choices: choices() });
  // The signal takes back what was granted before it: that is a decision too, and it gets its receipt.
  if (optional.some((purpose) => barred(purpose) && holds(purpose) && stored.grants.includes(purpose.id)))
    decide(choices(), "signal", 1);
  // The page may add what is held at any time, and the tag may run before the body exists.
  observe(() => {
    if (root) appear();
    settle();
  }, document);
  listen(document, "DOMContentLoaded", settle);
  listen(
    document,
    "click",
    (event) => {
      for (const node of event.composedPath())
        for (const name of ["open", "accept", "reject"])
          if (node.hasAttribute?.("data-assent-" + name)) {
            event.preventDefault();
            return act[name]();
          }
    },
    { capture: true },
  );
  // Somebody who has answered has time: their page goes first.
  if (due() === "banner") rest();
  else if (document.readyState === "complete") setTimeout(rest);
  else listen(window, "load", () => setTimeout(rest), { once: true });
};
let rested = false;
const rest = () => {
  if (rested || life.signal.aborted) return;
  rested = true;
  if (!root) paint(due());
  observe(() => {
    for (const dialog of shadow.querySelectorAll("dialog")) sizes?.observe(dialog);
  }, shadow);
  appear();
  listen(window, "storage", (event) => event.key === "assent" && look());
  listen(window, "pageshow", look);
  listen(document, "visibilitychange", look);
  // Whoever moves by keyboard needs what keeps clear of the focus, also where only the button is left.
  listen(document, "focusin", ({ target }) => target.matches?.(":focus-visible") && soon());
  // Escape, or the cross: nothing is chosen, and the next page asks again.
  listen(shadow, "close", () => handle || paint("closed"), { capture: true });
  listen(window, "online", post);
  look();
  const { queue, wipe } = read();
  if (queue.length) post();
  if (wipe?.length) soon();
};

return { ...act, choices, granted, press, receipt: () => read().receipt ?? null, isReady: () => ready, start };
