// Owns what the visitor has decided once storage and queue have been asked too, and keeping it.
// Refuses to let an older decision win.

const valueOf = ({ notice, decided_at, choices }) => {
  const grants = Object.keys(choices).filter((id) => choices[id]);
  return `1~${notice}~${Math.floor(decided_at / 1000).toString(36)}~${grants.sort().join(".")}`;
};
//= loader/domain.js
const put = (name, value, age = 31536000) => {
  try {
    const more = (domain ? `; Domain=${domain}` : "") + (location.protocol === "https:" ? "; Secure" : "");
    document.cookie = `${name}=${value}; Max-Age=${age}; Path=/; SameSite=Lax${more}`;
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
const newest = (there = cookies("assent")) => {
  const { said, queue } = read();
  const known = there.map(parse).filter(Boolean);
  if (known.length) known.push(parse(said));
  return latest([...known, ...queue.map((body) => parse(valueOf(body)))]);
};
const assure = (there) => {
  const best = newest(there);
  if (best && there[0] !== best.value) put("assent", best.value);
  return best;
};

// Every look into the cookies costs the page a millisecond on a slow phone: where nothing was painted, they were read just now.
stored = assure(now.root ? cookies("assent") : there);
//= loader/signal.js
const free = (purpose) => purpose.essential || (holds(purpose) && stored.grants.includes(purpose.id) && !barred(purpose));
const granted = (id) => tag.purposes.some((purpose) => purpose.id === id && free(purpose));
const each = (say) => Object.fromEntries(optional.map(({ id }) => [id, say(id)]));
const choices = () => each(granted);
