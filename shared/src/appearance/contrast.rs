//! Owns which colours of a theme are too near to each other, by WCAG 2.2.
//! Refuses to look at a whole appearance; `appearance.rs` does.

use std::fmt;

use super::{Colour, Theme};

/// Two colours that are too near to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowContrast {
    /// The theme: `light` or `dark`.
    pub scheme: &'static str,
    /// The colour in front.
    pub key: &'static str,
    what: &'static str,
    front: Colour,
    back: Colour,
    least: u32,
}

impl fmt::Display for LowContrast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, front, back, least, .. } = self;
        let contrast = tenths(front.contrast(*back));
        write!(
            f,
            "{what} {front} on {back} has a contrast of {contrast}:1, at least {}:1 is needed",
            tenths(*least)
        )
    }
}

impl Theme {
    pub(super) fn problems(&self, scheme: &'static str) -> Vec<LowContrast> {
        // Least contrasts in hundredths.
        let pairs = [
            ("text", "the text", self.text, self.background, 450),
            ("muted", "the muted text", self.muted, self.background, 450),
            ("on_accent", "the buttons' text", self.on_accent, self.accent, 450),
            ("accent", "the accent", self.accent, self.background, 300),
        ];
        let problems = pairs.into_iter().filter(|(.., front, back, least)| front.contrast(*back) < *least);
        problems
            .map(|(key, what, front, back, least)| LowContrast { scheme, key, what, front, back, least })
            .collect()
    }
}

/// Hundredths as people write them, rounded down: what is too little must not look like enough.
fn tenths(hundredths: u32) -> String {
    match (hundredths / 100, hundredths % 100 / 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenths) => format!("{whole}.{tenths}"),
    }
}
