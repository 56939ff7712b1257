// Owns what the visitor has decided: the cookie, and what storage and queue know of it.
// Refuses to guess: whatever is not exactly of the agreed form is no decision.

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
