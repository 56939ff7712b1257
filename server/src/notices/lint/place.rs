//! Owns the way from a finding's key back to the line of the file that it is about.
//! Refuses to guess: what is missing is told by what it is missing from.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The line at which a key stands, counted from 1, or what it would stand in; 1 where the file cannot be read.
pub(super) fn line(text: &str, at: &str) -> usize {
    let mut offset = 0;
    if let Ok(table) = DeTable::parse(text) {
        in_table(table.get_ref(), at, &mut offset);
    }
    text[..offset].bytes().filter(|byte| *byte == b'\n').count() + 1
}

fn in_table(table: &DeTable<'_>, at: &str, offset: &mut usize) {
    let entries = table.iter().filter_map(|(key, value)| Some((key, value, rest(at, key.get_ref())?)));
    // Of two keys that fit, the longer one is meant.
    let Some((key, value, rest)) = entries.min_by_key(|(.., rest)| rest.len()) else { return };
    *offset = key.span().start;
    in_value(value, rest, offset);
}

fn in_value(value: &Spanned<DeValue<'_>>, at: &str, offset: &mut usize) {
    if at.is_empty() {
        return;
    }
    match value.get_ref() {
        DeValue::Table(table) => in_table(table, at, offset),
        DeValue::Array(items) => {
            let named = items.iter().filter_map(|item| {
                let table = item.get_ref().as_table()?;
                let name = ["id", "name"].into_iter().find_map(|key| table.get(key)?.get_ref().as_str())?;
                Some((item, rest(at, name)?))
            });
            if let Some((item, rest)) = named.min_by_key(|(_, rest)| rest.len()) {
                *offset = item.span().start;
                in_value(item, rest, offset);
            }
        }
        _ => {}
    }
}

/// What of a key comes after its beginning; nothing if it begins otherwise.
fn rest<'a>(at: &'a str, beginning: &str) -> Option<&'a str> {
    let rest = at.strip_prefix(beginning)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

#[cfg(test)]
mod tests {
    use super::line;

    const TEXT: &str = r#"default_locale = "en"

[controller]
name = "The Shop"

[texts.en]
body = "May we?"

[[purposes]]
id = "necessary"
texts.en = { name = "Necessary", description = "Keeps the basket." }

[[purposes]]
id = "analytics"

[purposes.texts.en]
name = "Analytics"
description = "Counts."

[[purposes.cookies]]
name = "_ga"
lifetime = "1 year"

[[purposes.cookies]]
name = "_ga.x"
about.en = "Counts"
"#;

    #[test]
    fn a_key_is_found_and_what_is_missing_by_what_it_is_missing_from() {
        for (at, expected) in [
            ("default_locale", 1),
            ("controller.name", 4),
            ("controller.contact", 3),
            ("texts.en.body", 7),
            ("texts.de", 6),
            ("purposes.necessary.texts.en.description", 11),
            ("purposes.necessary.necessity", 9),
            ("purposes.analytics.texts.en.description", 18),
            ("purposes.analytics.cookies._ga", 20),
            ("purposes.analytics.cookies._ga.lifetime", 22),
            ("purposes.analytics.cookies._ga.x.about.en", 26),
            ("privacy_policy", 1),
        ] {
            assert_eq!(line(TEXT, at), expected, "{at}");
        }
        assert_eq!(line("not = [toml", "controller"), 1);
    }
}
