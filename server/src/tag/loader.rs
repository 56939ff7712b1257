//! Owns the loader as it is sent: its parts in their places, and everything out of it that only readers of the source need.
//! Refuses to understand JavaScript or CSS: it knows lines, and is good for our own files only.

const LOADER: &str = include_str!("../../../widget/loader.js");
/// What the loader's `//= NAME` lines stand for. One closure, several files: no build step and no exports.
const LOADER_PARTS: &[(&str, &str)] = &[
    ("//= loader/address.js", include_str!("../../../widget/loader/address.js")),
    ("//= loader/decision.js", include_str!("../../../widget/loader/decision.js")),
    ("//= loader/show.js", include_str!("../../../widget/loader/show.js")),
    ("//= loader/record.js", include_str!("../../../widget/loader/record.js")),
    ("//= loader/hold.js", include_str!("../../../widget/loader/hold.js")),
    ("//= loader/decide.js", include_str!("../../../widget/loader/decide.js")),
    ("//= loader/wake.js", include_str!("../../../widget/loader/wake.js")),
    ("//= loader/live.js", include_str!("../../../widget/loader/live.js")),
    ("//= loader/api.js", include_str!("../../../widget/loader/api.js")),
];
/// Parts that not every notice needs: their places, what comes there where it is needed, and where not.
const OPTIONAL_PARTS: [(&str, &str, &str); 6] = [
    (
        "//= loader/adapters.js",
        include_str!("../../../widget/loader/adapters.js"),
        "const advise = () => {};",
    ),
    (
        "//= loader/signal.js",
        include_str!("../../../widget/loader/signal.js"),
        "const barred = () => {};\nconst heed = barred;",
    ),
    ("//= loader/domain.js", include_str!("../../../widget/loader/domain.js"), "const domain = null;"),
    ("//= loader/nearer.js", include_str!("../../../widget/loader/nearer.js"), ""),
    ("//= loader/news.js", include_str!("../../../widget/loader/news.js"), ""),
    ("//= loader/inform.js", include_str!("../../../widget/loader/inform.js"), ""),
];

/// The loader with its parts in their places; `wanted` says of each optional one whether it is.
pub(super) fn assemble(wanted: [bool; OPTIONAL_PARTS.len()]) -> String {
    let whole = LOADER_PARTS.iter().fold(LOADER.to_owned(), |whole, (line, part)| whole.replace(line, part));
    OPTIONAL_PARTS.iter().zip(wanted).fold(whole, |whole, ((line, part, without), wanted)| {
        whole.replace(line, if wanted { part } else { without })
    })
}

/// A text as JavaScript writes it between backticks, where HTML's own quotes need no sign before them.
pub(super) fn literal(text: &str) -> String {
    format!("`{}`", text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${"))
}

/// Leaves out what only readers of the source need: indentation, empty lines, and lines that are wholly a comment.
fn strip(source: &str) -> String {
    let code = source.lines().map(str::trim).filter(|line| {
        let comment = line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
        !line.is_empty() && !comment
    });
    code.collect::<Vec<_>>().join("\n")
}

/// The loader as it is sent. After these signs JavaScript asks for no line end; behind a comment it does.
pub(super) fn joined(loader: &str) -> String {
    let mut sent = String::new();
    for line in strip(loader).lines() {
        sent.push_str(line);
        if !line.ends_with([';', ',', '{', '(', '[']) || line.contains("//") {
            sent.push('\n');
        }
    }
    sent
}

/// A style without the spaces and line ends that its own files have for their readers. Good for those only: it does not know
/// what a string is.
pub(crate) fn squeeze(style: &str) -> String {
    let lines = strip(style).replace('\n', "");
    [(": ", ":"), (", ", ","), (" {", "{"), (" !", "!"), (";}", "}")]
        .iter()
        .fold(lines, |style, (wide, narrow)| style.replace(wide, narrow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_loader_has_its_place() {
        let (all, none) = (assemble([true; OPTIONAL_PARTS.len()]), assemble([false; OPTIONAL_PARTS.len()]));
        for (line, part) in LOADER_PARTS {
            assert!(
                all.contains(part.lines().next().unwrap()) && none.contains(part.lines().next().unwrap()),
                "{line}"
            );
        }
        for (line, part, _) in OPTIONAL_PARTS {
            assert!(all.contains(part) && !none.contains(part), "{line}");
        }
        assert!(!all.contains("//= ") && !none.contains("//= "), "a place without a part");
    }

    #[test]
    fn a_text_is_the_same_between_backticks() {
        assert_eq!(literal("a `b` ${c} $d \\ \"e\""), "`a \\`b\\` \\${c} $d \\\\ \"e\"`");
    }

    #[test]
    fn lines_are_joined_only_where_no_end_is_needed() {
        assert_eq!(joined("a();\nb(); // c;\nif (d) {\ne\n}\nf()"), "a();b(); // c;\nif (d) {e\n}\nf()\n");
    }

    #[test]
    fn only_whole_comment_lines_are_stripped() {
        assert_eq!(strip("// why\n  a(); // stays\n\n/* gone */\nb(\"//\");\n"), "a(); // stays\nb(\"//\");");
    }

    #[test]
    fn a_style_loses_nothing_but_its_spaces() {
        let style = "/* gone */\n.a,\n.b:not(.c) {\n  inset: 0 auto;\n  width: min(4px, 100% - 2 * var(--edge));\n}\n";
        assert_eq!(squeeze(style), ".a,.b:not(.c){inset:0 auto;width:min(4px,100% - 2 * var(--edge))}");
    }
}
