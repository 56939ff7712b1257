// Owns the order in which everything starts, and what is listened to from then on.
// Refuses to show the banner to somebody whose answer is known by now.

const listen = (target, type, hear, more) => target.addEventListener(type, hear, { signal: life.signal, ...more });

let shown = false;
const appear = () => {
  if (shown || !document.body) return;
  shown = true;
  if (!host.isConnected) show();
  const bar = shadow.querySelector(".bar");
  if (!bar) return;
  // A content blocker may hide our host, but a modal dialog in it would still lock the page.
  if (bar.open && !bar.offsetHeight) bar.close();
  // Left, or locked out, before anybody listened.
  if (bar.open === false) return paint("closed");
  now.shown = 1;
  tell("shown", {});
  // After the paint: the banner is on the screen before a byte of the widget is asked for.
  soon();
};
// Another tab has decided, or this page comes back after it was left: it follows.
const look = () => {
  const best = newest();
  if (!best || best.value === stored?.value) return;
  obey(best);
  if (shadow?.querySelector(".bar") && due() === "closed" && !shadow.querySelector(".choices")) paint("closed");
};

let ready = false;
const { said } = read();
const start = (event) => {
  // The page was only prerendered until now.
  if (event) stored = assure(cookies("assent"));
  // The first picture was painted by the cookie alone; storage and queue may know better, and a dialog may have been left.
  if ((now.root || due() === "banner") && now.view !== due()) paint(due());
  settle();
  ready = true;
  tell("ready", { choices: choices() });
  heed();
  // The page may add what is held at any time, and the tag may run before the body exists.
  const observer = new MutationObserver(() => {
    if (now.root) appear();
    settle();
  });
  observer.observe(document, { childList: true, subtree: true });
  listen(life.signal, "abort", () => observer.disconnect());
  listen(document, "DOMContentLoaded", settle);
  // To listen to other tabs has the browser open its storage once more, which takes longer than reading it: the page's own first
  // steps go before that. By a timer, because a page that nobody has looked at yet follows too.
  setTimeout(() => {
    listen(window, "storage", look);
    if (!life.signal.aborted && said !== read().said) look();
  }, 100);
  // Not at leaving: nobody sees what would be followed then.
  listen(document, "visibilitychange", () => document.hidden || look());
  listen(window, "pageshow", ({ persisted }) => persisted && look());
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
  const idle = () => (window.requestIdleCallback ?? setTimeout)(rest, { timeout: 1000 });
  if (due() === "banner") rest();
  else if (document.readyState === "complete") idle();
  else listen(window, "load", idle, { once: true });
};
let rested = false;
const rest = () => {
  if (rested || life.signal.aborted) return;
  rested = true;
  if (!now.root) paint(due());
  appear();
  //= loader/inform.js
  // Whoever moves by keyboard needs what keeps clear of the focus, also where only the button is left.
  listen(document, "focusin", ({ target }) => target.matches?.(":focus-visible") && soon());
  // What the page before left to send or to delete, or two cookies of one name.
  if (memory.queue?.length || memory.wipe?.length || there.length > 1) soon();
};

return { ...act, choices, granted, press, receipt: () => read().receipt ?? null, isReady: () => ready, start };
