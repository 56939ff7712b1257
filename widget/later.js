// Owns what can wait until the first picture has been painted: sending, wiping, placeholders of embeds, the widget itself.
// It travels with the widget's glue, in one file: `__wbg_init`, `mount` and `style` are the glue's.
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

  // How the buttons look under a pointer, here and in what stands for embeds.
  const hover = [
    ".act:hover{box-shadow:inset 0 0 0 2px var(--assent-background)}",
    ".more:hover{box-shadow:inset 0 0 0 1px var(--assent-accent)}",
    "@media(forced-colors:active){.act:hover{border-color:Highlight}}",
  ];
  dress(hover.join(""));

  //= later/tidy.js
  //= later/queue.js
  //= later/wipe.js
  //= later/embeds.js
  //= later/keep_clear.js
  //= later/wake.js
  listen(window, "online", post);
  tidy();
  stand();
  if (read().queue.length) post();
  sweep().catch(warn);
  if (now.view === "banner") wake();
  return { stand, decided, open: wake };
}
