// Owns staying out of the way: what the page focuses is never covered (WCAG 2.2, 2.4.11), and what cannot be seen locks nothing.
// Refuses to leave anything changed once the bar is gone.

const page = document.documentElement;
const theirs = [page.style.scrollPaddingTop, page.style.scrollPaddingBottom];
const uncover = () => {
  const cover = shadow.querySelector("section.bar,.dot");
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  if (!cover || !focused || host.contains(document.activeElement)) return;
  // How far the page has to scroll, 0 if nothing is covered.
  const covered = () => {
    const [a, b] = [cover, focused].map((element) => element.getBoundingClientRect());
    const apart = a.left >= b.right || b.left >= a.right || a.top >= b.bottom || b.top >= a.bottom;
    return apart ? 0 : a.top + a.bottom > innerHeight ? b.bottom - a.top + 12 : b.top - a.bottom - 12;
  };
  host.removeAttribute("aside");
  const top = focused.matches(":focus-visible") && covered();
  if (!top) return;
  const { scrollX, scrollY } = window;
  window.scrollBy({ top, behavior: "instant" });
  if (!covered()) return;
  // There is nothing to scroll: the banner goes to the other edge, if that is better.
  window.scrollTo({ left: scrollX, top: scrollY, behavior: "instant" });
  host.setAttribute("aside", "");
  if (covered()) host.removeAttribute("aside");
};
// The browser itself scrolls what it focuses clear of the bar.
const pad = () => {
  const bar = shadow.querySelector(".wide");
  const room = bar?.offsetHeight ? bar.offsetHeight + 24 + "px" : null;
  const upper = bar?.matches(".upper");
  page.style.scrollPaddingTop = upper && room ? room : theirs[0];
  page.style.scrollPaddingBottom = !upper && room ? room : theirs[1];
  if (!page.getAttribute("style")) page.removeAttribute("style");
  uncover();
};
// A content blocker may hide our host, but a modal dialog in it would still lock the page. On paper it is hidden by us.
const unlock = () => {
  const paper = matchMedia("print").matches;
  for (const dialog of shadow.querySelectorAll("dialog[open]")) if (!paper && !dialog.offsetHeight) dialog.close();
};
// In the next frame: what changes a size while sizes are told is an error of the page's ("ResizeObserver loop"), and lands
// in the operator's reports.
const sizes =
  window.ResizeObserver &&
  new ResizeObserver(() =>
    requestAnimationFrame(() => {
      unlock();
      pad();
    }),
  );
const watch = () => {
  sizes?.disconnect();
  for (const ours of shadow.querySelectorAll(".bar,dialog")) sizes?.observe(ours);
  pad();
};
const changes = new MutationObserver(watch);
changes.observe(shadow, { childList: true, subtree: true });
// Some engines scroll to what got the focus only a while after that.
let since = 0;
listen(document, "focusin", () => {
  since = performance.now();
  requestAnimationFrame(uncover);
});
listen(document, "scroll", () => performance.now() - since < 500 && uncover());
listen(life.signal, "abort", () => {
  changes.disconnect();
  sizes?.disconnect();
});
// Escape, or the cross: nothing is chosen, and the next page asks again.
const left = () => now.handle || core.paint("closed");
listen(shadow, "close", left, { capture: true });
if (shadow.querySelector(".bar")?.open === false) left();
watch();
