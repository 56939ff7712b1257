// Owns the language that the page speaks: one that says it is served in it, where its tag does not ask for one by name. In the
// tag only where the notice speaks more languages than one.
// Refuses to choose: which of the notice's languages comes nearest is the server's to say; here only whether one could.

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
if (lang && lang !== tag.locale && source !== handed?.source && !/[?&]lang=/.test(source.src) && nearer()) {
  // What comes is this code again, with other words; it is a module, and those do not know which element asked.
  window[key] = { source };
  import(`${base}${site}.js?lang=${encodeURIComponent(lang)}`).catch(() => assent(tag, html));
  return;
}
