//! Owns what `packaging/` promises: that it names settings and commands that there are, and that the tools which read it are content.
//! Refuses to trust a file because it looks right, where a tool of its own can be had.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use assent::config::Settings;
use tempfile::TempDir;

fn packaging(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging").join(file)
}

fn read(file: &str) -> String {
    std::fs::read_to_string(packaging(file)).unwrap_or_else(|error| panic!("packaging/{file}: {error}"))
}

/// Every file below `packaging/`, with its text.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// What a command says, which must be content.
fn content(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

#[test]
fn the_environment_is_of_settings_that_there_are() {
    let settings = serde_json::to_value(Settings::default()).unwrap();
    let known: BTreeSet<String> =
        settings.as_object().unwrap().keys().map(|name| format!("ASSENT_{}", name.to_uppercase())).collect();
    let mut named = BTreeSet::new();
    for (path, text) in files(&packaging("")) {
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        for word in words.filter(|word| word.starts_with("ASSENT_")) {
            assert!(known.contains(word), "{}: there is no setting for {word}", path.display());
            named.insert(word.to_owned());
        }
    }
    assert!(
        named.contains("ASSENT_DATABASE_URL_FILE") && named.contains("ASSENT_METRICS_LISTEN"),
        "{named:?}"
    );
    // A secret is in a file and never in the environment.
    assert!(!named.contains("ASSENT_DATABASE_URL") && !named.contains("ASSENT_SIGNING_KEY"), "{named:?}");
}

#[test]
fn the_image_is_small_and_nobodys() {
    let dockerfile = read("docker/Dockerfile");
    let last = dockerfile.rsplit("\nFROM ").next().unwrap();
    assert!(last.starts_with("gcr.io/distroless/static-debian12:nonroot"), "{last}");
    assert!(last.contains("\nUSER 65532:65532\n") && !last.contains("\nRUN "), "{last}");
    for line in ["CMD [\"/usr/local/bin/assent\", \"health\"]", "CMD [\"serve\"]"] {
        assert!(last.contains(line), "{last}");
    }
    // The compiler of the image is one that the workspace builds with.
    let cargo = include_str!("../../../Cargo.toml");
    let oldest = cargo.split("rust-version = \"1.").nth(1).unwrap().split('"').next().unwrap();
    let image = dockerfile.split("library/rust:1.").nth(1).unwrap().split('-').next().unwrap();
    assert!(image.parse::<u32>().unwrap() >= oldest.parse().unwrap(), "{image} < {oldest}");
    let ignored = include_str!("../../../.dockerignore");
    for line in [".git", "target", "data", "**/*.key", "**/.env", "assent.toml"] {
        assert!(ignored.lines().any(|ignored| ignored == line), "{line} would come into a build");
    }
}

#[test]
fn settings_and_secrets_come_by_file() {
    let folder = TempDir::new().unwrap();
    let url = folder.path().join("database_url");
    std::fs::write(&url, format!("sqlite:{}\n", folder.path().join("kept/here.db").display())).unwrap();
    let assent = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assent"));
        command.current_dir(folder.path()).args(arguments).env_clear().env("ASSENT_DATABASE_URL_FILE", &url);
        command
    };
    content(&mut assent(&["site", "list"]));
    assert!(folder.path().join("kept/here.db").is_file() && !folder.path().join("data").exists());
    let refused = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let both = refused(assent(&["site", "list"]).env("ASSENT_DATABASE_URL", "sqlite:other.db"));
    assert_eq!(both, "Setting database_url_file: database_url is set too. Keep one of them.\n");
    let gone = refused(assent(&["site", "list"]).env("ASSENT_DATABASE_URL_FILE", "nowhere"));
    assert!(gone.starts_with("Setting database_url_file: nowhere cannot be read"), "{gone}");
}

#[tokio::test]
async fn health_is_the_running_servers() {
    let folder = TempDir::new().unwrap();
    let settings = Settings {
        port: 0,
        database_url: format!("sqlite:{}", folder.path().join("assent.db").display()),
        ..Settings::default()
    };
    let server = assent::Server::start(settings).await.unwrap();
    let port = server.address().port().to_string();
    let health = async |arguments: &'static [&'static str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assent"));
        // As in a container, where the server listens everywhere.
        command.current_dir(folder.path()).env_clear().arg("health").args(arguments);
        command.args(["--host", "0.0.0.0", "--port", &port]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    assert_eq!(health(&[]).await, (true, "ready\n".to_owned()));
    assert_eq!(health(&["--live"]).await, (true, "alive\n".to_owned()));
    server.store().close().await;
    // A write that went through is trusted for some seconds.
    let said = loop {
        match health(&[]).await {
            (true, said) => assert_eq!(said, "ready\n"),
            (false, said) => break said,
        }
    };
    assert!(said.contains("lives, but is not ready: ") && said.contains("database"), "{said}");
    assert_eq!(health(&["--live"]).await.1, "alive\n");
    server.stop().await;
    let (well, said) = health(&[]).await;
    assert!(!well && said.starts_with(&format!("No server answers at 127.0.0.1:{port}")), "{said}");
    assert!(!folder.path().join("data").exists(), "no database is opened");
}

/// Whole tools that read these files; `cargo xtask test` installs them, and names what it cannot.
mod tools {
    use super::*;

    #[test]
    fn promtool_rings_each_alert_when_it_must() {
        let promtool = |arguments: &[&str]| {
            content(Command::new("promtool").args(arguments).current_dir(packaging("prometheus")))
        };
        let rules = read("prometheus/alerts.yml").matches("- alert: ").count();
        assert!(rules > 10);
        let checked = promtool(&["check", "rules", "alerts.yml"]);
        assert!(checked.contains(&format!("SUCCESS: {rules} rules found")), "{checked}");
        promtool(&["check", "config", "prometheus.yml"]);
        assert_eq!(
            read("prometheus/alerts.test.yml").matches("  - name: ").count(),
            rules,
            "each has its test"
        );
        let tested = promtool(&["test", "rules", "alerts.test.yml"]);
        assert!(tested.contains("SUCCESS"), "{tested}");
    }

    #[test]
    fn nginx_reads_its_part() {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(["assent.example".to_owned()]).unwrap();
        std::fs::write(at("key"), key.serialize_pem()).unwrap();
        std::fs::write(at("certificate"), certificate.self_signed(&key).unwrap().pem()).unwrap();
        // Only the certificate's place is another one; it must be there.
        let site = read("nginx/assent.conf")
            .replace("/etc/ssl/assent.example.pem", &at("certificate"))
            .replace("/etc/ssl/assent.example.key", &at("key"));
        assert!(!site.contains("/etc/ssl"), "{site}");
        std::fs::write(at("site"), site).unwrap();
        let whole = format!(
            "events {{}}\npid {};\nerror_log stderr;\nhttp {{ include {}; }}\n",
            at("pid"),
            at("site")
        );
        std::fs::write(at("nginx.conf"), whole).unwrap();
        // Programs of the system are not on everybody's PATH.
        let program =
            ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].into_iter().find(|file| Path::new(file).is_file());
        content(Command::new(program.unwrap_or("nginx")).args([
            "-e",
            "stderr",
            "-t",
            "-c",
            &at("nginx.conf"),
        ]));
    }

    #[test]
    fn systemd_finds_the_service_shut_in() {
        let folder = TempDir::new().unwrap();
        // Only the program's place is another one; it must be there.
        let unit =
            read("systemd/assent.service").replace("/usr/local/bin/assent", env!("CARGO_BIN_EXE_assent"));
        let unit = unit.replace("WorkingDirectory=/var/lib/assent\n", "");
        let file = folder.path().join("assent.service");
        std::fs::write(&file, unit).unwrap();
        let verified = content(Command::new("systemd-analyze").arg("verify").arg(&file));
        assert!(!verified.contains("assent.service:"), "{verified}");
        // Of 100; a service without any of it has 96.
        let mut security = Command::new("systemd-analyze");
        content(security.args(["security", "--offline=yes", "--threshold=15", "--no-pager"]).arg(&file));
    }
}
