// Owns the visitor's own records in the preferences: shown, downloaded, erased. By their browser's secret, and no account.
// Refuses to know a word: the server answers with HTML in the visitor's language.

const mine = async (path, method) => {
  const secret = core.cookies("assent_id")[0] ?? read().visitor;
  // Where the cookie is hidden from scripts, the browser sends it by itself.
  const headers = secret ? { authorization: "Bearer " + secret } : {};
  const answer = await fetch(`${base}${site}/me${path}?part&lang=${locale}`, { method, headers });
  // 409: they are kept for now, and the answer says so.
  if (!answer.ok && answer.status !== 409) throw new Error(`records: ${answer.status}`);
  return answer;
};
const deeds = {
  list: () => mine(""),
  async download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await (await mine("/receipts.json")).blob());
    link.download = `${site}-choices.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  },
  async erase() {
    // What still waits would be recorded anew under the secret that is given up.
    await post();
    if (read().queue.length) throw new Error("a choice still waits");
    const answer = await mine("/erase", "POST");
    if (answer.ok) {
      expire("assent_id", "/");
      const { visitor, last, receipt, salt, proof, ...record } = read();
      write(record);
    }
    return answer;
  },
};
const perform = async (deed) => {
  const box = shadow.querySelector(".own>div");
  box.querySelector("[role]")?.remove();
  try {
    const answer = await deeds[deed]();
    if (!answer) return;
    box.innerHTML = core.trust.createHTML(await answer.text());
    // They are relative to the server's own pages.
    for (const link of box.querySelectorAll("a")) link.href = `${base}${site}/${link.getAttribute("href")}`;
    box.scrollIntoView({ block: "nearest" });
    box.querySelector("[role]")?.focus();
  } catch (error) {
    warn(error);
    const said = document.createElement("p");
    said.setAttribute("role", "alert");
    said.textContent = (await words()).texts.history_failed;
    box.append(said);
  }
};
listen(shadow, "toggle", ({ target }) => target.matches(".own[open]") && perform("list"), { capture: true });
listen(shadow, "click", ({ target }) => target.dataset.own && perform(target.dataset.own));
