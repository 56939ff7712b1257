//! Owns `assent services`: the catalogue on the command line, and as text to paste into a notice and a page.
//! Refuses a database and settings: the catalogue is in the binary.

use std::fmt::Write as _;

use assent_shared::PurposeId;
use clap::Subcommand;

use super::{Service, add, all, find};
use crate::notices::file::NoticeFile;

/// What is wanted of the catalogue.
#[derive(Debug, Subcommand)]
pub enum ServicesCommand {
    /// List the services: id, name, the purpose that each usually has
    List,
    /// Show what is known of one service
    Show {
        /// The service's id, such as matomo
        id: String,
    },
    /// Print what to paste into a notice file, and how the service is held on the page
    Snippet {
        /// The service's id, such as matomo
        id: String,
        /// The purpose that it serves on your site [default: the usual one]
        #[arg(long)]
        purpose: Option<PurposeId>,
    },
}

impl ServicesCommand {
    /// What is printed in answer.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn run(self) -> Result<String, String> {
        match self {
            Self::List => Ok(list()),
            Self::Show { id } => Ok(show(known(&id)?)),
            Self::Snippet { id, purpose } => {
                let service = known(&id)?;
                Ok(snippet(service, purpose.as_ref().unwrap_or(&service.purpose)))
            }
        }
    }
}

fn known(id: &str) -> Result<&'static Service, String> {
    find(id).ok_or_else(|| format!("There is no service `{id}`. `assent services list` shows them."))
}

fn list() -> String {
    let mut text = String::new();
    for service in all() {
        let _ = writeln!(text, "{}\t{}\t{}", service.id, service.name, service.purpose);
    }
    text
}

fn show(service: &Service) -> String {
    let mut text = format!("{}\n{}\n\n", service.name, service.about);
    let provider = &service.provider;
    let essential = if service.essential { "can be" } else { "no" };
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    fact("id", service.id);
    fact("provider", &format!("{}, {} ({})", provider.name, provider.country, provider.privacy_policy));
    fact("purpose", service.purpose.as_str());
    fact("essential", &format!("{essential}: {}", service.why));
    for (name, hosts) in [("scripts", &service.scripts), ("frames", &service.frames)] {
        if !hosts.is_empty() {
            fact(name, &hosts.join(", "));
        }
    }
    if let Some(adapter) = &service.adapter {
        fact("adapter", adapter);
    }
    if service.cookies.is_empty() {
        text.push_str("\n  No cookies are known for sure. Look in a browser what your version keeps.\n");
    } else {
        text.push('\n');
    }
    for cookie in &service.cookies {
        let _ = writeln!(text, "  {:<28} {:<12} {}", cookie.name, cookie.lifetime, cookie.about);
    }
    text
}

fn snippet(service: &Service, purpose: &PurposeId) -> String {
    let mut file = NoticeFile::read("default_locale = \"en\"\ntexts.en = {}\npurposes = []")
        .expect("a test has written a snippet");
    add(&mut file, service, purpose);
    let notice = file.to_toml().replace("default_locale = \"en\"\n", "").replace("\n[texts.en]\n", "");
    let mut text = format!(
        "# {}, for a notice file. Where it has the purpose already, add only the cookies and the recipient.\n\
         # Still to be said by you: data, retention and storage_locations.\n\n{}\n",
        service.name,
        notice.trim()
    );
    // Comments, so that the whole of it can be pasted.
    for host in &service.scripts {
        let host = host.trim_start_matches("*.");
        let _ = write!(
            text,
            "\n# On the page: <script type=\"text/plain\" data-assent=\"{purpose}\" data-src=\"https://{host}/…\"></script>"
        );
    }
    for host in &service.frames {
        let _ = write!(
            text,
            "\n# On the page: <iframe data-assent=\"{purpose}\" data-src=\"https://{host}/…\"></iframe>"
        );
    }
    text.trim_end().to_owned() + "\n"
}
