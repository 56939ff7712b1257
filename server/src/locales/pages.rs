//! Owns the list of words that the server's own pages say to visitors.
//! Refuses to hold any language: those are the data files.

use serde::Deserialize;

/// Every word of the pages in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageTexts {
    /// Heading of the page of choices.
    pub choices_title: String,
    /// What a choice made there covers.
    pub choices_body: String,
    /// In place of the answers of an essential purpose.
    pub essential: String,
    /// State of a purpose: granted.
    pub granted: String,
    /// State of a purpose: denied.
    pub denied: String,
    /// State of a purpose: neither granted nor denied.
    pub undecided: String,
    /// Said where an answer came too late: to a notice that has changed materially since.
    pub changed: String,
    /// Said after a choice was stored.
    pub saved: String,
    /// Said after consent was withdrawn.
    pub withdrawn: String,
    /// The link to the site that the visitor came from.
    pub back: String,
    /// The link to the page of choices where JavaScript does not run.
    pub no_javascript: String,
    /// Heading of the page of declared cookies.
    pub cookies_title: String,
    /// What that page lists.
    pub cookies_body: String,
    /// Label: a purpose's name.
    pub purpose: String,
    /// Label: where a declared cookie is kept.
    pub kind: String,
    /// A kind of storage: a cookie.
    pub cookie: String,
    /// A kind of storage: `localStorage`.
    pub local_storage: String,
    /// A kind of storage: `sessionStorage`.
    pub session_storage: String,
    /// Label: the ground of GDPR art. 6(1).
    pub legal_basis: String,
    /// Art. 6(1)(a).
    pub consent: String,
    /// Art. 6(1)(b).
    pub contract: String,
    /// Art. 6(1)(c).
    pub legal_obligation: String,
    /// Art. 6(1)(f).
    pub legitimate_interest: String,
    /// Label: who else receives the data.
    pub recipients: String,
    /// Label: how long the data is kept.
    pub retention: String,
    /// Label: the controller (GDPR art. 4(7)).
    pub controller: String,
    /// Label: where to ask about privacy.
    pub contact: String,
    /// The link or button that leads to the page of choices.
    pub change_choices: String,
    /// In place of a list of declared cookies.
    pub none: String,
    /// The answer that grants a purpose.
    pub allow: String,
    /// The answer that denies a purpose.
    pub do_not_allow: String,
    /// Where nothing is recorded of a visitor, or nobody knows who they are.
    pub history_none: String,
    /// Said where there are more records than are listed; `{}` is how many are.
    pub history_newest: String,
    /// Before a notice's number.
    pub notice: String,
    /// The link to the replay of what was shown.
    pub shown_then: String,
    /// The link or button that downloads the records.
    pub download: String,
    /// Unfolds the question before erasing, and is the answer to it.
    pub erase: String,
    /// What erasing does.
    pub erase_ask: String,
    /// Said after erasing; `{}` is how many records.
    pub erased: String,
    /// Said where records are held; the contact follows.
    pub held: String,
    /// Said above a replay.
    pub replay: String,
    /// Label: when a notice became the newest.
    pub published: String,
    /// Heading of the list of a notice's versions.
    pub versions: String,
    /// Label: when a notice that is not published yet will be.
    pub planned: String,
}
