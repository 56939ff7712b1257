//! Owns the rule on names: public ones use the words of `shared`'s glossary.
//! Refuses to judge words that are right in another place, such as `action` in the widget's reducer.

use super::{File, code};

/// A word that the glossary replaces, and the glossary's own.
const DENIED: [(&str, &str); 9] = [
    ("banner_config", "notice"),
    ("category", "purpose"),
    ("consent_log", "ledger"),
    ("customer", "operator"),
    ("data_subject", "visitor"),
    ("log_entry", "receipt"),
    ("tenant", "site"),
    ("toggle_status", "choice"),
    ("unblock", "release"),
];

const ITEMS: [&str; 7] = ["fn", "struct", "enum", "mod", "trait", "type", "const"];

pub(super) fn glossary(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is("rs")) {
        for (number, line) in code(file) {
            let Some(name) = public_name(line) else { continue };
            let words = format!("_{}_", words(name));
            if let Some((denied, right)) =
                DENIED.iter().find(|(denied, _)| words.contains(&format!("_{denied}_")))
            {
                let path = &file.path;
                findings.push(format!("{path}:{number} `{name}`: say `{right}`, not `{denied}`"));
            }
        }
    }
    findings
}

/// The name that a line makes public, if it does.
fn public_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(visibility) => visibility.split_once(')')?.1,
        None => rest,
    };
    let mut words = rest.split_whitespace().skip_while(|word| ["async", "unsafe"].contains(word));
    let item = words.next()?;
    let name = words.next()?;
    let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(name.len());
    ITEMS.contains(&item).then(|| &name[..end])
}

/// `LogEntry` and `LOG_ENTRY` as `log_entry`.
fn words(name: &str) -> String {
    let shouted = !name.contains(char::is_lowercase);
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !shouted && !words.is_empty() {
            words.push('_');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_name_that_the_glossary_replaces_is_found() {
        let text =
            "pub struct CookieCategory;\npub(crate) async fn find_tenant(id: u32) {}\nfn category() {}\n";
        assert_eq!(
            glossary(&[file("a.rs", text)]),
            [
                "a.rs:1 `CookieCategory`: say `purpose`, not `category`",
                "a.rs:2 `find_tenant`: say `site`, not `tenant`"
            ]
        );
    }

    #[test]
    fn whole_words_only() {
        let text = "pub fn subtenanted() {}\npub struct Purpose;\npub use a::Category;\npub const LONGEST: usize = 1;\n";
        assert!(glossary(&[file("a.rs", text)]).is_empty());
    }
}
