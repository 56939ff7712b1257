// Owns telling: the page by events, the server by one request at a time, also over tabs.
// Refuses to lose a decision that the server has not spoken about.

const tell = (name, detail) => document.dispatchEvent(new CustomEvent("assent:" + name, { detail }));

// ---- Posting: one at a time, also over tabs ----

// Says whether the server has spoken about the decision; if not, it stays in the queue.
const send = async (body) => {
  let receipt;
  try {
    const answer = await fetch(`${base}${site}/decisions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      keepalive: true,
      signal: AbortSignal.timeout?.(30000),
    });
    const { status } = answer;
    if (status >= 500 || [408, 425, 429].includes(status)) return false;
    if (answer.ok) receipt = (await answer.json()).receipt;
    else warn(`decision refused with ${status}`);
  } catch {
    return false;
  } finally {
    assure();
  }
  const record = read();
  write({ ...record, ...(receipt && { receipt }), queue: record.queue.filter(({ id }) => id !== body.id) });
  return true;
};
let busy = false;
let pause = 2000;
let timer;
const post = async () => {
  if (busy) return;
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
    if (read().queue.length) post();
  }
};
