//! Owns the names of a bundle's files, and the order in which they stand.
//! Refuses names that nobody writes: a file that is not known would be one that is not checked.

/// For people: what this is, and how to check it.
pub const README: &str = "README.txt";
/// See [`super::Head`].
pub const HEAD: &str = "bundle.json";
/// The signed note that everything is proven under.
pub const CHECKPOINT: &str = "checkpoint";
/// See [`super::Manifest`].
pub const MANIFEST: &str = "manifest.json";

/// Leaf hashes in a file of `leaves/`.
pub const LEAVES_PER_FILE: usize = 65_536;
/// The most lines in a file of `ledger/`.
pub const LINES_PER_FILE: usize = 10_000;

/// An earlier checkpoint; counted from 1, by size.
#[must_use]
pub fn earlier(number: u64) -> String {
    format!("checkpoints/{number:06}")
}

/// The proof that an earlier checkpoint's tree is the beginning of the newest one's; numbered as the checkpoint is.
#[must_use]
pub fn consistency(number: u64) -> String {
    format!("consistency/{number:06}")
}

/// Leaf hashes; counted from 0.
#[must_use]
pub fn leaves(number: u64) -> String {
    format!("leaves/{number:05}.bin")
}

/// A notice's canonical bytes, as they are hashed.
#[must_use]
pub fn notice(number: u32) -> String {
    format!("notices/{number}.json")
}

/// A notice as it was shown in one language.
#[must_use]
pub fn shown_notice(number: u32, locale: &str) -> String {
    format!("notices/{number}.{locale}.html")
}

/// Lines; counted from 0.
#[must_use]
pub fn lines(number: u64) -> String {
    format!("ledger/{number:05}.jsonl")
}

/// The receipts as a table; counted from 0.
#[must_use]
pub fn table(number: u64) -> String {
    format!("csv/{number:05}.csv")
}

/// What a file of a bundle is. The order is the order in the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Readme,
    Head,
    Checkpoint,
    Earlier(u64),
    Consistency(u64),
    Leaves(u64),
    /// The number, where it is the notice itself and not a picture of it.
    Notice(Option<u32>),
    Lines(u64),
    Table(u64),
    Manifest,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        let numbered = |prefix: &str, suffix: &str, name_of: fn(u64) -> String| {
            let number = name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok()?;
            // One spelling for each: `leaves/0.bin` is not `leaves/00000.bin`.
            (name_of(number) == name).then_some(number)
        };
        match name {
            README => Some(Self::Readme),
            HEAD => Some(Self::Head),
            CHECKPOINT => Some(Self::Checkpoint),
            MANIFEST => Some(Self::Manifest),
            _ => numbered("checkpoints/", "", earlier)
                .map(Self::Earlier)
                .or_else(|| numbered("consistency/", "", consistency).map(Self::Consistency))
                .or_else(|| numbered("leaves/", ".bin", leaves).map(Self::Leaves))
                .or_else(|| numbered("ledger/", ".jsonl", lines).map(Self::Lines))
                .or_else(|| numbered("csv/", ".csv", table).map(Self::Table))
                .or_else(|| Self::of_notice(name.strip_prefix("notices/")?)),
        }
    }

    fn of_notice(name: &str) -> Option<Self> {
        let (number, kind) = name.split_once('.')?;
        let digits = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| digits)?;
        match kind {
            "json" => Some(Self::Notice(Some(number))),
            _ => {
                let locale = kind.strip_suffix(".html")?;
                locale.parse::<crate::id::Locale>().ok().map(|_| Self::Notice(None))
            }
        }
    }

    /// Whether a file of this kind may stand behind one of `before`: kinds in order, numbers without a gap.
    pub(super) fn may_follow(self, before: Option<Self>) -> bool {
        let Some(before) = before else { return matches!(self, Self::Readme | Self::Head) };
        match (before, self) {
            (Self::Notice(_), Self::Notice(_)) => true,
            (Self::Earlier(last), Self::Earlier(next))
            | (Self::Consistency(last), Self::Consistency(next))
            | (Self::Leaves(last), Self::Leaves(next))
            | (Self::Lines(last), Self::Lines(next))
            | (Self::Table(last), Self::Table(next)) => next == last + 1,
            (_, Self::Earlier(first) | Self::Consistency(first)) => before < self && first == 1,
            (_, Self::Leaves(first) | Self::Lines(first) | Self::Table(first)) => before < self && first == 0,
            _ => before < self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_one_spelling() {
        assert_eq!(Kind::of("checkpoints/000012"), Some(Kind::Earlier(12)));
        assert_eq!(Kind::of(&leaves(3)), Some(Kind::Leaves(3)));
        assert_eq!(Kind::of(&notice(7)), Some(Kind::Notice(Some(7))));
        assert_eq!(Kind::of(&shown_notice(7, "pt-BR")), Some(Kind::Notice(None)));
        for bad in
            ["", "ledger/0.jsonl", "ledger/+0001.jsonl", "notices/01.json", "notices/1.js", "../checkpoint"]
        {
            assert_eq!(Kind::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn files_stand_in_order_and_without_gaps() {
        assert!(Kind::Lines(1).may_follow(Some(Kind::Lines(0))));
        assert!(!Kind::Lines(2).may_follow(Some(Kind::Lines(0))));
        assert!(!Kind::Lines(1).may_follow(Some(Kind::Leaves(0))));
        assert!(!Kind::Leaves(0).may_follow(Some(Kind::Lines(0))));
        assert!(!Kind::Head.may_follow(Some(Kind::Head)));
        assert!(!Kind::Manifest.may_follow(None));
    }
}
