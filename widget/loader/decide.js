// Owns deciding: cookie, queue, vendors, release, events, post, in this order.
// Refuses to grant what was not asked for by name.

const tell = (name, detail) => document.dispatchEvent(new CustomEvent("assent:" + name, { detail }));
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
const decide = (wanted, method, layer) => {
  const record = read();
  const before = optional.filter(({ id }) => granted(id));
  const denied = optional.filter(({ id }) => wanted[id] !== true).map(({ id }) => id);
  const visitor = cookies("assent_id")[0] ?? record.visitor ?? secret();
  const body = {
    id: uuid(),
    visitor,
    notice: tag.number,
    locale: tag.locale,
    choices: Object.fromEntries(optional.map(({ id }) => [id, wanted[id] === true])),
    method: method !== "signal" && before.some(({ id }) => wanted[id] !== true) ? "withdraw" : method,
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
  keep("assent", said);
  // The server may have hidden this cookie from scripts, therefore the copy in the record.
  keep("assent_id", visitor);
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
  post();
  if (denied.length) later().then(({ sweep }) => sweep(), warn);
};
// The visitor's decision is beyond what is asked now: they are asked again, and until then nothing is granted.
const forget = () => {
  heal("assent");
  put("assent", "", 0, domain);
  const { said, despite, ...record } = read();
  write(record);
  stored = null;
  follow();
};
