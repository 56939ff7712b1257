//! Owns what a first visitor waits for: the page, the banner, a click; beside the same page without a banner and with peers.
//! Refuses to judge by seconds of this machine: every goal but that of the click is held against another variant of the same round.

mod host;
mod returning;
mod variant;
mod visit;

use std::time::Duration;

use anyhow::{Result, anyhow};
use assent_tests::engine::{Engine, Pool};
use assent_tests::settings::Settings;

use self::host::Host;
use self::variant::Variant;
use self::visit::{Browser, Click, Line, Load, SLOWDOWN};
use crate::process::Database;
use crate::{median, report, say};

const ROUNDS: usize = 11;
const LINES: [Line; 2] = [Line { round_trip: 60, megabits: 9.0 }, Line { round_trip: 150, megabits: 1.6 }];

/// One picture of a usual screen; times of pictures differ by whole ones.
const PICTURE: f64 = 1000.0 / 60.0;
const VANILLA_GOAL: f64 = 0.5;
const MINIMAL_GOAL: f64 = 1.1;
const CLICK_GOAL: f64 = 100.0;

const DIALOG: &str = "document.querySelector('assent-root').shadowRoot.querySelector('dialog[open]')";

/// The clicks that are measured.
const CLICKS: [&str; 4] = [
    "Manage, the widget is there",
    "Accept, the widget is there",
    "Manage, while hydrating",
    "Accept, while hydrating",
];

/// What the rounds over one line gave: loads by variant, clicks by kind.
#[derive(Debug, Default)]
struct Figures {
    loads: [Vec<Load>; Variant::ALL.len()],
    clicks: [Vec<Click>; 4],
}

pub(crate) async fn run() -> Result<()> {
    let pool = Pool::new(Engine::Chromium, &Settings::from_environment()?);
    if let Some(missing) = pool.missing() {
        return Err(anyhow!("bench page: {missing}"));
    }
    let host = Host::start().await?;
    let database = Database::sqlite()?;
    database.prepare_for(&host.origin())?;
    let server = database.serve()?;
    host.set_upstream(server.address);

    let lease = pool.lease().await?;
    returning::run(&lease.session, &host.origin()).await?;
    pool.give_back(lease).await?;
    for line in LINES {
        say(&format!(
            "\nA first visit in Chromium: {} ms round trip, {} Mbit/s, processor {SLOWDOWN} times slower, {ROUNDS} rounds, medians",
            line.round_trip, line.megabits
        ));
        let mut figures = Figures::default();
        for round in 0..ROUNDS {
            let lease = pool.lease().await?;
            let browser = Browser::prepare(lease.session.clone(), host.origin()).await?;
            browser.use_line(line).await?;
            figures.round(round, &browser, &host, line).await?;
            pool.give_back(lease).await?;
        }
        figures.print();
        figures.judge();
    }
    Ok(())
}

impl Figures {
    /// Every variant once, each round another one first; then the clicks.
    async fn round(&mut self, round: usize, browser: &Browser, host: &Host, line: Line) -> Result<()> {
        for turn in 0..Variant::ALL.len() {
            let index = (round + turn) % Variant::ALL.len();
            let variant = Variant::ALL[index];
            browser.open(variant.path()).await?;
            self.loads[index].push(browser.load().await?);
            if variant == Variant::Assent {
                self.clicks[0].push(browser.click(browser.place("manage").await?).await?);
                browser.must_be("the preferences are open", DIALOG).await?;
                browser.escape().await?;
                browser.must_be("the preferences are closed", &format!("!{DIALOG}")).await?;
                self.clicks[1].push(browser.click(browser.place("accept").await?).await?);
                browser.must_be("the banner is gone", "!seen.shown()").await?;
            }
        }
        for (kind, act, effect) in [(2, "manage", DIALOG), (3, "accept", "!seen.shown()")] {
            self.clicks[kind].push(early_click(round, browser, host, line, act).await?);
            browser.must_be("nothing came of it", effect).await?;
        }
        Ok(())
    }

    fn loads(&self, variant: Variant) -> &[Load] {
        let index = Variant::ALL.iter().position(|one| *one == variant).unwrap_or_default();
        &self.loads[index]
    }

    fn of(&self, variant: Variant, figure: impl Fn(&Load) -> Option<f64>) -> Vec<f64> {
        self.loads(variant).iter().filter_map(figure).collect()
    }

    fn most_shift(&self, variant: Variant) -> f64 {
        self.of(variant, |load| Some(load.shift)).into_iter().fold(0.0, f64::max)
    }

    fn print(&self) {
        say(&format!(
            "  {:<28} {:>12} {:>14} {:>15} {:>13} {:>11}",
            "", "page painted", "script arrived", "banner visible", "blocking time", "most shift"
        ));
        let middle = |figures: Vec<f64>| match figures.len() {
            0 => "–".to_owned(),
            _ => format!("{:.0} ms", median(figures)),
        };
        for variant in Variant::ALL {
            say(&format!(
                "  {:<28} {:>12} {:>14} {:>15} {:>13} {:>11.3}",
                variant.name(),
                middle(self.of(variant, |load| Some(load.painted))),
                middle(self.of(variant, |load| load.arrived)),
                middle(self.of(variant, |load| load.banner)),
                middle(self.of(variant, |load| Some(load.blocking))),
                self.most_shift(variant),
            ));
        }
        for variant in Variant::ALL {
            for load in self.loads(variant).iter().filter(|load| load.shift > 0.0) {
                say(&format!("  {}: moved by {:.3}: {}", variant.name(), load.shift, load.moved));
            }
        }
        say(&format!(
            "  {:<28} {:>12} {:>14} {:>32}",
            "a click", "median", "slowest", "at, from the wasm's arrival on"
        ));
        for (kind, clicks) in CLICKS.iter().zip(&self.clicks) {
            let delays: Vec<f64> = clicks.iter().map(|click| click.delay).collect();
            let mut moments: Vec<f64> = clicks.iter().map(|click| click.after_wasm).collect();
            moments.retain(|moment| moment.is_finite());
            moments.sort_by(f64::total_cmp);
            let span = match moments.as_slice() {
                [first, .., last] => format!("{first:+.0} to {last:+.0} ms"),
                _ => String::new(),
            };
            let slowest = delays.iter().copied().fold(0.0, f64::max);
            say(&format!("  {kind:<28} {:>9.0} ms {slowest:>11.0} ms {span:>32}", median(delays)));
        }
    }

    fn judge(&self) {
        let painted = |variant| self.of(variant, |load| Some(load.painted));
        let later = median(painted(Variant::Assent)) - median(painted(Variant::None));
        // What this run cannot tell apart: the middle half of the page without a banner, at least one picture.
        let noise = middle_half(painted(Variant::None)).max(PICTURE);
        report(
            "the page is painted later than without banner",
            &format!("{later:+.0} ms"),
            &format!("<= {noise:.0} (noise)"),
            later <= noise,
        );
        let banner = |variant| median(self.of(variant, |load| load.banner));
        for (peer, goal) in [
            (Variant::Vanilla, VANILLA_GOAL),
            (Variant::Documented, VANILLA_GOAL),
            (Variant::Minimal, MINIMAL_GOAL),
        ] {
            let ratio = banner(Variant::Assent) / banner(peer);
            report(
                &format!("banner visible, over {}", peer.name()),
                &format!("{ratio:.2}x"),
                &format!("<= {goal}x"),
                ratio <= goal,
            );
        }
        let blocking = median(self.of(Variant::Assent, |load| Some(load.blocking)));
        report("total blocking time", &format!("{blocking:.0} ms"), "0 ms", blocking == 0.0);
        let (shift, own) = (self.most_shift(Variant::Assent), self.most_shift(Variant::None));
        report("layout shift, the most", &format!("{shift:.3}"), "0", shift == 0.0);
        if own > 0.0 {
            say(
                "  (the page moves by itself when it is painted before all of it has come, see \"no banner\")",
            );
        }
        for (kind, clicks) in CLICKS.iter().zip(&self.clicks) {
            let delay = median(clicks.iter().map(|click| click.delay).collect());
            let goal = format!("<= {CLICK_GOAL} ms");
            report(
                &format!("{kind}: on the screen after"),
                &format!("{delay:.0} ms"),
                &goal,
                delay <= CLICK_GOAL,
            );
        }
    }
}

/// A click around the moment at which the wasm has arrived and the widget takes over, each round a little later.
async fn early_click(round: usize, browser: &Browser, host: &Host, line: Line, act: &str) -> Result<Click> {
    host.hold_wasm(true);
    browser.open(Variant::Assent.path()).await?;
    browser.sees_banner().await?;
    let (x, y) = browser.place(act).await?;
    host.hold_wasm(false);
    let size = u32::try_from(assent::widget::brotli_len())?;
    let arrival = f64::from(line.round_trip) + f64::from(size) * 8.0 / (line.megabits * 1e3);
    let spread = 15.0 * f64::from(u32::try_from(round)?) - 40.0;
    tokio::time::sleep(Duration::from_secs_f64((arrival + spread).max(0.0) / 1e3)).await;
    browser.press(x, y).await?;
    browser.clicked().await
}

/// How far apart the first and the third quarter are.
fn middle_half(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() * 3 / 4] - figures[figures.len() / 4]
}
