//! Owns what is found in the settings themselves: values that contradict each other, or that leave something open.
//! Refuses to reach for anything that they name.

use tracing_subscriber::EnvFilter;
use url::Url;

use super::Finding;
use crate::config::Settings;

const ABOUT: &str = "settings";

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    if settings.signing_key.is_some() && settings.signing_key_file.is_some() {
        found.push(Finding::look(
            ABOUT,
            "Both signing_key and signing_key_file are set; the file is not used.",
            "Remove one of them.",
        ));
    }
    if let Err(error) = EnvFilter::try_new(&settings.log) {
        found.push(Finding::wrong(
            ABOUT,
            format!("log = `{}` is no log filter: {error}.", settings.log),
            "Write `info`, or `assent=debug,sqlx=warn`.",
        ));
    }
    if let Err(error) = settings.witness_keys() {
        found.push(Finding::wrong(ABOUT, error, "Ask the witness for its key, and copy all of it."));
    }
    for (name, value) in [
        ("session_days", settings.session_days),
        ("session_idle_minutes", settings.session_idle_minutes),
        ("export_days", settings.export_days),
    ] {
        if value == 0 {
            let todo = format!("Give {name} a greater number, or leave it out.");
            found.push(Finding::wrong(ABOUT, format!("{name} is 0: it would end as it begins."), todo));
        }
    }
    if u64::from(settings.session_idle_minutes) > u64::from(settings.session_days) * 24 * 60 {
        found.push(Finding::look(
            ABOUT,
            "session_idle_minutes is longer than session_days: the days always come first.",
            "Make one of them fit the other.",
        ));
    }
    if settings.checkpoint_url.is_none() && settings.witnesses.is_empty() {
        found.push(Finding::look(
            ABOUT,
            "Checkpoints are kept on this machine only: whoever restores all of it cannot be told that receipts are missing.",
            "Set checkpoint_url or witnesses, or copy the checkpoint file to another machine.",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(ABOUT, "All of them are known and fit each other."));
    }
    found.push(address(settings));
    found
}

/// Whether browsers reach the server by TLS. Where the server speaks TLS itself, its certificate is to be judged here.
fn address(settings: &Settings) -> Finding {
    let about = "public address";
    let Some(text) = &settings.public_url else {
        return if settings.host.is_loopback() {
            Finding::look(
                about,
                "public_url is not set, and only this machine can reach the server.",
                "Where a proxy stands in front, set public_url to the https address that browsers use.",
            )
        } else {
            Finding::wrong(
                about,
                format!("The server listens at {} without TLS, and public_url is not set.", settings.host),
                "Put a proxy that speaks TLS in front, listen on 127.0.0.1 behind it, and set public_url.",
            )
        };
    };
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() => Finding::wrong(
            about,
            format!("public_url = `{text}` is no address of the web."),
            "Write scheme and host: https://consent.example",
        ),
        Err(_) => Finding::wrong(
            about,
            format!("public_url = `{text}` is no address of the web."),
            "Write scheme and host: https://consent.example",
        ),
        Ok(url) if url.path() != "/" || url.query().is_some() => Finding::wrong(
            about,
            format!("public_url = `{text}` has more than scheme and host."),
            "Leave out what follows the host: everything of Assent begins at the root.",
        ),
        Ok(url) if url.scheme() == "http" && !is_local(&url) => Finding::wrong(
            about,
            "public_url is not https: the cookies and the operators' passwords travel in the clear.",
            "Let the proxy speak TLS, and write https.",
        ),
        Ok(_) => Finding::ok(about, format!("Browsers come by {text}.")),
    }
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(host)) => host == "localhost" || host.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    /// What is found of settings with one change, in one text.
    fn found(change: impl FnOnce(&mut Settings)) -> (State, String) {
        let mut settings = Settings {
            public_url: Some("https://consent.example".to_owned()),
            checkpoint_url: Some("https://auditor.example".to_owned()),
            ..Settings::default()
        };
        change(&mut settings);
        let found = check(&settings);
        let worst = found.iter().map(|finding| finding.state).max().unwrap();
        (worst, found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn settings_that_do_not_fit_are_found() {
        assert_eq!(found(|_| ()).0, State::Ok);
        let of = |change: &dyn Fn(&mut Settings), state, words: &str| {
            let (worst, text) = found(|settings| change(settings));
            assert!(worst == state && text.contains(words), "{words}: {text}");
        };
        of(&|settings| settings.log = "a=b=c".to_owned(), State::Wrong, "is no log filter");
        of(&|settings| settings.session_days = 0, State::Wrong, "session_days is 0");
        of(&|settings| settings.export_days = 0, State::Wrong, "export_days is 0");
        of(&|settings| settings.session_idle_minutes = 99_999, State::Look, "the days always come first");
        of(&|settings| settings.checkpoint_url = None, State::Look, "on this machine only");
        let witness = crate::witnesses::Witness { url: "https://w.example".to_owned(), key: "x".to_owned() };
        of(&|settings| settings.witnesses = vec![witness.clone()], State::Wrong, "not a cosignature key");
        let both = |settings: &mut Settings| {
            settings.signing_key = Some("k".to_owned());
            settings.signing_key_file = Some("f".into());
        };
        of(&both, State::Look, "Both signing_key and signing_key_file");
    }

    #[test]
    fn an_address_without_tls_is_found() {
        let of = |url: Option<&str>, host: &str| {
            found(|settings| {
                settings.public_url = url.map(str::to_owned);
                settings.host = host.parse().unwrap();
            })
        };
        for (url, host, state, words) in [
            (None, "127.0.0.1", State::Look, "public_url is not set"),
            (None, "0.0.0.0", State::Wrong, "listens at 0.0.0.0 without TLS"),
            (Some("http://consent.example"), "127.0.0.1", State::Wrong, "is not https"),
            (Some("http://localhost:8080"), "127.0.0.1", State::Ok, "Browsers come by"),
            (Some("https://consent.example/assent"), "127.0.0.1", State::Wrong, "more than scheme and host"),
            (Some("consent.example"), "127.0.0.1", State::Wrong, "no address of the web"),
            (Some("mailto:me@consent.example"), "127.0.0.1", State::Wrong, "no address of the web"),
        ] {
            let (worst, text) = of(url, host);
            assert!(worst == state && text.contains(words), "{url:?}: {text}");
        }
    }
}
