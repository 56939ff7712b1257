// Owns a preview's forgetfulness: nothing is kept in the browser and nothing is sent, whatever is pressed.
// Refuses to change anything else: what is shown is the tag itself.
(() => {
  const refuse = () => {
    throw new DOMException("a preview keeps nothing", "SecurityError");
  };
  Object.defineProperty(Document.prototype, "cookie", { get: () => "", set() {} });
  for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: refuse });
  const { fetch } = window;
  // What is posted never leaves, and never fails either: a failure would be tried again.
  window.fetch = (address, options) => (options?.method === "POST" ? new Promise(() => {}) : fetch(address, options));
  navigator.sendBeacon = () => true;
})();
