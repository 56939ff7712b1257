//! Owns what must be true before the server compiles: the widget's files are there, and every language says everything.
//! Refuses to build the widget; `cargo xtask` does.

use std::collections::BTreeSet;
use std::path::Path;

fn main() {
    hand_over_the_widget();
    compare_the_languages();
}

fn hand_over_the_widget() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/widget");
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(hash) = std::fs::read_to_string(folder.join("hash")) else {
        println!(
            "cargo::error=The widget is not built yet. Run `cargo xtask widget` (or `cargo xtask run`) first."
        );
        return;
    };
    for file in ["widget.js", "widget.js.br", "widget.wasm", "widget.wasm.br", "hash"] {
        println!("cargo::rerun-if-changed={}", folder.join(file).display());
    }
    println!("cargo::rustc-env=ASSENT_WIDGET_FOLDER={}", folder.display());
    println!("cargo::rustc-env=ASSENT_WIDGET_HASH={}", hash.trim());
}

/// Every language has the keys that English has, and no others. Plural forms differ; `locales/tests.rs` knows which.
fn compare_the_languages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    println!("cargo::rerun-if-changed={}", folder.display());
    let english = match keys(&folder.join("en.toml")) {
        Ok(keys) => keys,
        Err(error) => return println!("cargo::error=en.toml: {error}"),
    };
    for file in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = file.file_name();
        match keys(&file.path()) {
            Ok(keys) => {
                for key in english.symmetric_difference(&keys) {
                    let what = if keys.contains(key) { "is unknown" } else { "is missing" };
                    println!("cargo::error={}: {key} {what}", name.display());
                }
            }
            Err(error) => println!("cargo::error={}: {error}", name.display()),
        }
    }
}

/// The keys of what the banner and the pages say, with their tables.
fn keys(file: &Path) -> Result<BTreeSet<String>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let texts: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let of = |name: &'static str| {
        let table = texts.get(name).and_then(toml::Value::as_table);
        table.into_iter().flatten().map(move |(key, _)| format!("{name}.{key}"))
    };
    Ok(of("banner").chain(of("pages")).collect())
}
