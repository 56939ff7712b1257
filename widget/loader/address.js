// Owns where this script came from, and whether the page wants it in another language.
// Refuses to guess an address.

const here = document.currentScript;
// By name when the browser does not say which script this is; an element named "currentScript" must not say it either.
const source =
  here?.localName === "script" ? here : (handed?.source ?? document.querySelector(`script[src*="/_assent/${site}.js"]`));
const base = source?.src.match(/^.*?\/_assent\//)?.[0];
if (!base) return warn("cannot tell its own address");

// A page that says its language is served in it, where its tag does not ask for one by name. Which of the notice's languages
// comes nearest is the server's to say; here only whether one could. What comes is this code again, with other words; it is
// a module, and those do not know which element asked.
const { lang } = document.documentElement;
const likely = (tag) => {
  try {
    return new Intl.Locale(tag.replace(/^n[no]\b/i, "nb")).maximize();
  } catch {
    return {};
  }
};
const nearer = () => {
  const [wanted, shown] = [likely(lang), likely(tag.locale)];
  if (wanted.language === shown.language && wanted.script === shown.script && !tag.locales.includes(lang)) return false;
  return wanted.language && tag.locales.some((locale) => likely(locale).language === wanted.language);
};
const again = source === handed?.source;
window[key] = { source };
if (lang && lang !== tag.locale && !again && !/[?&]lang=/.test(source.src) && nearer()) {
  import(`${base}${site}.js?lang=${encodeURIComponent(lang)}`).catch(() => assent(tag));
  return;
}
