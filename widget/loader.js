// Owns the script tag: it reads the decision, holds and releases, paints the server's HTML, and sees to it that a decision
// arrives. Refuses to wait for WebAssembly, to throw into the page, and to grant anything by mistake: every failure means denied.
// The server appends the tag's own data as the argument. Comment lines and indentation are not sent.
(function (tag) {
  const warn = (what) => console.warn("assent:", what);
  try {
    start(tag);
  } catch (error) {
    warn(error);
  }

  function start(tag) {
    const { notice, site } = tag;
    // A second script tag does nothing. An element with the id "assent" is not a first one.
    if (typeof window.assent?.granted === "function") return;

    const here = document.currentScript;
    // By name when the browser does not say which script this is; an element named "currentScript" must not say it either.
    const handed = Symbol.for("assent");
    const named = () => document.querySelector(`script[src*="/_assent/${site}.js"]`);
    const source = here?.localName === "script" ? here : (window[handed] ?? named());
    const base = source?.src.match(/^.*?\/_assent\//)?.[0];
    if (!base) return warn("cannot tell its own address");

    // A page that says its language is served in it, where its tag does not ask for one by name. What comes is this code
    // again, with other words; it is a module, and those do not know which element asked.
    const better = /[?&]lang=/.test(source.src) ? null : nearest(document.documentElement.lang, tag.locales);
    if (!better || better === notice.locale) return begin(tag, source, base);
    window[handed] = source;
    import(`${base}${site}.js?lang=${better}`).catch(() => begin(tag, source, base)).catch(warn);
  }

  // The twin of shared/src/locale.rs; the browser knows the scripts and the old names.
  function nearest(wanted, locales) {
    const canonical = (tag) => {
      try {
        return new Intl.Locale(tag.replace(/^n[no]\b/i, "nb")).maximize();
      } catch {
        return {};
      }
    };
    for (let range = wanted.toLowerCase(); range; range = range.replace(/-?[^-]*$/, "")) {
      const same = locales.find((locale) => locale.toLowerCase() === range);
      if (same) return same;
    }
    const { language, script } = canonical(wanted);
    const offered = locales.filter((locale) => language && canonical(locale).language === language);
    return offered.find((locale) => canonical(locale).script === script) ?? offered[0];
  }

  function begin(tag, source, base) {
    const { notice, site, integrity } = tag;
    if (typeof window.assent?.granted === "function") return;

    // A page may ask for Trusted Types: everything that passes here is the server's HTML or the page's own held markup.
    const same = (text) => text;
    let trust = { createHTML: same, createScript: same, createScriptURL: same };
    try {
      trust = window.trustedTypes?.createPolicy("assent", trust) ?? trust;
    } catch {}

    //= loader/decision.js
    //= loader/hold.js
    //= loader/queue.js
    //= loader/decide.js
    //= loader/show.js
    //= loader/clear.js

    // ---- Start ----

    window.assent = { choices, granted, open };
    settle();
    tell("ready", { choices: choices() });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(tag.css);
      shadow.adoptedStyleSheets = [sheet];
    } catch (error) {
      // Plain, but there: the question is still asked.
      warn(error);
    }
    new MutationObserver(() => {
      for (const element of shadow.querySelectorAll("dialog,.bar")) sizes?.observe(element);
    }).observe(shadow, { childList: true, subtree: true });
    paint(view);
    show();
    // The tag may run before the body exists, and the page may add what is held at any time.
    new MutationObserver(() => {
      show();
      settle();
    }).observe(document, { childList: true, subtree: true });
    document.addEventListener("DOMContentLoaded", settle);
    window.addEventListener("online", post);
    // Another tab of the site has decided: this one follows.
    window.addEventListener("storage", ({ key }) => {
      const best = newest();
      if (key !== "assent" || !best || best.value === stored?.value) return;
      stored = best;
      settle();
      tell("change", { choices: choices() });
      if (shadow.querySelector(".bar") && optional.every(holds) && !shadow.querySelector(".choices")) paint("closed");
    });
    if (read().queue.length) post();
  }
})
