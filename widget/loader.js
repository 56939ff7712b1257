// Owns the script tag: it reads the decision, paints the server's HTML, holds and releases, and sees to it that a decision
// arrives. Refuses to wait for WebAssembly, to throw into the page, and to grant anything by mistake: every failure means denied.
// The server appends the tag's own data as the argument. Comment lines and indentation are not sent.
(function assent(tag) {
  const warn = (what) => console.warn("assent:", what);
  try {
    const { site, integrity } = tag;
    // A second script tag does nothing. An element with the id "assent" is not a first one.
    if (typeof window.assent?.granted === "function") return;

    //= loader/address.js
    //= loader/decision.js
    //= loader/show.js

    // Whatever the banner's first picture does not need comes after it: to read this far is all that it waits for.
    let alive;
    const live = () => (alive ??= begin());
    const begin = () => {
      //= loader/record.js
      //= loader/hold.js
      //= loader/queue.js
      //= loader/decide.js
      //= loader/wake.js
      //= loader/live.js
      return { choices, granted, open, press };
    };
    window.assent = {
      choices: () => live().choices(),
      granted: (id) => live().granted(id),
      open: () => live().open(),
    };
    shadow.addEventListener("click", (event) => live().press(event));
    if (view === "closed" || document.hidden || !document.body) live();
    else {
      paint(view);
      show();
      requestAnimationFrame(() =>
        setTimeout(() => {
          try {
            live();
          } catch (error) {
            warn(error);
          }
        }),
      );
    }
  } catch (error) {
    warn(error);
  }
})
