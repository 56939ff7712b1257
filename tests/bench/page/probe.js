// Runs in every page before its own scripts and notes what a visitor notices. The same in every variant, and cheap: what
// it costs is in every figure.
(() => {
  if (window !== top) return;
  const seen = { painted: null, banner: null, shift: 0, moved: [], tasks: [], events: [] };
  window.seen = seen;
  const watch = (type, note, more) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true, ...more });
  watch("element", ({ identifier, renderTime }) => {
    if (identifier === "page") seen.painted ??= renderTime;
  });
  watch("longtask", ({ startTime, duration }) => seen.tasks.push({ startTime, duration }));
  watch("layout-shift", ({ value, hadRecentInput, sources }) => {
    if (hadRecentInput) return;
    seen.shift += value;
    seen.moved.push(...sources.map(({ node }) => node?.nodeName.toLowerCase() ?? "something gone"));
  });
  watch("event", ({ name, startTime, duration }) => seen.events.push({ name, startTime, duration }), { durationThreshold: 16 });

  seen.button = (act) => document.querySelector("assent-root")?.shadowRoot?.querySelector(`[data-act="${act}"]`);
  const banner = () =>
    seen.button("accept") ?? document.querySelector("#cc-main .cm__btn") ?? document.querySelector("#cookies-eu-accept");
  seen.shown = () => {
    const button = banner();
    return !!button?.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && button.offsetHeight > 0;
  };
  const look = () => {
    if (!seen.shown()) return requestAnimationFrame(look);
    // A message is a task of its own: it arrives once this frame has been painted.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (seen.banner = performance.now());
    port2.postMessage(null);
  };
  requestAnimationFrame(look);
})();
