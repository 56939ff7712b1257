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
    const source = here?.localName === "script" ? here : document.querySelector(`script[src*="/_assent/${site}.js"]`);
    const base = source?.src.match(/^.*?\/_assent\//)?.[0];
    if (!base) return warn("cannot tell its own address");

    // A page may ask for Trusted Types: everything that passes here is the server's HTML or the page's own held markup.
    const same = (text) => text;
    let trust = { createHTML: same, createScript: same, createScriptURL: same };
    try {
      trust = window.trustedTypes?.createPolicy("assent", trust) ?? trust;
    } catch {}

    // ---- The decision: the cookie, and what the queue knows ----

    const optional = notice.purposes.filter((purpose) => !purpose.essential);

    // The twin of shared/src/cookie.rs: whatever is not exactly of this form is no decision.
    const parse = (value) => {
      const [, number, at, grants] = /^1~(\d+)~(-?[0-9a-z]+)~((?:[a-z][a-z0-9_]{0,39}(?:\.(?!$)|$))*)$/.exec(value) ?? [];
      const stored = { value, notice: +number, at: parseInt(at, 36), grants: grants ? grants.split(".") : [] };
      return stored.notice < 2 ** 32 && Math.abs(stored.at) < 2 ** 63 ? stored : null;
    };
    const valueOf = ({ notice, decided_at, choices }) => {
      const grants = Object.keys(choices).filter((id) => choices[id]);
      return `1~${notice}~${Math.floor(decided_at / 1000).toString(36)}~${grants.sort().join(".")}`;
    };

    // Storage and cookies may be refused to the page; then the decision lives as long as the page does.
    const cookies = (name) => {
      try {
        const pairs = document.cookie.split("; ").filter((pair) => pair.startsWith(name + "="));
        return pairs.map((pair) => pair.slice(name.length + 1));
      } catch {
        return [];
      }
    };
    const keep = (name, value) => {
      try {
        const secure = location.protocol === "https:" ? "; Secure" : "";
        document.cookie = `${name}=${value}; Max-Age=31536000; Path=/; SameSite=Lax${secure}`;
      } catch {}
    };
    let memory = {};
    let durable = true;
    const read = () => {
      try {
        if (durable) memory = JSON.parse(localStorage.getItem("assent")) ?? memory;
      } catch {}
      return { ...memory, queue: Array.isArray(memory.queue) ? memory.queue.filter((body) => body?.choices) : [] };
    };
    const write = (record) => {
      memory = record;
      try {
        localStorage.setItem("assent", JSON.stringify(record));
      } catch {
        // What is still in there is older than what could not be written.
        durable = false;
      }
    };

    // A late Set-Cookie may have put an older decision into the cookie; `said` and the queue know the newer one.
    // Without a cookie only a decision that never arrived counts: a visitor who deletes cookies is asked again.
    const newest = () => {
      const { said, queue } = read();
      const known = cookies("assent").map(parse).filter(Boolean);
      if (known.length) known.push(parse(said));
      known.push(...queue.map((body) => parse(valueOf(body))));
      // Of two within one second the later in this list is the later one.
      return known.reduce((best, next) => (next && !(best?.at > next.at) ? next : best), null);
    };
    const assure = () => {
      const best = newest();
      if (best && !cookies("assent").includes(best.value)) keep("assent", best.value);
      return best;
    };

    let stored = assure();
    // An old decision holds for the purposes that have not changed since; for the others the visitor is asked again.
    const holds = ({ since }) => stored?.notice >= since;
    const free = (purpose) => purpose.essential || (holds(purpose) && stored.grants.includes(purpose.id));
    const granted = (id) => notice.purposes.some((purpose) => purpose.id === id && free(purpose));
    const choices = () => Object.fromEntries(optional.map(({ id }) => [id, granted(id)]));

    // ---- Holding and releasing ----

    const allowed = (held) => {
      const ids = held.getAttribute("data-assent").split(/\s+/).filter(Boolean);
      return ids.length > 0 && ids.every(granted);
    };
    // The parser may still be writing the text of the last script in the document: it is whole once something follows it.
    const whole = (node) => document.readyState !== "loading" || (node && (node.nextSibling || whole(node.parentNode)));
    const released = new WeakSet();
    const line = [];
    let running = false;

    // A held script is replaced by a real one. A script that has run cannot be un-run: after a withdrawal nothing new is
    // released, and what runs already ends with the page.
    const activate = (held) => {
      const script = document.createElement("script");
      for (const { name, value } of held.attributes) if (!/^(data-)?(type|src)$/.test(name)) script.setAttribute(name, value);
      const type = held.getAttribute("data-type");
      const address = held.getAttribute("data-src");
      if (type) script.type = type;
      // The attribute copied above is empty: browsers hide a nonce from everything but this property.
      script.nonce = held.nonce;
      script.async = held.hasAttribute("async");
      if (address === null) script.text = trust.createScript(held.text);
      else script.src = trust.createScriptURL(address);
      const waits = address !== null && !script.async && !script.defer && type !== "module";
      const done =
        waits &&
        new Promise((resolve) => {
          script.addEventListener("load", resolve);
          script.addEventListener("error", resolve);
        });
      held.replaceWith(script);
      return done;
    };
    const run = async () => {
      if (running) return;
      running = true;
      for (let held; (held = line.shift()); ) {
        try {
          // Asked again when its turn comes: the visitor may have changed their mind meanwhile.
          const done = held.isConnected && allowed(held) ? activate(held) : released.delete(held) && 0;
          // Scripts run in the document's order: what follows an external one waits for it, and for nothing else.
          if (done) await done;
        } catch (error) {
          warn(error);
        }
      }
      running = false;
    };
    const embed = (held, free) => {
      try {
        for (const name of ["src", "srcset", "href", "data"]) {
          const address = held.getAttribute("data-" + name);
          if (address === null) continue;
          if (free) held.setAttribute(name, trust.createScriptURL(address));
          else held.removeAttribute(name);
        }
        // Media elements look at their sources again only when told.
        (held.localName === "source" ? held.parentNode : held).load?.();
      } catch (error) {
        warn(error);
      }
    };
    const settle = () => {
      for (const held of document.querySelectorAll("[data-assent]")) {
        const free = allowed(held);
        if (held.localName === "script") {
          if (!free || released.has(held) || held.type !== "text/plain" || !whole(held)) continue;
          line.push(held);
        } else if (free === released.has(held)) continue;
        else embed(held, free);
        released[free ? "add" : "delete"](held);
      }
      run();
    };

    // ---- Telling ----

    const tell = (name, detail) => document.dispatchEvent(new CustomEvent("assent:" + name, { detail }));

    // ---- Posting: one at a time, also over tabs ----

    const random = () => crypto.getRandomValues(new Uint8Array(16));
    const uuid = () => {
      const bytes = random();
      for (let at = 6, time = Date.now(); at--; time /= 256) bytes[at] = time;
      bytes[6] = (bytes[6] & 15) | 112;
      bytes[8] = (bytes[8] & 63) | 128;
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    };
    const secret = () => btoa(String.fromCharCode(...random())).replace(/\+/g, "-").replace(/\//g, "_").slice(0, 22);

    // Says whether the server has spoken about the decision; if not, it stays in the queue.
    const send = async (body) => {
      let receipt;
      try {
        const answer = await fetch(`${base}${site}/decisions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
          credentials: "same-origin",
          keepalive: true,
          signal: AbortSignal.timeout?.(30000),
        });
        const { status } = answer;
        if (status >= 500 || [408, 425, 429].includes(status)) return false;
        if (answer.ok) receipt = (await answer.json()).receipt;
        else warn(`decision refused with ${status}`);
      } catch {
        return false;
      } finally {
        assure();
      }
      const record = read();
      write({ ...record, ...(receipt && { receipt }), queue: record.queue.filter(({ id }) => id !== body.id) });
      return true;
    };
    let busy = false;
    let pause = 2000;
    let timer;
    const post = async () => {
      if (busy) return;
      busy = true;
      clearTimeout(timer);
      const drain = async () => {
        for (let body; (body = read().queue[0]); ) if (!(await send(body))) return false;
        return true;
      };
      const sent = await (navigator.locks ? navigator.locks.request("assent", drain) : drain()).catch(() => false);
      busy = false;
      if (!sent) {
        timer = setTimeout(post, pause * (0.5 + Math.random() / 2));
        pause = Math.min(pause * 2, 60000);
      } else {
        pause = 2000;
        // Something may have been queued between the last look and here.
        if (read().queue.length) post();
      }
    };

    // ---- Deciding: cookie, queue, release, events, post ----

    const decide = (wanted, method, layer) => {
      const record = read();
      const before = optional.filter(({ id }) => granted(id));
      const visitor = cookies("assent_id")[0] ?? record.visitor ?? secret();
      const body = {
        id: uuid(),
        visitor,
        notice: notice.number,
        locale: notice.locale,
        choices: Object.fromEntries(optional.map(({ id }) => [id, wanted[id] === true])),
        method: before.some(({ id }) => wanted[id] !== true) ? "withdraw" : method,
        layer,
        gpc: navigator.globalPrivacyControl === true,
        // Never before the decision that it replaces, or a clock set back would make the older one look newer.
        decided_at: Math.max(Date.now(), Math.min((stored?.at ?? 0) * 1000, 864e13)),
        replaces: record.last ?? null,
      };
      const said = valueOf(body);
      stored = parse(said);
      keep("assent", said);
      // The server may have hidden this cookie from scripts, therefore the copy in the record.
      keep("assent_id", visitor);
      // Before anything is released: a script may leave the page at once.
      write({ ...record, visitor, said, last: body.id, queue: [...record.queue, body].slice(-20) });
      settle();
      tell("change", { choices: choices(), method: body.method });
      post();
    };

    // ---- Showing ----

    const host = document.createElement("assent-root");
    host.lang = notice.locale;
    const shadow = host.attachShadow({ mode: "open" });
    let view = optional.every(holds) ? "closed" : "banner";
    let root, handle, loading;
    let tries = 0;

    // A fresh element each time, so that no listener of a failed widget stays behind.
    const paint = (next) => {
      view = next;
      root = document.createElement("div");
      root.innerHTML = trust.createHTML(tag.html[view]);
      shadow.replaceChildren(root);
    };
    // Browsers remember a failed import by its address; another query makes it another one.
    const load = () =>
      (loading ??= (async () => {
        const folder = `${base}widget/${tag.widget}/`;
        const widget = await import(`${folder}widget.js${tries ? "?" + tries : ""}`);
        await widget.default({ module_or_path: folder + "widget.wasm" });
        return widget;
      })());
    const bridge = { decide, stored: () => stored && choices() };
    let wished = false;
    const wake = async () => {
      try {
        const widget = await load();
        // Somebody who has answered meanwhile needs no widget until the preferences are asked for.
        if (wished || view === "banner") handle ??= widget.mount(root, notice, view, bridge);
        if (wished) handle.open();
      } catch (error) {
        if (!tries++) warn(error);
        loading = null;
      }
      wished = false;
      shadow.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
    };
    const open = () => {
      wished = true;
      shadow.querySelector("[data-act=manage],[data-act=open]")?.setAttribute("aria-busy", "true");
      wake();
    };

    // Until the widget is there, an answer is carried out at once, and a wish for the preferences is kept.
    shadow.addEventListener("click", (event) => {
      const act = !handle && event.target.closest("[data-act]")?.dataset.act;
      if (!act) return;
      if (act === "manage" || act === "open") return open();
      const yes = act === "accept";
      wished = false;
      decide(Object.fromEntries(optional.map(({ id }) => [id, yes])), yes ? "accept_all" : "reject_all", 1);
      paint("closed");
      // The pressed button is gone; the keyboard goes on from what took its place.
      root.querySelector("button").focus();
      root.querySelector("[role=status]").textContent = notice.texts.saved;
    });
    document.addEventListener(
      "click",
      (event) => {
        if (!event.composedPath().some((node) => node.hasAttribute?.("data-assent-open"))) return;
        event.preventDefault();
        open();
      },
      true,
    );

    const show = () => {
      if (host.isConnected || !document.body) return;
      document.body.prepend(host);
      if (view !== "banner") return;
      tell("shown", {});
      // After the paint: the banner is on the screen before a byte of WebAssembly is asked for.
      requestAnimationFrame(() => setTimeout(wake));
    };

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
    paint(view);
    show();
    // The tag may run before the body exists, and the page may add what is held at any time.
    new MutationObserver(() => {
      show();
      settle();
    }).observe(document, { childList: true, subtree: true });
    document.addEventListener("DOMContentLoaded", settle);
    window.addEventListener("online", post);
    if (read().queue.length) post();
  }
})
