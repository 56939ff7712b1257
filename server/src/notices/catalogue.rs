//! Owns the catalogue: services that many sites use, with what each keeps in browsers, as data (`server/services`).
//! Refuses to guess: a cookie stands here only where its vendor says what it is for and how long it lives.

mod add;
mod api;
mod command;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use assent_shared::PurposeId;
use assent_shared::notice::{Lifetime, StorageKind};
use assent_shared::terms::{Location, PurposeType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::add::add;
pub use self::api::routes;
pub use self::command::ServicesCommand;

/// Lists the services; each file is read when the first of them is wanted, and then kept.
macro_rules! services {
    ($($id:literal)*) => {
        static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| vec![
            $(Service::read($id, include_str!(concat!("../../services/", $id, ".toml")))),*
        ]);
    };
}

services! {
    "amplitude" "calendly" "clarity" "cloudflare" "cloudflare_web_analytics" "crisp" "datadog_rum" "drift" "fathom"
    "google_ads" "google_analytics" "google_maps" "google_tag_manager" "hcaptcha" "heap" "hotjar" "hubspot" "intercom"
    "klaviyo" "linkedin_insight" "mailchimp" "matomo" "meta_pixel" "microsoft_advertising" "mixpanel" "new_relic"
    "optimizely" "paypal" "pinterest_tag" "plausible" "posthog" "recaptcha" "reddit_pixel" "segment" "sentry"
    "shopify_analytics" "simple_analytics" "snap_pixel" "soundcloud" "spotify" "stripe" "tiktok_pixel" "typeform" "vimeo"
    "x_pixel" "youtube" "zendesk"
}

/// A service that sites use, as far as it is the same on all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name in commands and addresses.
    #[serde(skip_deserializing)]
    pub id: &'static str,
    /// Its name for people.
    pub name: String,
    /// What it does, in English.
    pub about: String,
    /// The built-in adapter that tells it about the choices.
    #[serde(default)]
    pub adapter: Option<String>,
    /// What it keeps in the browser. Others may come with its versions and settings.
    #[serde(default)]
    pub cookies: Vec<ServiceCookie>,
    /// Whether it can be strictly necessary for what a visitor asked for.
    #[serde(default)]
    pub essential: bool,
    /// The hosts of frames to hold.
    #[serde(default)]
    pub frames: Vec<String>,
    /// What it serves.
    pub kind: Kind,
    /// Whose it is.
    pub provider: Provider,
    /// The purpose under which it usually stands.
    pub purpose: PurposeId,
    /// What that is in DPV's terms.
    #[serde(default)]
    pub purpose_types: Vec<PurposeType>,
    /// The hosts of scripts to hold; `*` stands for any beginning.
    #[serde(default)]
    pub scripts: Vec<String>,
    /// Why it is strictly necessary, or why not.
    pub why: String,
}

/// Whose a service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its seat.
    pub country: Location,
    /// Its registered name.
    pub name: String,
    /// Where its privacy policy is.
    pub privacy_policy: String,
}

/// A cookie or storage key of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceCookie {
    /// What it is for, in English.
    pub about: String,
    /// Where it is kept.
    #[serde(default)]
    #[schema(value_type = String)]
    pub kind: StorageKind,
    /// How long it lives.
    #[schema(value_type = String)]
    pub lifetime: Lifetime,
    /// Its name; `*` stands for any run of characters.
    pub name: String,
}

/// What a service or a purpose serves, as far as it matters to what may be called necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Measuring visits.
    Analytics,
    /// Errors and loading times.
    Diagnostics,
    /// Advertising and campaigns.
    Marketing,
    /// Films, maps, forms of other houses.
    Media,
    /// Taking payments.
    Payment,
    /// Settings that a visitor makes.
    Preferences,
    /// Keeping attacks away.
    Security,
    /// Talking with visitors.
    Support,
    /// Loading others.
    Tags,
}

impl Kind {
    /// What a purpose serves by its types, else by the usual names; nothing where neither says so.
    #[must_use]
    pub fn of_purpose(id: &str, types: &[PurposeType]) -> Option<Self> {
        let by_type = types.iter().find_map(|term| {
            Some(match term.as_str() {
                "dpv:ServiceUsageAnalytics" => Self::Analytics,
                "dpv:Marketing"
                | "dpv:Advertising"
                | "dpv:DirectMarketing"
                | "dpv:PersonalisedAdvertising"
                | "dpv:TargetedAdvertising" => Self::Marketing,
                "dpv:EnforceSecurity" => Self::Security,
                "dpv:ServicePersonalisation" => Self::Preferences,
                _ => return None,
            })
        });
        by_type.or_else(|| {
            Some(match id {
                "analytics" | "statistics" | "measurement" | "performance" | "audience" => Self::Analytics,
                "marketing" | "ads" | "advertising" | "advertisement" | "retargeting" | "social" => {
                    Self::Marketing
                }
                "preferences" | "personalisation" | "personalization" => Self::Preferences,
                "video" | "videos" | "media" | "embeds" | "maps" | "audio" => Self::Media,
                "security" => Self::Security,
                "payment" | "payments" => Self::Payment,
                "support" | "chat" => Self::Support,
                "diagnostics" => Self::Diagnostics,
                _ => return None,
            })
        })
    }

    /// Whether it watches visitors, and so is never what they asked for.
    #[must_use]
    pub fn is_tracking(self) -> bool {
        matches!(self, Self::Analytics | Self::Marketing)
    }

    /// The kind in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Diagnostics => "diagnostics",
            Self::Marketing => "advertising",
            Self::Media => "embedded media",
            Self::Payment => "payment",
            Self::Preferences => "preferences",
            Self::Security => "security",
            Self::Support => "support",
            Self::Tags => "tag management",
        }
    }
}

impl Service {
    fn read(id: &'static str, text: &str) -> Self {
        Self { id, ..toml::from_str(text).expect("a test has read every file") }
    }
}

/// Every service, by the alphabet.
#[must_use]
pub fn all() -> &'static [Service] {
    &SERVICES
}

/// The service of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.id == id)
}

/// The services that keep something of that name there, which may be a pattern. Names so short that anybody may use them say
/// nothing.
pub(super) fn by_cookie(name: &str, kind: StorageKind) -> impl Iterator<Item = &'static Service> {
    let keeps = move |cookie: &ServiceCookie| {
        let own = &cookie.name;
        cookie.kind == kind
            && (own.starts_with('_') || own.chars().filter(|c| *c != '*').count() > 3)
            && (own == name || matches(own, name) || matches(name, own))
    };
    SERVICES.iter().filter(move |service| service.cookies.iter().any(keeps))
}

/// Whether a name is one that a pattern stands for.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((beginning, rest)) = pattern.split_once('*') else { return pattern == name };
    name.strip_prefix(beginning).is_some_and(|name| {
        (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| matches(rest, &name[at..]))
    })
}
