// Owns telling somebody who is asked again what is new. In the tag only where an answer can be older than a purpose.
// Refuses to guess: who has never answered is told nothing of the kind.

const fresh = tag.purposes.filter((purpose) => stored && purpose.name && !holds(purpose));
if (fresh.length && view === "banner")
  root.querySelector("#news").textContent = tag.news.replace("{purposes}", () => fresh.map(({ name }) => name).join(", "));
