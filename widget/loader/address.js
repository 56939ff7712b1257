// Owns where this script came from.
// Refuses to guess an address.

const here = document.currentScript;
// By name when the browser does not say which script this is; an element named "currentScript" must not say it either.
const source =
  here?.localName === "script" ? here : (handed?.source ?? document.querySelector(`script[src*="/_assent/${site}.js"]`));
const base = source?.src.match(/^.*?\/_assent\//)?.[0];
if (!base) return warn("cannot tell its own address");
