//! Owns the rules on files as such: their length, their first line, their counterparts.
//! Refuses to look at what the code does.

use super::File;

/// More than this nobody reads in one sitting.
const LONGEST: usize = 400;

pub(super) fn short_files(files: &[File]) -> Vec<String> {
    let ours = files.iter().filter(|file| !file.is("toml"));
    ours.filter_map(|File { path, text }| {
        let lines = text.lines().count();
        (lines > LONGEST).then(|| format!("{path} has {lines} lines: split it by what its parts own"))
    })
    .collect()
}

pub(super) fn module_sentences(files: &[File]) -> Vec<String> {
    let modules = files.iter().filter(|file| file.is("rs"));
    modules
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| format!("{}: begin with `//!` and what it owns, then what it refuses", file.path))
        .collect()
}

pub(super) fn paired_migrations(files: &[File]) -> Vec<String> {
    let engines = ["migrations/sqlite/", "migrations/postgres/"];
    let names = |engine: &str| -> Vec<&str> {
        files.iter().filter_map(|file| file.path.strip_prefix(engine)).collect()
    };
    let [sqlite, postgres] = engines.map(names);
    let missing = |here: &[&str], there: &[&str], folder: &str| -> Vec<String> {
        here.iter()
            .filter(|name| !there.contains(name))
            .map(|name| format!("{folder}{name} is missing: write the same step for this database"))
            .collect()
    };
    let mut findings = missing(&sqlite, &postgres, engines[1]);
    findings.extend(missing(&postgres, &sqlite, engines[0]));
    findings
}

pub(super) fn argued_dependencies(files: &[File]) -> Vec<String> {
    let Some(manifest) = files.iter().find(|file| file.path == "Cargo.toml") else {
        return vec!["Cargo.toml is missing".to_owned()];
    };
    manifest
        .text
        .lines()
        .skip_while(|line| line.trim() != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains('=') && !line.starts_with('#'))
        .filter(|line| !line.contains("path =") && !line.contains(" # "))
        .map(|line| format!("Cargo.toml: `{line}` needs ` # why` behind it"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let files = [file("a.css", &"x\n".repeat(401)), file("b.rs", &"x\n".repeat(400))];
        assert_eq!(short_files(&files), ["a.css has 401 lines: split it by what its parts own"]);
    }

    #[test]
    fn a_module_without_its_sentence_is_found() {
        let files = [file("a.rs", "//! Owns a.\n"), file("b.rs", "use std::fs;\n//! Late.\n")];
        assert_eq!(
            module_sentences(&files),
            ["b.rs: begin with `//!` and what it owns, then what it refuses"]
        );
    }

    #[test]
    fn a_migration_for_one_database_only_is_found() {
        let files = [
            file("migrations/sqlite/0001_first.sql", ""),
            file("migrations/postgres/0001_first.sql", ""),
            file("migrations/sqlite/0002_second.sql", ""),
        ];
        assert_eq!(
            paired_migrations(&files),
            ["migrations/postgres/0002_second.sql is missing: write the same step for this database"]
        );
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let manifest = "[workspace.dependencies]\n# Ours\nours = { path = \"ours\" }\na = \"1\" # because\nb = \"2\"\n[profile.dev]\nc = 3\n";
        assert_eq!(
            argued_dependencies(&[file("Cargo.toml", manifest)]),
            ["Cargo.toml: `b = \"2\"` needs ` # why` behind it"]
        );
    }
}
