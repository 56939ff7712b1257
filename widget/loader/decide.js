// Owns deciding: cookie, queue, vendors, release, events, in this order. What is queued is sent by `later/queue.js`.
// Refuses to grant what was not asked for by name.

const tell = (name, detail) => document.dispatchEvent(new CustomEvent("assent:" + name, { detail }));
const random = () => crypto.getRandomValues(new Uint8Array(16));
// Version 7 (RFC 9562): 48 bits of time, whatever the clock says, and random ones.
const uuid = () => {
  const time = (2 ** 52 + Date.now()).toString(16).slice(-12);
  const hex = Array.from(random(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${time}7${hex}`.replace(/(.{8})(.{4})(.{4}).(.{3})(.{12}).*/, "$1-$2-$3-8$4-$5");
};
const secret = () => btoa(String.fromCharCode(...random())).replace(/[+/]/g, "_").slice(0, 22);

// Whatever the stored decision is now, the page follows it; it is told only of a real change.
let known = JSON.stringify(choices());
const follow = (first, method) => {
  advise();
  // A no to a purpose ends what was allowed once.
  for (const held of document.querySelectorAll("[data-assent]")) if (stored && !needs(held).every(granted)) once.delete(held);
  settle();
  const now = JSON.stringify(choices());
  if (now === known && !first) return;
  known = now;
  tell("change", { choices: choices(), method });
};
// A decision made elsewhere, or none any more.
const obey = (best) => {
  const first = !stored;
  stored = best;
  follow(first);
};
// Out of the queue, with what the server has said.
const unqueue = (body, said) => {
  const record = read();
  write({ ...record, ...said, queue: record.queue.filter(({ id }) => id !== body.id) });
};
const send = async (body) => {
  const answer = await fetch(`${base}${site}/decisions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    keepalive: true,
    signal: AbortSignal.timeout?.(30000),
  });
  // With salt and proof: what the visitor holds shows that nobody changed it.
  if (answer.ok) unqueue(body, await answer.json());
  return answer;
};
// What sends the queue in its order comes later. Where it does not come in time, this decision goes out by itself; the server
// takes it once.
const deliver = (body) => {
  let waits = true;
  const alone = () => {
    // Once: to leave a page fails what it was still loading, and a decision sent again would bring back its cookie.
    if (waits) send(body).catch(warn);
    waits = false;
  };
  setTimeout(alone, PATIENCE);
  later().then((parts) => {
    waits = false;
    parts.decided();
  }, alone);
};
const decide = (wanted, method, layer) => {
  // Nothing is optional: there is nothing to decide.
  if (!optional.length) return;
  const record = read();
  const denied = optional.filter(({ id }) => wanted[id] !== true).map(({ id }) => id);
  const visitor = cookies("assent_id")[0] ?? record.visitor ?? secret();
  const body = {
    id: uuid(),
    visitor,
    notice: tag.number,
    locale: tag.locale,
    choices: each((id) => wanted[id] === true),
    method: method !== "signal" && denied.some(granted) ? "withdraw" : method,
    layer,
    gpc: signal,
    // Always a second after the decision that it replaces: the cookie counts in seconds, and a clock set back would make the
    // older one look newer.
    decided_at: Math.max(Date.now(), stored ? Math.min((stored.at + 1) * 1000, 864e13) : -Infinity),
    replaces: record.last ?? null,
  };
  const said = valueOf(body);
  const first = !stored;
  stored = parse(said);
  put("assent", said);
  // The server may have hidden this cookie from scripts, therefore the copy in the record.
  put("assent_id", visitor);
  // Before anything is released: a script may leave the page at once. `wipe` is what the denied purposes may have left behind.
  write({
    ...record,
    visitor,
    said,
    despite: signal && method !== "signal" ? said : null,
    last: body.id,
    wipe: denied,
    wiper: performance.timeOrigin,
    queue: [...record.queue, body].slice(-20),
  });
  follow(first, body.method);
  deliver(body);
};
