// Owns telling the vendors' scripts what is granted, in their own calls: data of the notice, nothing is built in here.
// Refuses to speak before the default, and to say anything twice.

const call = ({ by, global }, args) => {
  const target = window[global];
  // The page has not defined it yet: it is told first, before anything else can use it.
  if (by === "function" && typeof target !== "function") {
    const telling = (waiting[global] ??= []);
    if (!telling.length)
      Object.defineProperty(window, global, {
        configurable: true,
        get: () => target,
        set(value) {
          Object.defineProperty(window, global, { configurable: true, enumerable: true, writable: true, value });
          for (const told of telling.splice(0)) value(...told);
        },
      });
    telling.push(args);
  } else if (by === "function") target(...args);
  else if (by === "method" && typeof target?.[args[0]] === "function") target[args[0]](...args.slice(1));
  else {
    const line = (window[global] ??= []);
    if (by === "items") line.push(...args);
    else if (by === "arguments") (function () { line.push(arguments); })(...args);
    else line.push(args);
  }
};
const waiting = {};
let told = "";
// On every page every default comes first, then what is stored; from then on whatever changes.
const advise = () => {
  const state = JSON.stringify(choices());
  if (told === state) return;
  const first = !told;
  told = state;
  const all = (ids, ask) => (ids.length && ids.every(ask) ? "granted" : "denied");
  const tell = (adapter, moment, ask, fixed) => {
    const args = adapter.calls[moment];
    const words = { ...fixed };
    for (const key in adapter.states) words[key] = all(adapter.states[key], ask);
    const stands = { __proto__: null, $states: words, $choices: choices() };
    try {
      if (args) call(adapter, JSON.parse(JSON.stringify(args), (_, value) => stands[value] ?? value));
    } catch (error) {
      // A vendor's script that fails must not keep the page from what was granted.
      warn(error);
    }
  };
  for (const adapter of first ? tag.adapters : []) {
    const { global, fixed } = adapter;
    if (window[global]?.some?.((entry) => entry[0] === "config" || entry.event === "gtm.js"))
      warn(`${global} was in use before its default could be set: put this script first, and without async`);
    tell(adapter, "default", () => false, fixed);
  }
  for (const adapter of tag.adapters) {
    const { purposes = [] } = adapter;
    if (!first || stored) tell(adapter, "update", granted);
    const yes = purposes.length > 0 && purposes.every(granted);
    if (yes !== !!adapter.yes) tell(adapter, yes ? "granted" : "denied", granted);
    adapter.yes = yes;
  }
};
advise();
