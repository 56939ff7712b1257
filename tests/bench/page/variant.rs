//! Owns the variants of the measured page: without a banner, with ours, and with each peer as its own documentation embeds it.
//! Refuses to make a peer slower than its documentation does; where there is a choice, it takes the faster one.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process::SITE;

/// The project's own page; it is static and fetches nothing but the tag.
const PAGE: &str = include_str!("../../../index.html");
const STYLE: &str = r#"<link rel="stylesheet" href="/peers/cookieconsent.css">"#;
const SETTINGS: &str = include_str!("vanilla.js");
const TAG: &str = r#"<script async src="/_assent/demo.js"></script>"#;

/// Which banner the page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    None,
    Assent,
    /// vanilla-cookieconsent, the most used peer of the same kind, with both of its files asked for at once.
    Vanilla,
    /// The same as its documentation embeds it: a module that imports the library.
    Documented,
    /// cookies-eu-banner: yes or no only; the least that a script of its own can cost.
    Minimal,
}

impl Variant {
    pub(super) const ALL: [Self; 5] =
        [Self::None, Self::Assent, Self::Vanilla, Self::Documented, Self::Minimal];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "no banner",
            Self::Assent => "Assent",
            Self::Vanilla => "vanilla-cookieconsent 3.1.0",
            Self::Documented => "the same, by its documents",
            Self::Minimal => "cookies-eu-banner 3.0.0",
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::None => "/none",
            Self::Assent => "/assent",
            Self::Vanilla => "/vanilla",
            Self::Documented => "/documented",
            Self::Minimal => "/minimal",
        }
    }

    /// The page's HTML.
    pub(super) fn page(self) -> Result<String> {
        let (head, end) = match self {
            Self::None => (String::new(), String::new()),
            Self::Assent => (format!(r#"<script async src="/_assent/{SITE}.js"></script>"#), String::new()),
            Self::Vanilla => (
                format!(r#"{STYLE}<script defer src="/peers/cookieconsent.umd.js"></script>"#),
                format!("<script type=\"module\">{SETTINGS}</script>"),
            ),
            Self::Documented => {
                (STYLE.to_owned(), r#"<script type="module" src="/peers/settings.js"></script>"#.to_owned())
            }
            Self::Minimal => (String::new(), include_str!("minimal.html").to_owned()),
        };
        ensure!(
            PAGE.contains(TAG) && PAGE.contains("<h1>"),
            "index.html has another tag or heading than this"
        );
        Ok(PAGE.replacen(TAG, &head, 1).replacen("<h1>", r#"<h1 elementtiming="page">"#, 1).replacen(
            "</body>",
            &format!("{end}</body>"),
            1,
        ))
    }

    /// Where the page for those who have accepted before is.
    pub(super) fn again(self) -> String {
        format!("{}-again", self.path())
    }

    /// The page for those who have accepted before: with one script that they granted, as this variant holds it, and nothing
    /// else that is held.
    pub(super) fn page_again(self) -> Result<String> {
        const RUNS: &str = "window.ranAt = performance.now();";
        let script = match self {
            Self::None => format!("<script>{RUNS}</script>"),
            Self::Assent => format!(r#"<script type="text/plain" data-assent="analytics">{RUNS}</script>"#),
            Self::Vanilla | Self::Documented => {
                format!(r#"<script type="text/plain" data-category="analytics">{RUNS}</script>"#)
            }
            // It holds no elements; it calls back.
            Self::Minimal => String::new(),
        };
        let page = self
            .page()?
            .replace("data-assent=\"", "data-was=\"")
            .replace("onAccept() {}", &format!("onAccept() {{ {RUNS} }}"));
        Ok(page.replacen("</body>", &format!("{script}</body>"), 1))
    }

    /// The peer's files: their names and what is in them.
    pub(super) fn files(self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        const FOLDER: &str = "vanilla-cookieconsent/dist";
        Ok(match self {
            Self::None | Self::Assent => Vec::new(),
            Self::Vanilla => {
                vec![installed(FOLDER, "cookieconsent.css")?, installed(FOLDER, "cookieconsent.umd.js")?]
            }
            Self::Documented => {
                vec![(
                    "settings.js",
                    format!("import '/peers/cookieconsent.umd.js';\n{SETTINGS}").into_bytes(),
                )]
            }
            Self::Minimal => vec![installed("cookies-eu-banner/dist", "cookies-eu-banner.global.js")?],
        })
    }
}

/// A file as npm installed it.
fn installed(folder: &str, name: &'static str) -> Result<(&'static str, Vec<u8>)> {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/npm/node_modules");
    let bytes = std::fs::read(modules.join(folder).join(name)).with_context(|| {
        format!("{folder}/{name} is not installed; `cargo xtask bench page` installs it where there is npm")
    })?;
    Ok((name, bytes))
}
