// Owns the way of a decision to the server: one at a time, also over tabs.
// Refuses to lose a decision that the server has not spoken about, and to hammer on one that it has refused.

let busy = false;
let pause = 2000;
let timer;

// Says whether the server has spoken about the decision; if not, it stays in the queue.
const send = async (body) => {
  let refused;
  try {
    const answer = await core.send(body);
    const { status } = answer;
    if (status >= 500 || [408, 425, 429].includes(status)) {
      pause = Math.max(pause, 1000 * (answer.headers.get("retry-after") | 0));
      return false;
    }
    if (!answer.ok) refused = { status, ...(await answer.json().catch(() => null)) };
  } catch {
    return false;
  } finally {
    // Its Set-Cookie may have come after a newer decision.
    tidy();
  }
  if (refused) {
    core.unqueue(body);
    warn(`decision refused with ${refused.status}: ${refused.detail ?? refused.title ?? ""}`);
    core.tell("error", { status: refused.status, title: refused.title ?? "" });
    // The notice changed while its question was open. Only the newest decision is taken back: a later one stands.
    if (refused.code === "stale_notice" && read().last === body.id) {
      forget();
      again();
    }
  }
  return true;
};
const post = async () => {
  if (busy || life.signal.aborted) return;
  busy = true;
  clearTimeout(timer);
  const drain = async () => {
    for (let body; (body = read().queue[0]); ) if (!(await send(body))) return false;
    return true;
  };
  const sent = await (navigator.locks ? navigator.locks.request("assent", drain) : drain()).catch(() => false);
  busy = false;
  if (!sent) {
    timer = setTimeout(post, pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, 60000);
  } else {
    pause = 2000;
    // Something may have been queued between the last look and here.
    if (read().queue.length) return post();
  }
};

// The visitor's decision is beyond what is asked now: they are asked again, and until then nothing is granted.
const forget = () => {
  heal("assent");
  core.put("assent", "", 0);
  const { said, despite, ...record } = read();
  write(record);
  core.obey(null);
};
// A newer notice came out while this page was open: its script takes over. If it does not come, the next page asks.
const again = () => {
  const retire = () => {
    life.abort();
    host.remove();
    delete window[core.key];
  };
  window[core.key] = { source: core.source, beyond: number, retire };
  import(`${base}${site}.js?lang=${locale}&after=${number}`).catch(warn);
};
