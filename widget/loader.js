// Owns the script tag: it reads the decision, paints the server's HTML, holds and releases, and takes an answer. Whatever
// can wait until the first picture has been painted is `later.js`, a file of its own.
// Refuses to wait for WebAssembly, to throw into the page, and to grant anything by mistake: every failure means denied.
// The server appends the tag's own data as the arguments. Comment lines and indentation are not sent.
(function assent(tag, html) {
  const warn = (what) => console.warn("assent:", what);
  try {
    const { site } = tag;
    // What one run of this script hands to the next: in another language, or with a newer notice.
    const key = Symbol.for("assent");
    const handed = window[key];
    // A second script tag does nothing. An element with the id "assent" is not a first one; nor is a page's queue of calls.
    if (typeof window.assent?.granted === "function" && !(handed?.beyond < tag.number)) return;
    handed?.retire?.();

    //= loader/address.js
    //= loader/nearer.js
    //= loader/decision.js
    //= loader/show.js

    // Whatever the banner's first picture does not need comes after it: to read this far is all that it waits for.
    let alive;
    const live = () => {
      if (alive) return alive;
      alive = begin();
      // A page that is only prerendered is seen by nobody yet; until it is, another one may be answered.
      if (document.prerendering) document.addEventListener("prerenderingchange", alive.start, { once: true });
      else alive.start();
      for (const task of early.splice(0)) page.push(task);
      return alive;
    };
    const begin = () => {
      //= loader/record.js
      //= loader/adapters.js
      //= loader/hold.js
      //= loader/decide.js
      //= loader/wake.js
      //= loader/live.js
    };
    //= loader/api.js
    // A vendor's script must find its defaults set.
    if (now.view === "closed" || tag.adapters || document.hidden || !document.body) live();
    else {
      paint(now.view);
      show();
      afterPaint(() => {
        try {
          live();
        } catch (error) {
          warn(error);
        }
      });
    }
  } catch (error) {
    warn(error);
  }
})
