// What a visitor can see and reach, read through the open shadow root. Runs before every question about the page.
const probe = {
  roots() {
    return Array.from(document.body ? document.body.children : [])
      .map((element) => element.shadowRoot)
      .filter((root) => root && root.querySelector("[data-act]"));
  },
  visible(element) {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === "visible";
  },
  all(selector) {
    return this.roots().flatMap((root) => Array.from(root.querySelectorAll(selector))).filter((element) => this.visible(element));
  },
  dialog() {
    return this.all("dialog[open]")[0] || null;
  },
  // A button by its name: in the preferences while they are open, since nothing else can be reached then.
  button(name) {
    const dialog = this.dialog();
    const named = (button) => (button.getAttribute("aria-label") || this.text(button)) === name;
    return this.all("button").find((button) => named(button) && (dialog ? dialog.contains(button) : true)) || null;
  },
  banner() {
    return this.all('[data-act="manage"]').length > 0;
  },
  text(element) {
    return element.textContent.trim().replace(/\s+/g, " ");
  },
  // The switch of a purpose, by the name that assistive technology reads.
  switch(name) {
    const named = (input) => {
      const by = input.getAttribute("aria-labelledby");
      const label = by ? input.getRootNode().getElementById(by) : input.labels && input.labels[0];
      return input.getAttribute("aria-label") || (label ? this.text(label) : "");
    };
    return this.all('[role="switch"]').find((input) => named(input) === name) || null;
  },
};
