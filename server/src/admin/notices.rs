//! Owns the pages of a notice's versions: every one with its date and what changed, two side by side, and the way back.
//! Refuses to change a version; going back makes a draft.

use askama::Template;
use assent_shared::SiteId;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use similar::{ChangeTag, TextDiff};

use super::{Link, Shell, Tab, address, page, time};
use crate::access::{Caller, Permission};
use crate::drafts;
use crate::error::{self, Error, Result};
use crate::extract::{BySession, LongForm, PathOf};
use crate::notices::difference::Change;
use crate::numbers::{self, Number};
use crate::state::App;
use crate::versions::{self, Version};
use crate::{answers, store};

/// Versions on one page.
const PAGE: u32 = 50;

const SENTENCES: &[(&str, &str)] = &[("published", "It is published. Pages show it from now on.")];

/// The versions' addresses.
pub(super) fn routes() -> Router<App> {
    let at = |path: &str| format!("/admin/sites/{{site}}/notices{path}");
    Router::new()
        .route(&at(""), get(list))
        .route(&at("/compare"), get(compare))
        .route(&at("/{file}"), get(download))
        .route(&at("/{number}/back"), get(ask_to_go_back).post(go_back))
}

/// The list's query.
#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    #[serde(default, deserialize_with = "numbers::maybe")]
    after: Option<u32>,
    done: Option<String>,
}

struct Row {
    version: Version,
    at: String,
    /// The versions beside it.
    compare: Option<String>,
    shown: String,
    file: String,
    back: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/notices/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    next: Option<String>,
    compare: String,
    numbers: Vec<u32>,
}

fn shell(caller: &Caller, title: String, site: &store::Site, done: Option<&str>) -> Shell {
    Shell::of_site(caller, title, site, Tab::Versions).told(done, SENTENCES)
}

/// `GET /admin/sites/{site}/notices`
async fn list(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(ListQuery { after, done }): Query<ListQuery>,
) -> Result<Response> {
    let (versions, next) = versions::list(&app, &caller, &site, after, PAGE).await?;
    let newest = u32::try_from(app.store.newest_notice(&site).await?).unwrap_or_default();
    let may_edit = caller.may(Permission::EditNotices, &site);
    let home = address(&site, "/notices");
    let current = app.catalog.site(&site).await?;
    let mut rows = Vec::with_capacity(versions.len());
    for version in versions {
        let number = version.number;
        let notice = app.catalog.notice(&site, number).await?;
        rows.push(Row {
            at: time(version.published_at),
            compare: (number > 1).then(|| format!("{home}/compare?old={}&new={number}", number - 1)),
            shown: format!("/_assent/{site}/notices/{number}/{}", notice.notice.default_locale),
            file: format!("{home}/{number}.toml"),
            back: (may_edit && number < newest).then(|| format!("{home}/{number}/back")),
            version,
        });
    }
    page(&ListPage {
        shell: shell(&caller, "Versions".to_owned(), &current.site, done.as_deref()),
        rows,
        next: next.map(|after| format!("{home}?after={after}")),
        compare: format!("{home}/compare"),
        numbers: (1..=newest).rev().collect(),
    })
}

/// Which two are compared.
#[derive(Debug, Deserialize)]
struct CompareQuery {
    old: Number<u32>,
    new: Number<u32>,
}

/// A piece of a text: its words, and whether they are new, gone, or in both.
pub(super) struct Piece {
    pub(super) words: String,
    pub(super) inserted: bool,
    pub(super) deleted: bool,
}

struct Compared {
    change: Change,
    before: Vec<Piece>,
    after: Vec<Piece>,
}

#[derive(Template)]
#[template(path = "admin/notices/compare.html")]
struct ComparePage {
    shell: Shell,
    old: u32,
    new: u32,
    rows: Vec<Compared>,
    home: String,
}

/// `GET …/notices/compare`
async fn compare(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(CompareQuery { old: Number(old), new: Number(new) }): Query<CompareQuery>,
) -> Result<Response> {
    let changes = versions::compare(&app, &caller, &site, old, new).await?;
    let current = app.catalog.site(&site).await?;
    let rows = changes.into_iter().map(|change| {
        let (before, after) = pieces(change.before.as_deref(), change.after.as_deref());
        Compared { change, before, after }
    });
    page(&ComparePage {
        shell: shell(&caller, format!("Notices {old} and {new}"), &current.site, None),
        old,
        new,
        rows: rows.collect(),
        home: address(&site, "/notices"),
    })
}

/// Two texts word by word, each with what it has alone marked.
fn pieces(before: Option<&str>, after: Option<&str>) -> (Vec<Piece>, Vec<Piece>) {
    let diff = TextDiff::from_words(before.unwrap_or_default(), after.unwrap_or_default());
    let (mut old, mut new): (Vec<Piece>, Vec<Piece>) = (Vec::new(), Vec::new());
    let push = |to: &mut Vec<Piece>, words: &str, inserted, deleted| match to.last_mut() {
        Some(last) if (last.inserted, last.deleted) == (inserted, deleted) => last.words.push_str(words),
        _ => to.push(Piece { words: words.to_owned(), inserted, deleted }),
    };
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                push(&mut old, change.value(), false, false);
                push(&mut new, change.value(), false, false);
            }
            ChangeTag::Delete => push(&mut old, change.value(), false, true),
            ChangeTag::Insert => push(&mut new, change.value(), true, false),
        }
    }
    (old, new)
}

/// `GET …/notices/{number}.toml`
async fn download(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, file)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    let number = file.strip_suffix(".toml").and_then(numbers::plain).ok_or(Error::NotFound)?;
    let text = versions::file(&app, &caller, &site, number).await?.to_toml();
    Ok(answers::file("application/toml", &format!("{site}-notice-{number}.toml"), text))
}

#[derive(Template)]
#[template(path = "admin/notice/ask.html")]
struct AskPage {
    shell: Shell,
    parts: Vec<Link>,
    question: String,
    button: &'static str,
    hidden: Vec<(&'static str, String)>,
    back: String,
}

/// `GET …/notices/{number}/back`
async fn ask_to_go_back(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, Number(number))): PathOf<(SiteId, Number<u32>)>,
) -> Result<Response> {
    caller.require(Permission::EditNotices, &site)?;
    versions::notice(&app, &caller, &site, number).await?;
    let current = app.catalog.site(&site).await?;
    let draft = drafts::get(&app, &caller, &site).await?;
    let lost = match &draft.saved {
        Some((at, by)) => format!(" The draft that {by} saved on {} is replaced.", time(*at)),
        None => String::new(),
    };
    page(&AskPage {
        shell: shell(&caller, format!("Back to notice {number}"), &current.site, None),
        parts: vec![],
        question: format!(
            "This makes a draft of notice {number}. Published, it gets a new number; nothing is changed before that.{lost}"
        ),
        button: "Make the draft",
        hidden: vec![("revision", draft.revision.to_string())],
        back: address(&site, "/notices"),
    })
}

/// `POST …/notices/{number}/back`
async fn go_back(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, Number(number))): PathOf<(SiteId, Number<u32>)>,
    LongForm(form): LongForm,
) -> Result<Response> {
    let revision = form.iter().find(|(name, _)| name == "revision").and_then(|(_, value)| value.parse().ok());
    drafts::roll_back(&app, &caller, &site, revision.unwrap_or(-1), number).await?;
    Ok(error::see_other(&address(&site, "/notice?done=back")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_on_one_side_is_marked() {
        let (before, after) = pieces(Some("It counts visits."), Some("It counts visits and clicks."));
        let marked = |pieces: &[Piece]| {
            pieces
                .iter()
                .map(|piece| (piece.words.clone(), piece.inserted, piece.deleted))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            marked(&before),
            [("It counts ".to_owned(), false, false), ("visits.".to_owned(), false, true)]
        );
        assert_eq!(
            marked(&after),
            [("It counts ".to_owned(), false, false), ("visits and clicks.".to_owned(), true, false)]
        );
        assert!(pieces(None, Some("x")).0.is_empty());
    }
}
