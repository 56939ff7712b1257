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
  // The preferences; the banner may be a dialog too, but it has no switches.
  dialog() {
    return this.all("dialog[open]").find((dialog) => dialog.querySelector('[role="switch"]')) || null;
  },
  // What can be reached: the preferences alone while they are open.
  reachable(selector) {
    const dialog = this.dialog();
    return this.all(selector).filter((element) => !dialog || dialog.contains(element));
  },
  // A button by its name.
  button(name) {
    return this.reachable("button").find((button) => this.name(button) === name) || null;
  },
  banner() {
    return this.all('[data-act="manage"]').length > 0;
  },
  // What holds the banner, whatever its layout.
  bar() {
    return this.all('[part~="bar"]')[0] || null;
  },
  // The two answers.
  actions() {
    return this.reachable('[part~="action"]');
  },
  // Everything that the eye can tell about an element.
  look(element) {
    const style = getComputedStyle(element);
    return Array.from(style).filter((name) => !/^(inline-size|block-size|width|perspective-origin|transform-origin)$/.test(name))
      .map((name) => name + ": " + style.getPropertyValue(name));
  },
  // WCAG's contrast of an element's text on its own ground.
  contrast(element) {
    const light = (colour) => {
      const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const { color, backgroundColor } = getComputedStyle(element);
    const [dark, bright] = [light(color), light(backgroundColor)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  },
  focused() {
    let element = document.activeElement;
    while (element && element.shadowRoot && element.shadowRoot.activeElement) element = element.shadowRoot.activeElement;
    return element;
  },
  name(element) {
    if (!element || element === document.body || element === document.documentElement) return "the page";
    if (element.getRootNode() === document && element.id) return "#" + element.id;
    return element.getAttribute("aria-label") || this.text((element.labels && element.labels[0]) || element);
  },
  // How much of an element lies under another one, in pixels of height; 0 when they do not meet.
  covered(element, by) {
    const [a, b] = [element.getBoundingClientRect(), by.getBoundingClientRect()];
    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) <= 0.5) return 0;
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return height > 0.5 ? height : 0;
  },
  // Whether a click at its middle would reach an element.
  hits(element) {
    const box = element.getBoundingClientRect();
    let top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    while (top && top.shadowRoot && top !== element) {
      const inner = top.shadowRoot.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      if (!inner || inner === top) break;
      top = inner;
    }
    return element.contains(top);
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
