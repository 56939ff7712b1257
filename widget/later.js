// Owns what can wait until the first picture has been painted: wiping, placeholders of embeds, the widget itself.
// It travels with the widget's glue, in one file: `__wbg_init`, `mount` and `style` are the glue's.
// Refuses to decide anything: it carries out what `loader.js` has decided, through `core`.
export function later(core) {
  const { site, number, locale, integrity, base, folder, host, shadow, life, warn, dress } = core;
  const { read, write, choices, granted, settle } = core;
  const listen = (target, type, hear) => target.addEventListener(type, hear, { signal: life.signal });

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

  //= later/wipe.js
  //= later/embeds.js
  //= later/keep_clear.js
  //= later/wake.js
  return { sweep, stand, wake };
}
