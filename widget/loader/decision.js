// Owns what the cookie says: the visitor's decision, and which purposes it answers.
// Refuses to guess: whatever is not exactly of the agreed form is no decision.

const optional = tag.purposes.filter((purpose) => !purpose.essential);

// The twin of shared/src/cookie.rs.
const parse = (value) => {
  const [, number, at, grants] = /^1~(\d+)~(-?[0-9a-z]+)~((?:[a-z][a-z0-9_]{0,39}(?:\.(?!$)|$))*)$/.exec(value) ?? [];
  const stored = { value, notice: +number, at: parseInt(at, 36), grants: grants ? grants.split(".") : [] };
  return stored.notice < 2 ** 32 && Math.abs(stored.at) < 2 ** 63 ? stored : null;
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
// Of two within one second the later in the list is the later one.
const latest = (decisions) => decisions.reduce((best, next) => (next && !(best?.at > next.at) ? next : best), null);

const there = cookies("assent");
let stored = latest(there.map(parse));
// Global Privacy Control §4: fixed for as long as the page lives. It denies what the notice says it covers, and grants nothing.
const signal = navigator.globalPrivacyControl === true;
// An old decision holds for the purposes that have not changed since; for the others the visitor is asked again, unless
// the signal has answered already.
const holds = ({ since }) => stored?.notice >= since;
const due = () => (optional.every((purpose) => holds(purpose) || (signal && purpose.gpc)) ? "closed" : "banner");
