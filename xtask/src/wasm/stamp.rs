//! Owns the question whether a module has to be built again: a hash over everything that it is made of.
//! Refuses modification times, which a fresh checkout does not keep.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::toolchain::Toolchain;

/// Files and folders that decide what any module is; versions of crates are in the lock file.
const INPUTS: [&str; 6] = [
    "Cargo.lock",
    "Cargo.toml",
    "shared/Cargo.toml",
    "shared/src",
    "xtask/src/toolchain.rs",
    "xtask/src/wasm",
];

/// A hash over the names and contents of all inputs and the compiler.
pub(super) fn of_inputs(root: &Path, own: &[&str], toolchain: &Toolchain) -> Result<String> {
    of(root, &[&INPUTS[..], own].concat(), &toolchain.describe()?)
}

fn of(root: &Path, inputs: &[&str], compiler: &str) -> Result<String> {
    let mut files = Vec::new();
    for input in inputs {
        collect(&root.join(input), &mut files)?;
    }
    let mut hash = Sha256::new();
    hash.update(compiler);
    for file in files {
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file);
        hash.update(format!("\n{} {}\n", name.display(), text.len()));
        hash.update(text);
    }
    Ok(HEXLOWER.encode(&hash.finalize()))
}

/// All files at and below `path`, in an order that depends on nothing but their names.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut below = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    below.sort();
    below.iter().try_for_each(|path| collect(path, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_changes_with_any_file_and_with_the_compiler() {
        let root = std::env::temp_dir().join(format!("assent-stamp-{}", std::process::id()));
        fs::create_dir_all(root.join("src/deep")).unwrap();
        fs::write(root.join("src/deep/a.rs"), "1").unwrap();
        fs::write(root.join("lock"), "1").unwrap();
        let stamp = |compiler| of(&root, &["lock", "src"], compiler).unwrap();

        let first = stamp("rustc 1");
        assert_eq!(stamp("rustc 1"), first);
        assert_ne!(stamp("rustc 2"), first);
        fs::write(root.join("src/deep/a.rs"), "2").unwrap();
        let second = stamp("rustc 1");
        assert_ne!(second, first);
        fs::rename(root.join("src/deep/a.rs"), root.join("src/deep/b.rs")).unwrap();
        assert_ne!(stamp("rustc 1"), second);
        fs::remove_dir_all(root).unwrap();
    }
}
