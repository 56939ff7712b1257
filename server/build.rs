//! Owns handing the built widget to the compiler: where its files are and which hash names them.
//! Refuses to build it; `cargo xtask` does.

use std::path::Path;

fn main() {
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
