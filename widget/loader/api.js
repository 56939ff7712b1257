// Owns `window.assent`, which pages call (its types are in assent.d.ts). A page may push functions into an array of that
// name before this script has come. Refuses to lose what the page has said to an earlier run of this script.

const early = Array.isArray(window.assent) ? window.assent : [];
const page = typeof window.assent?.granted === "function" ? window.assent : {};
const pass = (name) => (value) => live()[name](value);
for (const name of ["choices", "granted", "open", "accept", "reject", "withdraw", "receipt"]) page[name] = pass(name);
page.on = (event, listener) => {
  const hear = ({ detail }) => listener(detail);
  document.addEventListener("assent:" + event, hear);
  if (event === "ready" && live().isReady()) listener({ choices: page.choices() });
  return () => document.removeEventListener("assent:" + event, hear);
};
page.when = (id) =>
  new Promise((resolve) => {
    const look = () => page.granted(id) && (resolve(), true);
    const end = look() || page.on("change", () => look() && end());
  });
page.push = (task) => {
  try {
    task(page);
  } catch (error) {
    // As if it had thrown by itself: the page's own mistake is the page's to see.
    setTimeout(() => {
      throw error;
    });
  }
};
window.assent = page;
