// Owns telling the server, once a page, that the question was on the screen: which notice, in which language, and no more.
// Refuses to say who saw it: no cookie goes along, and nothing by which one browser could be told from another.

// Whoever answered or left before this file had come saw it too; later, only what is there to be seen counts: another tab
// may have answered, and a content blocker may hide it.
const count = (early) => {
  const bar = shadow.querySelector(".bar");
  if (!now.shown || document.hidden || !(bar ? bar.offsetHeight : early)) return;
  now.shown = 0;
  const body = JSON.stringify({ notice: number, locale });
  // Not by a beacon, which would take the cookies along.
  fetch(`${base}${site}/shown`, { method: "POST", body, credentials: "omit", keepalive: true, priority: "low" }).catch(() => {});
};
