//! Owns a module's finished files: the module, its glue, their compressed forms and their common hash.
//! Refuses glue that needs more than these two files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

/// brotli's best quality and largest ordinary window; it runs once per build.
const QUALITY: i32 = 11;
const WINDOW: i32 = 22;

/// 16 hexadecimal digits name a build.
const HASH_BYTES: usize = 8;

/// What the server embeds, under its file names.
pub(crate) struct Bundle {
    name: &'static str,
    js: Vec<u8>,
    wasm: Vec<u8>,
    js_br: Vec<u8>,
    wasm_br: Vec<u8>,
    hash: String,
}

impl Bundle {
    /// Compresses and names the two files.
    pub(super) fn pack(name: &'static str, js: String, wasm: Vec<u8>) -> Result<Self> {
        let js = js.into_bytes();
        let digest = Sha256::new().chain_update(&js).chain_update(&wasm).finalize();
        Ok(Self {
            name,
            js_br: compress(&js)?,
            wasm_br: compress(&wasm)?,
            hash: HEXLOWER.encode(&digest[..HASH_BYTES]),
            js,
            wasm,
        })
    }

    /// The bundle of an earlier build, if it is complete.
    pub(super) fn read(name: &'static str, folder: &Path) -> Option<Self> {
        let file = |name: &str| fs::read(folder.join(name)).ok();
        Some(Self {
            name,
            js: file(&format!("{name}.js"))?,
            wasm: file(&format!("{name}.wasm"))?,
            js_br: file(&format!("{name}.js.br"))?,
            wasm_br: file(&format!("{name}.wasm.br"))?,
            hash: String::from_utf8(file("hash")?).ok()?,
        })
    }

    /// Writes what changed; the hash comes last, because it says that the rest is complete.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let own = self.name;
        let files: [(String, &[u8]); 5] = [
            (format!("{own}.js"), &self.js),
            (format!("{own}.wasm"), &self.wasm),
            (format!("{own}.js.br"), &self.js_br),
            (format!("{own}.wasm.br"), &self.wasm_br),
            ("hash".to_owned(), self.hash.as_bytes()),
        ];
        for (name, bytes) in files {
            let path = folder.join(&name);
            if fs::read(&path).is_ok_and(|old| old == bytes) {
                continue;
            }
            let fresh = folder.join(format!(".{name}"));
            fs::write(&fresh, bytes)
                .and_then(|()| fs::rename(&fresh, &path))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// The bytes that a browser downloads.
    pub(crate) fn transferred(&self) -> usize {
        self.js_br.len() + self.wasm_br.len()
    }

    /// One line on how large everything is.
    pub(super) fn sizes(&self) -> String {
        format!(
            "module {} bytes ({} compressed), glue {} ({}), together {} compressed, build {}",
            self.wasm.len(),
            self.wasm_br.len(),
            self.js.len(),
            self.js_br.len(),
            self.transferred(),
            self.hash
        )
    }
}

/// Does what the wasm-bindgen command does: the glue, and the module that it goes with.
pub(super) fn bind(name: &str, module: &Path) -> Result<(String, Vec<u8>)> {
    let mut output = Bindgen::new()
        .input_path(module)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .demangle(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        // The loader names the module's address, which has the hash in it.
        .omit_default_module_path(true)
        .generate_output()?;
    // Crates may bring such files without using them; only what the glue imports would be missing.
    if output.js().contains("snippets/") {
        bail!(
            "a crate of the {name} brings JavaScript files of its own; the server embeds none but the glue"
        );
    }
    let js = without_comments(output.js());
    Ok((js, output.wasm_mut().emit_wasm()))
}

/// What a browser holds a file against (SRI §3.5).
pub(super) fn integrity(file: &[u8]) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(file)))
}

/// Drops comment lines and indentation. Left alone where a template literal spans lines: there, both are text.
pub(crate) fn without_comments(js: &str) -> String {
    if js.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return js.to_owned();
    }
    let mut kept = String::with_capacity(js.len());
    let mut in_comment = false;
    for line in js.lines().map(str::trim) {
        if in_comment || line.starts_with("/*") {
            // A comment that ends within a line may have code behind it; such a line stays as it is.
            in_comment = !line.contains("*/");
            if in_comment || line.ends_with("*/") {
                continue;
            }
        }
        if !line.is_empty() && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: QUALITY,
        lgwin: WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters).context("brotli failed")?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_code_stays() {
        let js = "/* @ts-self-types */\n/**\n * Mounts.\n */\nexport function mount() {\n    // why\n    return 'http://a'; // kept\n}\n";
        assert_eq!(without_comments(js), "export function mount() {\nreturn 'http://a'; // kept\n}\n");
    }

    #[test]
    fn a_template_over_several_lines_is_left_alone() {
        let js = "const a = `\n    // text\n`;\n";
        assert_eq!(without_comments(js), js);
    }

    #[test]
    fn compression_can_be_undone() {
        let bytes = b"assent ".repeat(1000);
        let mut restored = Vec::new();
        brotli::BrotliDecompress(&mut &*compress(&bytes).unwrap(), &mut restored).unwrap();
        assert_eq!(restored, bytes);
    }
}
