//! Owns the addresses of tiles (C2SP tlog-tiles): `LEVEL/x001/x234/067`, `entries/067.p/12`.
//! Refuses a second spelling of any: caches keep what they got under the address that they asked for.

use assent_shared::ledger::tree::TILE_WIDTH;

/// A tile, full or partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    /// Of hashes at that level; none: of the leaves' own bytes.
    pub(super) level: Option<u8>,
    index: u64,
    /// How many entries; 256 of a full tile.
    width: u64,
}

impl Tile {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let (kind, place) = path.split_once('/')?;
        let level = match kind {
            "entries" => None,
            level => Some(number(level, 0, 63)?),
        };
        let (place, width) = match place.split_once(".p/") {
            Some((place, width)) => (place, number(width, 1, 255)?.into()),
            None => (place, TILE_WIDTH),
        };
        let index = index(place)?;
        // So that no sum below overflows; a ledger is never so large.
        (index < 1 << 48).then_some(Self { level, index, width })
    }

    /// The first of its entries at its level, and the one after its last.
    pub(super) fn entries(self) -> (u64, u64) {
        let first = self.index * TILE_WIDTH;
        (first, first + self.width)
    }
}

/// A decimal number without leading zeros.
fn number(text: &str, least: u8, most: u8) -> Option<u8> {
    let number = text.parse().ok().filter(|number: &u8| number.to_string() == text)?;
    (least..=most).contains(&number).then_some(number)
}

/// `x001/x234/067`: three digits an element, all but the last behind an `x`, and no element of zeros before the others.
fn index(place: &str) -> Option<u64> {
    let mut index: u64 = 0;
    let mut elements = place.split('/').peekable();
    let mut first = true;
    while let Some(element) = elements.next() {
        let more = elements.peek().is_some();
        let digits = if more { element.strip_prefix('x')? } else { element };
        let sound = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !sound || first && more && digits == "000" {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        first = false;
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_one_address() {
        let tile = |level, index, width| Some(Tile { level, index, width });
        assert_eq!(Tile::parse("0/x001/x234/067"), tile(Some(0), 1_234_067, 256));
        assert_eq!(Tile::parse("63/000.p/1"), tile(Some(63), 0, 1));
        assert_eq!(Tile::parse("entries/x001/000.p/255"), tile(None, 1000, 255));
        assert_eq!(Tile::parse("1/002").unwrap().entries(), (512, 768));
        for bad in [
            "",
            "0",
            "0/",
            "/000",
            "64/000",
            "00/000",
            "+1/000",
            "-1/000",
            "0/0",
            "0/00",
            "0/0000",
            "0/x000",
            "0/x000/001",
            "0/001/002",
            "0/x001",
            "0/00a",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p",
            "0/000.p/",
            "0/000/",
            "0/000.p/1/2",
            "entries",
            "Entries/000",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
            "0/..",
            "0/000?x",
        ] {
            assert_eq!(Tile::parse(bad), None, "{bad}");
        }
    }
}
