// Owns the bar that informs where nothing is asked, and remembering that it was closed. In the tag only where the notice wants it.
// Refuses a cookie: what is kept is the number of the notice that was read, in local storage, where nobody is sent it.

if (!(read().informed >= Math.max(...tag.purposes.map(({ since }) => since)))) {
  const bar = document.createElement("div");
  bar.className = "informed";
  bar.innerHTML = trust.createHTML(html.inform);
  bar.querySelector("[data-cookies]").href = `${base}${site}/cookies?lang=${tag.locale}`;
  bar.querySelector("button").onclick = () => {
    write({ ...read(), informed: tag.number });
    bar.remove();
    now.root.querySelector("button")?.focus();
  };
  shadow.prepend(bar);
}
