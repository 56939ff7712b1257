// Owns that a decision's cookie is there once. Two of one name may lie on two domains, and nobody can tell which is which.
// Refuses to leave the older one.

const parts = location.hostname.split(".");
// Without one, a cookie is the host's alone.
const domains = ["", ...parts.map((_, at) => `; Domain=${parts.slice(at).join(".")}`)];
const own = core.domain ? `; Domain=${core.domain}` : "";
const heal = (name) => {
  try {
    for (const stray of domains) if (stray !== own) document.cookie = `${name}=; Max-Age=0; Path=/${stray}`;
  } catch {}
};
// The stray one goes first.
const keep = (name, value) => {
  if (own || core.cookies(name).length > 1) heal(name);
  core.put(name, value);
};
const tidy = () => {
  const best = core.newest();
  const there = core.cookies("assent");
  if (best && (there.length > 1 || there[0] !== best.value)) keep("assent", best.value);
};
// After every decision.
const decided = () => {
  const best = core.newest();
  const { visitor } = read();
  if (best) keep("assent", best.value);
  if (visitor) keep("assent_id", visitor);
  post();
  sweep().catch(warn);
  if (now.answered) say().catch(warn);
};
