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
// On every page the defaults come first, then what is stored; from then on whatever changes.
const advise = () => {
  const state = JSON.stringify(choices());
  if (told === state) return;
  const first = !told;
  told = state;
  for (const adapter of tag.adapters ?? []) {
    const { calls, fixed, purposes = [], states = {} } = adapter;
    const all = (ids, ask) => (ids.length && ids.every(ask) ? "granted" : "denied");
    const tell = (args, ask, more) => {
      const words = { ...more };
      for (const key in states) words[key] = all(states[key], ask);
      const stands = { $states: words, $choices: choices() };
      if (args) call(adapter, JSON.parse(JSON.stringify(args), (_, value) => stands[value] ?? value));
    };
    try {
      if (first && window[adapter.global]?.some?.((entry) => entry[0] === "config" || entry.event === "gtm.js"))
        warn(`${adapter.global} was in use before its default could be set: put this script first, and without async`);
      if (first) tell(calls.default, () => false, fixed);
      if (!first || stored) tell(calls.update, granted);
      const yes = purposes.length > 0 && purposes.every(granted);
      if (yes !== !!adapter.yes) tell(yes ? calls.granted : calls.denied, granted);
      adapter.yes = yes;
    } catch (error) {
      // A vendor's script that fails must not keep the page from what was granted.
      warn(error);
    }
  }
};
advise();
