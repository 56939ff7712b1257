//! Owns what must hold of the parsers of files that operators write, whatever is in them; and every target, by its name.
//! Refuses to choose the bytes; a fuzzer does, or a test with seeds.

#[cfg(test)]
mod tests;

use std::str::from_utf8;

use assent_shared::fuzzing::{bundle, checkpoint, cookie, decision, proof};

use crate::config::Settings;
use crate::locales::LocaleTexts;
use crate::notices;
use crate::notices::file::NoticeFile;
use crate::notices::lint::lint;
use crate::proxies::Proxies;

/// A parser with what must hold of it.
pub type Target = fn(&[u8]);

/// Every target. The seeds of each are in `fuzz/seeds/` under its name.
pub const TARGETS: [(&str, Target); 8] = [
    ("cookie", cookie),
    ("decision", decision),
    ("checkpoint", checkpoint),
    ("proof", proof),
    ("bundle", bundle),
    ("notice", notice),
    ("config", config),
    ("locale", locale),
];

/// A notice file.
///
/// # Panics
/// Where a file that is read is not written as the same, or is published without its default language.
pub fn notice(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Ok(file) = NoticeFile::read(text) else { return };
    let written = file.to_toml();
    assert_eq!(NoticeFile::read(&written).as_ref(), Ok(&file), "{written}");
    let _ = lint(&file);
    if let Ok(notice) = notices::notice(file) {
        assert!(notice.texts.contains_key(&notice.default_locale));
        let words = crate::locales::built_in(&notice.default_locale);
        let view = notice.view(&notice.default_locale, &words.banner, |lifetime| words.lifetime(lifetime));
        assert!(view.is_some(), "it can be shown");
    }
}

/// A file of settings.
///
/// # Panics
/// Never, or it is a finding.
pub fn config(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Ok(settings) = Settings::read(text) else { return };
    let _ = (settings.signing_keys(), settings.outside(), settings.exports(), settings.witness_keys());
    let _ = Proxies::new(&settings.trusted_proxies);
}

/// A language's file.
///
/// # Panics
/// Never, or it is a finding.
pub fn locale(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Ok(texts) = toml::from_str::<LocaleTexts>(text) {
        assert!(["ltr", "rtl"].contains(&texts.direction.as_str()));
    }
}
