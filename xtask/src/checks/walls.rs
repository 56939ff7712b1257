//! Owns the rules on what may stand where: SQL, status codes, the clock, the environment, browser types.
//! Refuses to understand Rust; it looks for the words that cannot be used without crossing the wall.

use super::{File, code};

pub(super) fn sql(files: &[File]) -> Vec<String> {
    let words = ["sqlx::query", "QueryBuilder", "sqlx::raw_sql"];
    only_in(files, "server/src/", "store", &words, "move the SQL into server/src/store/")
}

pub(super) fn status_codes(files: &[File]) -> Vec<String> {
    let advice = "answer with a value or an error of server/src/error.rs, which knows the status";
    only_in(files, "server/src/", "error", &["StatusCode"], advice)
}

pub(super) fn clock(files: &[File]) -> Vec<String> {
    let words = ["SystemTime::now", "Timestamp::now", "Zoned::now", "UNIX_EPOCH.elapsed"];
    let advice = "take the time from server/src/clock.rs, so that tests can move it";
    only_in(files, "server/src/", "clock", &words, advice)
}

pub(super) fn environment(files: &[File]) -> Vec<String> {
    let advice = "make it a setting of server/src/config.rs";
    only_in(files, "server/src/", "config", &["env::var", "Env::prefixed", "Env::raw"], advice)
}

pub(super) fn vocabulary(files: &[File]) -> Vec<String> {
    let words =
        ["std::fs", "std::net", "std::time", "std::env", "SystemTime", "Instant", "rand::", "getrandom"];
    let advice = "`shared` does no I/O and never asks the time: let the caller hand the value in";
    only_in(files, "shared/src/", "", &words, advice)
}

pub(super) fn reducer(files: &[File]) -> Vec<String> {
    let words = ["web_sys", "js_sys", "wasm_bindgen", "gloo"];
    let advice = "the reducer is tested without a browser: put this into a component";
    only_in(files, "widget/src/state", "", &words, advice)
}

/// Where one of `words` stands in code below `within`, other than in the module `home` and its folder.
fn only_in(files: &[File], within: &str, home: &str, words: &[&str], advice: &str) -> Vec<String> {
    let at_home = |path: &str| {
        let inside = path.strip_prefix(within).and_then(|path| path.strip_prefix(home));
        !home.is_empty() && inside.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with(within) && !at_home(&file.path)) {
        for (number, line) in code(file) {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                findings.push(format!("{}:{number} says `{word}`: {advice}", file.path));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    /// Where a rule finds something in a text, in one line each.
    fn places(rule: super::super::Rule, path: &str, text: &str) -> Vec<String> {
        let findings = rule(&[file(path, text)]);
        findings.iter().filter_map(|finding| Some(finding.split_once(": ")?.0.to_owned())).collect()
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        let text = "let a = 1;\nsqlx::query(\"DELETE FROM receipts\");\n";
        assert_eq!(
            places(sql, "server/src/decisions.rs", text),
            ["server/src/decisions.rs:2 says `sqlx::query`"]
        );
        assert!(places(sql, "server/src/store/receipts.rs", text).is_empty());
        assert!(places(sql, "server/src/store.rs", text).is_empty());
        assert_eq!(places(sql, "server/src/storefront.rs", text).len(), 1);
        assert!(places(sql, "server/tests/it/main.rs", text).is_empty());
    }

    #[test]
    fn a_status_code_outside_its_file_is_found() {
        let text = "use axum::http::StatusCode;\n";
        assert_eq!(places(status_codes, "server/src/router.rs", text).len(), 1);
        assert!(places(status_codes, "server/src/error.rs", text).is_empty());
    }

    #[test]
    fn the_wall_clock_outside_its_file_is_found() {
        let text = "let now = jiff::Timestamp::now();\n";
        assert_eq!(places(clock, "server/src/export.rs", text).len(), 1);
        assert!(places(clock, "server/src/clock.rs", text).is_empty());
    }

    #[test]
    fn the_environment_outside_its_file_is_found() {
        let text =
            "let port = std::env::var_os(\"ASSENT_PORT\");\nlet version = env!(\"CARGO_PKG_VERSION\");\n";
        assert_eq!(places(environment, "server/src/main.rs", text), ["server/src/main.rs:1 says `env::var`"]);
        assert!(places(environment, "server/src/config.rs", text).is_empty());
    }

    #[test]
    fn io_in_the_vocabulary_is_found() {
        let text = "//! Never uses std::fs.\nuse std::time::Instant;\n";
        assert_eq!(places(vocabulary, "shared/src/id.rs", text), ["shared/src/id.rs:2 says `std::time`"]);
        assert!(places(vocabulary, "server/src/id.rs", text).is_empty());
    }

    #[test]
    fn a_browser_type_in_the_reducer_is_found() {
        let text = "use web_sys::Element;\n";
        assert_eq!(places(reducer, "widget/src/state.rs", text).len(), 1);
        assert!(places(reducer, "widget/src/banner.rs", text).is_empty());
    }
}
