//! Owns a notice in one language, as a visitor sees it, and what of it is new to somebody who has answered before.
//! Refuses to know what anybody answered but the number of the notice.

use serde::Serialize;

use super::{Lifetime, Notice, Purpose, PurposeTexts};
use crate::appearance::{Corner, Layout};
use crate::id::Locale;
use crate::texts::Texts;

impl Notice {
    /// Whether somebody's answer can be older than one of its purposes.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.purposes.iter().any(Purpose::has_news)
    }

    /// What one visitor sees, with what is new to somebody who answered the notice of that number. In a page this is said by
    /// `loader/news.js`.
    #[must_use]
    pub fn view_with_news(
        &self,
        locale: &Locale,
        built_in: &Texts,
        lifetime: impl Fn(Lifetime) -> String,
        answered: Option<u32>,
    ) -> Option<NoticeView> {
        let mut view = self.view(locale, built_in, lifetime)?;
        let is_new = |purpose: &Purpose| {
            purpose.has_news() && answered.is_some_and(|answered| answered < purpose.since)
        };
        for (own, _) in view.purposes.iter_mut().zip(&self.purposes).filter(|(_, purpose)| !is_new(purpose)) {
            own.news.clear();
        }
        let fresh = self.purposes.iter().filter(|purpose| is_new(purpose));
        let names: Vec<String> = fresh.map(|purpose| purpose.named_with_news(locale)).collect();
        if !names.is_empty() {
            view.news = view.texts.news.replace("{purposes}", &names.join(", "));
        }
        Some(view)
    }

    /// What one visitor sees: this notice in one of its locales, or nothing if it has no such locale. `built_in` says what
    /// the notice is too old to say, and `lifetime` how long a cookie lives, which are for the server to know.
    #[must_use]
    pub fn view(
        &self,
        locale: &Locale,
        built_in: &Texts,
        lifetime: impl Fn(Lifetime) -> String,
    ) -> Option<NoticeView> {
        let mut texts = self.words(locale, built_in)?;
        let purposes: Vec<PurposeView> = self
            .purposes
            .iter()
            .map(|purpose| purpose.view(locale, &texts.news_mark, &lifetime))
            .collect::<Option<_>>()?;
        if !self.asks() {
            // There are no choices to speak of: the preferences show the cookies, and close.
            let Texts { cookies, inform, dismiss, .. } = texts.clone();
            texts = Texts {
                reopen: cookies.clone(),
                preferences: cookies,
                preferences_body: inform,
                close: dismiss.clone(),
                save: dismiss,
                ..texts
            };
        }
        Some(NoticeView {
            number: self.number,
            locale: locale.to_string(),
            appearance: AppearanceView {
                layout: self.appearance.layout,
                corner: self.appearance.corner,
                floating_button: self.appearance.floating_button,
            },
            controller: self.controller.name.clone(),
            privacy_policy: self.privacy_policy.clone(),
            news: String::new(),
            texts,
            purposes,
        })
    }
}

impl Purpose {
    /// Whether somebody's answer can be older than it: the first notice is news to nobody.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.since > 1
    }

    /// Its name in a language, with what the site says is new about it.
    #[must_use]
    pub fn named_with_news(&self, locale: &Locale) -> String {
        match self.texts.get(locale) {
            Some(PurposeTexts { name, changed: Some(changed), .. }) => format!("{name} ({changed})"),
            Some(PurposeTexts { name, .. }) => name.clone(),
            None => self.id.to_string(),
        }
    }

    fn view(
        &self,
        locale: &Locale,
        mark: &str,
        lifetime: impl Fn(Lifetime) -> String,
    ) -> Option<PurposeView> {
        let texts = self.texts.get(locale)?;
        Some(PurposeView {
            id: self.id.to_string(),
            essential: self.essential,
            gpc: self.gpc,
            since: self.since,
            name: texts.name.clone(),
            description: texts.description.clone(),
            news: match &texts.changed {
                _ if !self.has_news() => String::new(),
                None => mark.to_owned(),
                Some(changed) => format!("{mark}: {changed}"),
            },
            cookies: self
                .cookies
                .iter()
                .map(|cookie| {
                    Some(CookieView {
                        name: cookie.name.clone(),
                        provider: cookie.provider.clone(),
                        about: cookie.about.get(locale)?.clone(),
                        lifetime: lifetime(cookie.lifetime),
                    })
                })
                .collect::<Option<_>>()?,
        })
    }
}

/// A notice in one language: the widget's properties, equal on both sides of the hydration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeView {
    /// The notice's number.
    pub number: u32,
    /// The language of every text in it.
    pub locale: String,
    /// What it looks like.
    pub appearance: AppearanceView,
    /// The controller's name.
    pub controller: String,
    /// Where the controller's privacy policy is.
    pub privacy_policy: Option<String>,
    /// What is new to somebody who has answered before; empty for everybody else.
    #[serde(skip)]
    pub news: String,
    /// The banner's words.
    pub texts: Texts,
    /// The purposes in the order shown.
    pub purposes: Vec<PurposeView>,
}

impl NoticeView {
    /// Whether it asks anything. What is strictly necessary is only told.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.purposes.iter().any(|purpose| !purpose.essential)
    }
}

/// The part of the appearance that the components follow; the rest is style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AppearanceView {
    /// What asks.
    pub layout: Layout,
    /// Where the box and the floating button stand.
    pub corner: Corner,
    /// Whether a small button stays after a decision.
    pub floating_button: bool,
}

/// A purpose in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PurposeView {
    /// The purpose's id.
    pub id: String,
    /// Shown, never asked.
    pub essential: bool,
    /// Covered by Global Privacy Control.
    pub gpc: bool,
    /// The notice number at which it last changed materially.
    pub since: u32,
    /// A short label.
    pub name: String,
    /// What happens and why.
    pub description: String,
    /// How it is marked for somebody whose answer is older than it; empty where there can be nobody.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub news: String,
    /// Its declared cookies.
    pub cookies: Vec<CookieView>,
}

/// A declared cookie in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CookieView {
    /// Name or pattern.
    pub name: String,
    /// Who sets it.
    pub provider: String,
    /// What it is for.
    pub about: String,
    /// How long it lives, in words.
    pub lifetime: String,
}
