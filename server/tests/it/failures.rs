//! Owns what must hold when something fails: nothing that was acknowledged is lost, nothing is doubled, `/readyz` says why, and
//! whoever sends a decision until it is answered gets it in.

mod crashes;
mod edges;
mod kills;
mod networks;
mod nodes;
mod postgres_servers;
mod power;
mod readiness;
mod sqlite_files;

/// The same numbers for the same seed, which the test prints: whoever finds a failure can have it again.
pub(crate) struct Dice(u64);

impl Dice {
    /// By `ASSENT_TEST_SEED`, or by chance.
    pub(crate) fn new() -> Self {
        let seed = setting("ASSENT_TEST_SEED").unwrap_or_else(|| getrandom::u64().unwrap() | 1);
        eprintln!("ASSENT_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit` (xorshift64*).
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % limit
    }
}

/// A number that whoever runs the tests may set.
#[expect(clippy::disallowed_methods, reason = "a setting of the test suite")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}
