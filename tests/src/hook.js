// Stands first in every page under test. Whatever goes wrong in the page's scripts is told to the test at once:
// synchronously, so that an error just before the page is left is not lost. And every `assent:` event is written down.
(function () {
  function tell(kind, what) {
    var request = new XMLHttpRequest();
    request.open("POST", "/_test/error", false);
    request.send(kind + ": " + what);
  }
  function describe(error) {
    return error && error.stack ? error.message + "\n" + error.stack : String(error);
  }
  window.addEventListener("error", function (event) {
    tell("error", describe(event.error || event.message));
  });
  window.addEventListener("unhandledrejection", function (event) {
    tell("unhandled rejection", describe(event.reason));
  });
  var log = console.error;
  console.error = function () {
    tell("console.error", Array.prototype.map.call(arguments, describe).join(" "));
    log.apply(console, arguments);
  };
  document.addEventListener("securitypolicyviolation", function (event) {
    // The browser's own wish, not the page's.
    if (event.blockedURI.endsWith("/favicon.ico")) return;
    var where = event.effectiveDirective + " " + event.blockedURI + " " + event.sample + " " + event.sourceFile;
    // Not synchronously: Firefox drops clicks meanwhile, and these come while somebody may click.
    navigator.sendBeacon("/_test/error", "policy violation: " + where);
  });
  // The engines' drivers cannot switch it on; the property is what the specification defines (Global Privacy Control §4).
  if (/[?&]gpc$/.test(location.search)) Object.defineProperty(navigator, "globalPrivacyControl", { value: true });
  window.heard = [];
  window.ran = [];
  ["ready", "shown", "change"].forEach(function (name) {
    document.addEventListener("assent:" + name, function () {
      window.heard.push(name);
    });
  });
})();
