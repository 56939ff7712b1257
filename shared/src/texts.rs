//! Owns the list of words that the banner says; each locale supplies them all, the operator may replace any.
//! Refuses to hold any language itself: those are data files of the server.

use serde::{Deserialize, Serialize};

macro_rules! texts {
    ($($(#[$doc:meta])* $key:ident,)*) => {
        /// Every word of the banner in one language.
        ///
        /// A notice from before a text existed reads as having it empty, and keeps its bytes.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Texts {
            $($(#[$doc])* #[serde(skip_serializing_if = "String::is_empty")] pub $key: String,)*
        }

        impl Texts {
            /// The keys, in alphabetical order.
            pub const KEYS: &[&str] = &[$(stringify!($key)),*];

            /// Builds the texts by asking `read` for each key.
            pub fn from_keys(mut read: impl FnMut(&str) -> String) -> Self {
                Self { $($key: read(stringify!($key)),)* }
            }

            /// These texts, with those of `built_in` wherever one is empty.
            #[must_use]
            pub fn or(&self, built_in: &Self) -> Self {
                let or = |own: &String, other: &String| if own.is_empty() { other.clone() } else { own.clone() };
                Self { $($key: or(&self.$key, &built_in.$key),)* }
            }

            /// The text behind a key.
            #[must_use]
            pub fn get(&self, key: &str) -> Option<&str> {
                match key {
                    $(stringify!($key) => Some(&self.$key),)*
                    _ => None,
                }
            }

            /// The text behind a key, to be replaced.
            pub fn get_mut(&mut self, key: &str) -> Option<&mut String> {
                match key {
                    $(stringify!($key) => Some(&mut self.$key),)*
                    _ => None,
                }
            }
        }
    };
}

// Alphabetical, because the fields' order is the order of the canonical bytes (RFC 8785).
texts! {
    /// The button that grants every optional purpose.
    accept,
    /// Stands in place of the switch of an essential purpose.
    always_on,
    /// The banner's paragraph: who asks, for what, and that the choice can be changed.
    body,
    /// The button that closes the preferences and grants nothing.
    close,
    /// Column heading: what the cookie is for.
    cookie_about,
    /// Column heading: how long the cookie lives.
    cookie_lifetime,
    /// Column heading: a declared cookie's name.
    cookie_name,
    /// Column heading: who sets the cookie.
    cookie_provider,
    /// Summary line that unfolds a purpose's declared cookies.
    cookies,
    /// The button that closes what only informs, and preferences that have nothing to choose.
    dismiss,
    /// Stands in place of embedded content: `{provider}` is its host, `{purpose}` its purpose by name.
    embed,
    /// The button that grants the purpose of such content.
    embed_always,
    /// The button that loads such content this one time.
    embed_once,
    /// Unfolds what is recorded of the visitor's own choices.
    history,
    /// Said where that cannot be shown, downloaded or erased right now.
    history_failed,
    /// Said in place of the question where nothing is optional.
    inform,
    /// The button that opens the preferences.
    manage,
    /// Says in the banner and in the preferences what is asked anew: `{purposes}` are their names.
    news,
    /// Marks each such purpose in the preferences.
    news_mark,
    /// The preferences' heading.
    preferences,
    /// The preferences' opening paragraph.
    preferences_body,
    /// The link to the controller's privacy policy.
    privacy_policy,
    /// Names the banner's region for assistive technology.
    region,
    /// The button that denies every optional purpose.
    reject,
    /// The small floating button that opens the preferences later.
    reopen,
    /// The button that stores exactly the selection.
    save,
    /// Announced after a decision was stored.
    saved,
    /// Says that a purpose is off because of the browser's signal, beside the purpose and in the banner.
    signal,
    /// Says that a purpose is on although the browser sends the signal, because the visitor turned it on.
    signal_overruled,
    /// The banner's heading.
    title,
}
