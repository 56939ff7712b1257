//! Owns what must be true before the server compiles: the widget's and the verifier's files are there, and every language says everything.
//! Refuses to build them; `cargo xtask` does.

use std::collections::BTreeSet;
use std::path::Path;

fn main() {
    hand_over("widget");
    hand_over("verifier");
    compare_the_languages();
}

/// Tells the compiler where a module's files are, and its hash.
fn hand_over(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(name);
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(hash) = std::fs::read_to_string(folder.join("hash")) else {
        println!(
            "cargo::error=The {name} is not built yet. Run `cargo xtask widget` (or `cargo xtask run`) first."
        );
        return;
    };
    for ending in ["js", "js.br", "wasm", "wasm.br"] {
        println!("cargo::rerun-if-changed={}", folder.join(format!("{name}.{ending}")).display());
    }
    println!("cargo::rerun-if-changed={}", folder.join("hash").display());
    let constant = name.to_uppercase();
    println!("cargo::rustc-env=ASSENT_{constant}_FOLDER={}", folder.display());
    println!("cargo::rustc-env=ASSENT_{constant}_HASH={}", hash.trim());
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
