// Owns deleting what a denied purpose has left behind: the cookies and storage keys that the notice declares for it.
// Refuses to touch what another purpose, granted or essential, declares too.

const matches = (declared, name) =>
  new RegExp(`^${declared.split("*").map((part) => part.replace(/[^\w-]/g, "\\$&")).join(".*")}$`).test(name);
const areas = { local_storage: "localStorage", session_storage: "sessionStorage" };

// A cookie does not tell its domain or path: it is deleted at every one that it can have here.
const expire = (name, path) => {
  const folders = location.pathname.split("/").map((_, at, all) => all.slice(0, at + 1).join("/"));
  // Without it, browsers refuse to touch a `__Secure-` cookie.
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const paths = new Set(["/", path ?? "/", ...folders.filter(Boolean), ...folders.map((folder) => folder + "/")]);
  for (const domain of domains) for (const where of paths) document.cookie = `${name}=; Max-Age=0; Path=${where}${domain}${secure}`;
};
const names = (kind) => {
  try {
    if (areas[kind]) return Object.keys(window[areas[kind]]);
    return document.cookie.split("; ").map((pair) => pair.split("=")[0]);
  } catch {
    return [];
  }
};
const wipe = async () => {
  const { wipe: ids, wiper } = read();
  if (!ids?.length) return;
  const { purposes } = await words();
  const declared = purposes.flatMap(({ id, cookies }) => cookies.map((cookie) => ({ ...cookie, id })));
  const needed = declared.filter(({ id }) => granted(id));
  for (const { id, name, kind, path } of declared) {
    if (!ids.includes(id) || granted(id)) continue;
    // One whose path is not this page's cannot be seen from here.
    const there = kind === "cookie" && !name.includes("*") ? [name] : names(kind).filter((one) => matches(name, one));
    for (const one of there) {
      if (/^assent(_id)?$/.test(one) || needed.some((other) => other.kind === kind && matches(other.name, one))) continue;
      try {
        if (areas[kind]) window[areas[kind]].removeItem(one);
        else expire(one, path);
      } catch {}
    }
  }
  // Scripts of this page go on running and may write again: the next page wipes once more.
  const record = read();
  if (record.wiper === wiper && wiper !== performance.timeOrigin) write({ ...record, wipe: [] });
};

// After a decision. A script that ran cannot be stopped: where the notice says so, the page starts anew, once everything is
// deleted. A decision still on its way goes on (keepalive), and waits in the queue for the next page's post.
const sweep = async () => {
  const wiping = wipe().catch(warn);
  if (!core.optional.some(({ id, reload }) => reload && core.ran.has(id) && !granted(id))) return;
  await Promise.race([Promise.all([post(), wiping]), new Promise((resolve) => setTimeout(resolve, 1500))]);
  location.reload();
};
