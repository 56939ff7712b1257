// Owns what can wait until the first picture has been painted: sending, wiping, placeholders of embeds, the widget itself.
// It travels with the widget's glue, in one file: `__wbg_init`, `mount` and `style` are the glue's; `LOOK` is `later/look.css`,
// `WASM` the hash that the module must have.
// Refuses to decide anything: it carries out what `loader.js` has decided, through `core`.
export function later(core) {
  const { tag, base, folder, host, shadow, now, life, warn, dress, listen, read, write, choices, granted, settle } = core;
  const { site, number, locale } = tag;

  // The notice's words, in the visitor's language: what the tag's first picture did not need.
  let notice;
  const words = () =>
    (notice ??= fetch(`${base}${site}/notices/${number}?lang=${locale}`)
      .then((answer) => {
        if (!answer.ok) throw new Error(`no notice: ${answer.status}`);
        return answer.json();
      })
      .catch((error) => {
        // Whoever needs them next asks again.
        notice = null;
        throw error;
      }));

  dress(LOOK);

  //= later/tidy.js
  //= later/queue.js
  //= later/wipe.js
  //= later/embeds.js
  //= later/keep_clear.js
  //= later/history.js
  //= later/wake.js
  //= later/count.js
  listen(window, "online", post);
  tidy();
  stand();
  if (read().queue.length) post();
  sweep().catch(warn);
  if (now.view === "banner") wake();
  count(true);
  listen(document, "assent:shown", () => count(true));
  // Behind what obeys another tab's answer, which listens there too.
  listen(window, "visibilitychange", () => count());
  return { stand, decided, open: wake };
}
