//! Owns the visitor's own records as people read them: a page that needs no script, and the same list for the preferences.
//! Refuses to look anything up by a visitor: it is given the receipts.

use askama::Template;
use assent_shared::notice::Purpose;
use assent_shared::{Locale, Method, Notice, Receipt, Texts};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::view::Who;
use super::{Frame, answer, direction, newest_notice, render};
use crate::catalog::CurrentSite;
use crate::error::Result;
use crate::locales::{self, PageTexts};
use crate::state::App;

/// The list's query.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordsQuery {
    /// The language.
    lang: Option<String>,
    /// Only the list, for the preferences.
    part: Option<String>,
}

/// What has just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// They only look.
    Nothing,
    /// So many records were erased.
    Erased(u64),
    /// They are held, and nothing was erased.
    Held,
}

/// What there is to show.
pub(crate) struct Shown {
    /// Newest first.
    pub(crate) receipts: Vec<Receipt>,
    /// How many are listed, if there are more.
    pub(crate) more: Option<usize>,
    pub(crate) said: Said,
    /// Whether they came under a host of the site.
    pub(crate) own_host: bool,
}

#[derive(Template)]
#[template(path = "records.html")]
struct RecordsPage<'a> {
    frame: Frame,
    texts: &'a Texts,
    list: List<'a>,
}

#[derive(Template)]
#[template(path = "records_fragment.html")]
struct RecordsFragment<'a> {
    dir: &'static str,
    list: List<'a>,
}

/// What page and fragment share.
struct List<'a> {
    lang: &'a str,
    words: &'a PageTexts,
    who: Who<'a>,
    erased: Option<String>,
    held: bool,
    more: Option<String>,
    records: Vec<Record<'a>>,
    /// From the address of the answer to the site's own: an answer to erasing is one deeper.
    root: &'static str,
    part: bool,
}

/// A decision in one language.
struct Record<'a> {
    /// In the server's time, which is the one that counts.
    time: String,
    how: &'a str,
    allowed: String,
    denied: String,
    notice: u32,
    /// The language in which it was shown.
    locale: String,
    /// What was granted, as the cookie writes it.
    grants: String,
}

/// The page or the fragment, in the visitor's language.
pub(crate) async fn show(
    app: &App,
    current: &CurrentSite,
    query: &RecordsQuery,
    headers: &HeaderMap,
    shown: Shown,
) -> Result<Response> {
    let site = &current.site.id;
    let (published, locale) =
        newest_notice(app, site, current.newest_notice, query.lang.as_deref(), headers).await?;
    let built_in = locales::built_in(&locale);
    let words = &built_in.pages;
    let texts = published.notice.words(&locale, &built_in.banner).unwrap_or_else(|| built_in.banner.clone());

    let mut records = Vec::with_capacity(shown.receipts.len());
    for receipt in &shown.receipts {
        let then = app.catalog.notice(site, receipt.notice.number).await?;
        records.push(Record::new(receipt, &then.notice, &locale, &texts, words));
    }
    let erased = match shown.said {
        Said::Erased(count) => Some(words.erased.replace("{}", &count.to_string())),
        Said::Nothing | Said::Held => None,
    };
    let root = if shown.said == Said::Nothing { "" } else { "../" };
    let part = query.part.is_some();
    let list = List {
        lang: locale.as_str(),
        words,
        who: Who::new(&published.notice, shown.own_host),
        erased,
        held: shown.said == Said::Held,
        more: shown.more.map(|listed| words.history_newest.replace("{}", &listed.to_string())),
        records,
        // The preferences make the addresses whole themselves.
        root: if part { "" } else { root },
        part,
    };
    let html = if part {
        render(&RecordsFragment { dir: direction(&locale), list })?
    } else {
        let frame =
            Frame::new(&locale, published.notice.texts.keys(), |locale| format!("{root}me?lang={locale}"));
        render(&RecordsPage { frame, texts: &texts, list })?
    };
    Ok(answer(html, None))
}

impl<'a> Record<'a> {
    /// `receipt` of an answer to `then`, told in `locale` where that notice speaks it.
    fn new(
        receipt: &Receipt,
        then: &Notice,
        locale: &Locale,
        texts: &'a Texts,
        words: &'a PageTexts,
    ) -> Self {
        let spoken = if then.texts.contains_key(locale) { locale } else { &receipt.locale };
        let named = |granted: bool| {
            let name = |purpose: &Purpose| {
                let texts = purpose.texts.get(spoken);
                texts.map_or_else(|| purpose.id.to_string(), |texts| texts.name.clone())
            };
            let answered = |purpose: &&Purpose| receipt.choices.get(&purpose.id) == Some(&granted);
            then.optional().filter(answered).map(name).collect::<Vec<_>>().join(", ")
        };
        let granted = receipt.choices.iter().filter(|(_, granted)| **granted);
        let grants: Vec<&str> = granted.map(|(id, _)| id.as_str()).collect();
        Self {
            time: time(receipt.received_at),
            how: match receipt.method {
                // By the name of what they pressed.
                Method::AcceptAll => &texts.accept,
                Method::RejectAll => &texts.reject,
                Method::Custom => &texts.save,
                Method::Withdraw => &words.withdrawn,
                Method::Signal => "Global Privacy Control",
            },
            allowed: named(true),
            denied: named(false),
            notice: receipt.notice.number,
            locale: receipt.locale.to_string(),
            grants: grants.join("."),
        }
    }
}

/// Milliseconds since 1970 for people, in the one form that no language reads another way.
pub(super) fn time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
