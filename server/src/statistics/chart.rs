//! Owns the picture of statistics: stacked bars as SVG, drawn by the server.
//! Refuses to be the only place of a number: the table beside it has them all. Refuses colour alone: each kind has its pattern.

use std::fmt::Write;

use super::{Part, Statistics};

/// What a bar is stacked of, from the bottom: its class in the style, its name, and its number.
pub const KINDS: [Kind; 4] = [
    Kind { class: "accepted", name: "Accepted", of: |part| part.sums.accepted },
    Kind { class: "customised", name: "Customised", of: |part| part.sums.customised },
    Kind { class: "refused", name: "Refused", of: |part| part.sums.refused },
    Kind { class: "ignored", name: "Ignored", of: |part| part.ignored },
];

/// One kind of answer in a bar.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The name of its look.
    pub class: &'static str,
    /// What people read.
    pub name: &'static str,
    of: fn(&Part) -> i64,
}

const WIDTH: i64 = 960;
const HEIGHT: i64 = 300;
const LEFT: i64 = 64;
const TOP: i64 = 16;
/// Where the bars stand.
const GROUND: i64 = 252;
/// Bars that fit; of more, neighbours become one.
const BARS: usize = 92;

/// The chart as SVG, without a script and without inline style; `None` where there is nothing to draw.
#[must_use]
pub fn draw(statistics: &Statistics) -> Option<String> {
    let bars = bars(&statistics.items);
    let largest =
        bars.iter().map(|(_, heights)| heights.iter().sum::<i64>()).max().filter(|most| *most > 0)?;
    let top = round_up(largest);
    let room = WIDTH - LEFT;
    let count = i64::try_from(bars.len()).ok()?;
    let (step, rest) = (room / count, room % count);
    let width = (step * 3 / 4).clamp(2, 72);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"chart-title chart-desc\">\
         <title id=\"chart-title\">Answers by {}</title><desc id=\"chart-desc\">{}</desc>{PATTERNS}",
        statistics.by.as_str(),
        escape(&describe(statistics)),
    );
    for quarter in 0..=4 {
        let y = GROUND - (GROUND - TOP) * quarter / 4;
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {y}H{WIDTH}\"/><text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8,
            y + 5,
            top * quarter / 4
        );
    }
    // As many labels as can be read.
    let every = (count * 84 / room).max(0) + 1;
    for (at, (name, heights)) in (0_i64..).zip(&bars) {
        let x = LEFT + at * step + at * rest / count + (step - width) / 2;
        let mut below = 0;
        for (kind, number) in KINDS.iter().zip(heights) {
            let scale = |number: i64| (GROUND - TOP) * number / top;
            let (y, height) = (GROUND - scale(below + number), scale(below + number) - scale(below));
            below += number;
            if height > 0 {
                let class = kind.class;
                let _ = write!(
                    svg,
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>\
                     <rect fill=\"url(#{class})\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
                );
            }
        }
        if at % every == 0 {
            let _ = write!(
                svg,
                "<text class=\"axis\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x + width / 2,
                GROUND + 24,
                escape(name)
            );
        }
    }
    svg.push_str("</svg>");
    Some(svg)
}

/// What the patterns are drawn with: told apart in print, in forced colours, and by who sees no colour.
const PATTERNS: &str = "<defs>\
    <pattern id=\"accepted\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"></pattern>\
    <pattern id=\"customised\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><circle class=\"mark\" cx=\"4\" cy=\"4\" r=\"1.6\"/></pattern>\
    <pattern id=\"refused\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path class=\"line\" d=\"M-2 2l4-4M0 8l8-8M6 10l4-4\"/></pattern>\
    <pattern id=\"ignored\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path class=\"line\" d=\"M0 4H8\"/></pattern>\
    </defs>";

/// A piece of the legend, with the same pattern as in the bars. Its ids are the chart's.
#[must_use]
pub fn swatch(class: &str) -> String {
    format!(
        "<svg class=\"swatch\" viewBox=\"0 0 24 16\" width=\"24\" height=\"16\" aria-hidden=\"true\">\
         <rect class=\"{class}\" width=\"24\" height=\"16\"/><rect fill=\"url(#{class})\" width=\"24\" height=\"16\"/></svg>"
    )
}

/// The chart in a sentence, for who hears it.
fn describe(statistics: &Statistics) -> String {
    let Part { sums, ignored, .. } = &statistics.total;
    format!(
        "Stacked bars, one for each {}. In all: shown {}, accepted {}, customised {}, refused {}, ignored {ignored}. \
         The table below has every number.",
        statistics.by.as_str(),
        sums.shown,
        sums.accepted,
        sums.customised,
        sums.refused
    )
}

/// The bars' names and heights; where there are too many, each stands for several neighbours.
fn bars(items: &[Part]) -> Vec<(String, [i64; 4])> {
    let each = items.len().div_ceil(BARS).max(1);
    items
        .chunks(each)
        .map(|some| {
            let heights = KINDS.map(|kind| some.iter().map(kind.of).sum());
            let name = some.first().map(|part| short(&part.part)).unwrap_or_default();
            (name, heights)
        })
        .collect()
}

/// A date without its year, because there is no room; anything else as it is.
fn short(part: &str) -> String {
    match part.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] if year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{month}-{day}")
        }
        _ => part.to_owned(),
    }
}

/// The next number that divides into four and is easy to read.
fn round_up(number: i64) -> i64 {
    let mut size: i64 = 1;
    loop {
        for factor in [4, 8, 12, 16, 20, 24, 32, 40] {
            let top = size.saturating_mul(factor);
            if top >= number {
                return top;
            }
        }
        size = size.saturating_mul(10);
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::Sums;
    use super::*;
    use crate::store::By;

    fn statistics(by: By, parts: &[(&str, i64)]) -> Statistics {
        let items = parts
            .iter()
            .map(|(part, accepted)| Part {
                part: (*part).to_owned(),
                sums: Sums { shown: accepted * 2, accepted: *accepted, ..Sums::default() },
                ignored: *accepted,
                ..Part::default()
            })
            .collect();
        let (from, to) = (super::super::date(0).to_string(), super::super::date(1).to_string());
        Statistics { site: "shop".parse().unwrap(), from, to, by, total: Part::default(), items }
    }

    #[test]
    fn nothing_is_no_picture() {
        assert_eq!(draw(&statistics(By::Day, &[])), None);
        assert_eq!(draw(&statistics(By::Device, &[("phone", 0), ("desktop", 0)])), None);
    }

    #[test]
    fn every_bar_is_inside_the_picture_and_has_its_patterns() {
        for count in [1_usize, 4, 31, 92, 367] {
            let names: Vec<String> =
                (0..count).map(|day| super::super::date(i64::try_from(day).unwrap()).to_string()).collect();
            let parts: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 7)).collect();
            let svg = draw(&statistics(By::Day, &parts)).unwrap();
            let number = |rect: &str, name: &str| -> i64 {
                rect.split(&format!(" {name}=\""))
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .unwrap()
                    .parse()
                    .unwrap()
            };
            let rects: Vec<&str> = svg.split("<rect").skip(1).collect();
            assert!(rects.len() >= 4 && rects.len() <= 4 * BARS, "{count}: {}", rects.len());
            for rect in rects {
                assert!(
                    number(rect, "x") >= LEFT && number(rect, "x") + number(rect, "width") <= WIDTH,
                    "{count}: {rect}"
                );
                assert!(
                    number(rect, "y") >= TOP && number(rect, "y") + number(rect, "height") <= GROUND,
                    "{count}: {rect}"
                );
            }
            assert!(
                svg.contains("url(#accepted)") && svg.contains("url(#ignored)") && !svg.contains("style=")
            );
        }
    }

    #[test]
    fn names_are_text() {
        let svg = draw(&statistics(By::Locale, &[("<script>", 1)])).unwrap();
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script"));
    }

    #[test]
    fn the_scale_is_easy_to_read() {
        assert_eq!([1, 4, 5, 13, 41, 100, 999].map(round_up), [4, 4, 8, 16, 80, 120, 1200]);
    }
}
