//! Owns how the banner looks: layout, corner and colours, all by the notice, and the check that every theme stays readable.
//! Refuses to tell Accept from Reject: there is one pair of colours for both, so no theme can favour either.

mod contrast;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::contrast::LowContrast;

/// How a notice looks. What is left out looks as it does by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Appearance {
    /// Where the box and the floating button stand.
    pub corner: Corner,
    /// The colours on a dark ground.
    #[serde(deserialize_with = "dark")]
    pub dark: Theme,
    /// What is shown where nothing is optional, so that there is nothing to ask.
    #[serde(skip_serializing_if = "EssentialOnly::is_nothing")]
    pub essential_only: EssentialOnly,
    /// Whether a small button stays after a decision.
    pub floating_button: bool,
    /// Whose letters are used.
    pub font: Font,
    /// What asks.
    pub layout: Layout,
    /// The colours on a light ground.
    #[serde(deserialize_with = "light")]
    pub light: Theme,
    /// How round corners are, in CSS pixels.
    pub radius: u8,
    /// Which of the two themes is shown.
    pub scheme: Scheme,
}

/// Declares the words of one setting.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $text)] $word,)*
        }

        impl $name {
            /// The setting as it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text,)* }
            }

            /// The setting that is written so; an unknown word means the default.
            #[must_use]
            pub fn named(text: &str) -> Self {
                match text { $($text => Self::$word,)* _ => Self::default() }
            }
        }
    };
}

words! {
    /// What asks: the shape of the first layer.
    Layout {
        /// A bar at the lower edge.
        #[default]
        BarBottom = "bar_bottom",
        /// A bar at the upper edge.
        BarTop = "bar_top",
        /// A box in a lower corner.
        Box = "box",
        /// A modal dialog in the middle.
        Dialog = "dialog",
    }
}

words! {
    /// What is shown by a notice that has no optional purpose.
    EssentialOnly {
        /// Nothing: there is no question, and the purposes are shown to whoever opens the preferences.
        #[default]
        Nothing = "nothing",
        /// A bar that informs, until the visitor closes it.
        Bar = "bar",
    }
}

impl EssentialOnly {
    /// Notices from before there was a choice keep their bytes.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks it so")]
    fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

words! {
    /// A lower corner, named by the direction of reading.
    Corner {
        /// Where lines begin: on the left in English, on the right in Arabic.
        #[default]
        Start = "start",
        /// Where lines end.
        End = "end",
    }
}

words! {
    /// Light or dark.
    Scheme {
        /// As the visitor's system wishes.
        #[default]
        Auto = "auto",
        /// Always light.
        Light = "light",
        /// Always dark.
        Dark = "dark",
    }
}

words! {
    /// Whose letters are used.
    Font {
        /// The page's: what its body has.
        #[default]
        Page = "page",
        /// The visitor's system's.
        System = "system",
    }
}

/// The colours of one scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// The ground of both answers, switches that are on, and the ring around what has the focus.
    pub accent: Colour,
    /// The ground of everything.
    pub background: Colour,
    /// Lines between things.
    pub border: Colour,
    /// Text of lesser weight.
    pub muted: Colour,
    /// The text of both answers.
    pub on_accent: Colour,
    /// Text.
    pub text: Colour,
}

/// The theme used where a notice names no colour of its own, on a light ground.
const LIGHT: Theme = Theme {
    accent: Colour(0x1d, 0x4e, 0xd8),
    background: Colour(0xff, 0xff, 0xff),
    border: Colour(0xd5, 0xda, 0xe1),
    muted: Colour(0x56, 0x61, 0x73),
    on_accent: Colour(0xff, 0xff, 0xff),
    text: Colour(0x1b, 0x24, 0x30),
};

/// The same on a dark ground.
const DARK: Theme = Theme {
    accent: Colour(0x8a, 0xb4, 0xff),
    background: Colour(0x17, 0x1c, 0x24),
    border: Colour(0x3a, 0x44, 0x53),
    muted: Colour(0xa5, 0xb0, 0xc0),
    on_accent: Colour(0x0c, 0x15, 0x24),
    text: Colour(0xee, 0xf1, 0xf5),
};

impl Default for Appearance {
    fn default() -> Self {
        Self {
            corner: Corner::default(),
            dark: DARK,
            essential_only: EssentialOnly::default(),
            floating_button: true,
            font: Font::default(),
            layout: Layout::default(),
            light: LIGHT,
            radius: 12,
            scheme: Scheme::default(),
        }
    }
}

impl Appearance {
    /// Holds both themes against the contrast that WCAG 2.2 asks for (1.4.3 for text, 1.4.11 for what is operated).
    ///
    /// # Errors
    /// The first pair of colours that cannot be told apart well enough, in words for the operator.
    pub fn check(&self) -> Result<(), String> {
        match self.problems().into_iter().next() {
            Some(problem) => Err(format!("{}: {problem}", problem.scheme)),
            None => Ok(()),
        }
    }

    /// Every pair of colours that cannot be told apart well enough.
    #[must_use]
    pub fn problems(&self) -> Vec<LowContrast> {
        let of = |(scheme, theme): (&'static str, &Theme)| theme.problems(scheme);
        [("light", &self.light), ("dark", &self.dark)].into_iter().flat_map(of).collect()
    }
}

/// A colour of sRGB: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// The contrast ratio of two colours as WCAG 2.2 defines it, in hundredths, rounded down.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 100 and 2100")]
    pub fn contrast(self, other: Self) -> u32 {
        let (one, two) = (self.luminance(), other.luminance());
        ((one.max(two) + 0.05) / (one.min(two) + 0.05) * 100.0) as u32
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl FromStr for Colour {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| {
            // Checked beforehand, because number parsing takes a sign too.
            digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] =
            number.ok_or_else(|| format!("`{text}` is not a colour such as #1d4ed8"))?.to_be_bytes();
        Ok(Self(red, green, blue))
    }
}

impl TryFrom<String> for Colour {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

/// The colours that a notice names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    accent: Option<Colour>,
    background: Option<Colour>,
    border: Option<Colour>,
    muted: Option<Colour>,
    on_accent: Option<Colour>,
    text: Option<Colour>,
}

fn light<'de, D: Deserializer<'de>>(from: D) -> Result<Theme, D::Error> {
    Named::deserialize(from).map(|named| named.over(&LIGHT))
}

fn dark<'de, D: Deserializer<'de>>(from: D) -> Result<Theme, D::Error> {
    Named::deserialize(from).map(|named| named.over(&DARK))
}

impl Named {
    fn over(self, theme: &Theme) -> Theme {
        Theme {
            accent: self.accent.unwrap_or(theme.accent),
            background: self.background.unwrap_or(theme.background),
            border: self.border.unwrap_or(theme.border),
            muted: self.muted.unwrap_or(theme.muted),
            on_accent: self.on_accent.unwrap_or(theme.on_accent),
            text: self.text.unwrap_or(theme.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Appearance {
        serde_json::from_str(json).unwrap()
    }

    fn refused(json: &str) -> String {
        serde_json::from_str::<Appearance>(json).map_err(|error| error.to_string()).unwrap_err()
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |one: &str, two: &str| one.parse::<Colour>().unwrap().contrast(two.parse().unwrap());
        assert_eq!(contrast("#000000", "#ffffff"), 2100);
        assert_eq!(contrast("#ffffff", "#000000"), 2100);
        assert_eq!(contrast("#767676", "#ffffff"), 454, "the well-known lightest grey that passes");
        assert_eq!(contrast("#777777", "#ffffff"), 447, "and the one after it, which does not");
        assert_eq!(contrast("#123456", "#123456"), 100);
    }

    #[test]
    fn the_default_is_readable_and_what_is_left_out_is_the_default() {
        let appearance = Appearance::default();
        assert_eq!(appearance.check(), Ok(()));
        assert_eq!(read("{}"), appearance);
        assert_eq!(read(r#"{"light":{},"dark":{}}"#), appearance);
        let dark = read(r##"{"dark":{"accent":"#FFB000"}}"##).dark;
        assert_eq!((dark.accent, dark.text), (Colour(255, 176, 0), DARK.text));
    }

    #[test]
    fn a_theme_that_cannot_be_read_is_refused_with_the_reason() {
        let reason = |json: &str| read(json).check().unwrap_err();
        assert_eq!(
            reason(r##"{"dark":{"accent":"#888888","on_accent":"#777777"}}"##),
            "dark: the buttons' text #777777 on #888888 has a contrast of 1.2:1, at least 4.5:1 is needed"
        );
        assert_eq!(
            reason(r##"{"light":{"text":"#777777"}}"##),
            "light: the text #777777 on #ffffff has a contrast of 4.4:1, at least 4.5:1 is needed"
        );
        assert!(reason(r##"{"light":{"muted":"#aaaaaa"}}"##).starts_with("light: the muted text #aaaaaa"));
        assert_eq!(
            reason(r##"{"light":{"accent":"#ffe08a","on_accent":"#000000"}}"##),
            "light: the accent #ffe08a on #ffffff has a contrast of 1.2:1, at least 3:1 is needed"
        );
    }

    #[test]
    fn only_colours_and_known_words_are_taken() {
        for colour in ["red", "#fff", "#1d4ed", "#1d4ed8f", "1d4ed8", "#+d4ed8", "#1d4ed8;}", "#é4ed8"] {
            assert!(colour.parse::<Colour>().is_err(), "{colour}");
        }
        assert!(refused(r#"{"light":{"accent":"blue"}}"#).contains("`blue` is not a colour such as #1d4ed8"));
        assert!(refused(r#"{"layout":"popup"}"#).contains("bar_bottom"));
        assert!(refused(r#"{"colour":"red"}"#).contains("colour"));
        assert!(refused(r##"{"light":{"accept":"#000000"}}"##).contains("accept"));
    }

    #[test]
    fn words_go_there_and_back() {
        for layout in [Layout::BarBottom, Layout::BarTop, Layout::Box, Layout::Dialog] {
            assert_eq!(Layout::named(layout.as_str()), layout);
            assert_eq!(read(&format!("{{\"layout\":{:?}}}", layout.as_str())).layout, layout);
        }
        assert_eq!(Corner::named(""), Corner::Start);
    }

    #[test]
    fn it_is_written_in_canonical_order() {
        let written = serde_json::to_string(&Appearance::default()).unwrap();
        assert_eq!(written, serde_json_canonicalizer::to_string(&Appearance::default()).unwrap());
        assert_eq!(read(&written), Appearance::default());
    }
}
