// Owns staying out of the way: what the page focuses is never covered (WCAG 2.2, 2.4.11).
// Refuses to leave anything changed once the bar is gone.

const page = document.documentElement;
const side = notice.appearance.layout === "bar_top" ? "scrollPaddingTop" : "scrollPaddingBottom";
const theirs = page.style[side];
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
const fit = () => {
  // A content blocker may hide our host, but a modal dialog in it would still lock the page. On paper it is hidden by us.
  const paper = matchMedia("print").matches;
  for (const dialog of shadow.querySelectorAll("dialog[open]")) if (!paper && !dialog.offsetHeight) dialog.close();
  const height = shadow.querySelector(".wide")?.offsetHeight;
  page.style[side] = height ? height + 24 + "px" : theirs;
  if (!page.getAttribute("style")) page.removeAttribute("style");
  uncover();
};
const sizes = window.ResizeObserver && new ResizeObserver(fit);
document.addEventListener("focusin", () => requestAnimationFrame(uncover));

const show = () => {
  if (host.isConnected || !document.body) return;
  document.body.prepend(host);
  try {
    // Above everything, and out of reach of what the page does to its body. Not over a page's own modal dialog:
    // there it could be seen, but not be pressed.
    host.popover = "manual";
    if (!document.querySelector(":modal")) host.showPopover();
  } catch {}
  const bar = shadow.querySelector(".bar");
  if (!bar) return;
  try {
    bar.showModal?.();
    if (bar.showModal) fit();
  } catch (error) {
    warn(error);
  }
  tell("shown", {});
  // After the paint: the banner is on the screen before a byte of WebAssembly is asked for.
  requestAnimationFrame(() => setTimeout(wake));
};
