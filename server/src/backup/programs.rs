//! Owns running PostgreSQL's own programs, `pg_dump` and `pg_restore`: finding out whether they fit, and handing them the address.
//! Refuses to let the database's password be seen in the list of processes.

use std::path::Path;
use std::process::{Command, Stdio};

use url::Url;

/// Refuses a program that is missing, or older than what it is to work on.
pub(super) fn refuse_older(program: &str, needed: u32) -> Result<(), String> {
    let answer = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let install = format!(
        "Install PostgreSQL's client programs of version {needed} or newer (on Debian: apt install \
         postgresql-client-{needed}), and see that PATH leads to them"
    );
    let Ok(answer) = answer else {
        return Err(format!("The program {program} is not there. {install}."));
    };
    let text = String::from_utf8_lossy(&answer.stdout);
    match major(&text) {
        Some(version) if version >= needed => Ok(()),
        Some(version) => Err(format!(
            "The program {program} is of version {version}, and PostgreSQL is {needed}: an older program cannot read a newer \
             server. {install}."
        )),
        None => Err(format!("The program {program} does not say its version. {install}.")),
    }
}

/// The first number of `pg_dump (PostgreSQL) 17.2 (Debian …)`.
fn major(text: &str) -> Option<u32> {
    let mut words = text.split_whitespace();
    words.find_map(|word| word.split(['.', 'b', 'd', 'r']).next()?.parse().ok())
}

/// Writes the state that `snapshot` names to a file, in PostgreSQL's own format.
pub(super) async fn dump(database_url: &str, snapshot: &str, to: &Path) -> Result<(), String> {
    let mut command = with_address("pg_dump", database_url)?;
    command.args(["--format=custom", "--no-password", "--no-owner", "--no-privileges"]);
    command.arg(format!("--snapshot={snapshot}")).arg(format!("--file={}", to.display()));
    run(command, "pg_dump").await?;
    // What cannot be listed cannot be restored.
    let mut list = Command::new("pg_restore");
    list.arg("--list").arg(to).stdout(Stdio::null());
    run(list, "pg_restore").await
}

/// Writes such a file into an empty database; whole or not at all.
pub(super) async fn restore(database_url: &str, from: &Path) -> Result<(), String> {
    let mut command = with_address("pg_restore", database_url)?;
    command.args([
        "--single-transaction",
        "--exit-on-error",
        "--no-password",
        "--no-owner",
        "--no-privileges",
    ]);
    command.arg(from);
    run(command, "pg_restore").await
}

/// A program with the database's address. The password goes by the environment, which other users do not see.
fn with_address(program: &str, database_url: &str) -> Result<Command, String> {
    let unusable = || "Setting database_url: PostgreSQL's programs cannot use this address.".to_owned();
    let mut url = Url::parse(database_url).map_err(|_| unusable())?;
    let mut command = Command::new(program);
    if let Some(password) = url.password().map(percent_decoded) {
        command.env("PGPASSWORD", password);
        url.set_password(None).map_err(|()| unusable())?;
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.set_query(None);
    for (name, value) in pairs {
        match name.as_str() {
            "password" => {
                command.env("PGPASSWORD", value);
            }
            // Ours, not PostgreSQL's.
            "statement-cache-capacity" => {}
            _ => {
                url.query_pairs_mut().append_pair(&name, &value);
            }
        }
    }
    command.arg("--dbname").arg(url.as_str());
    Ok(command)
}

fn percent_decoded(text: &str) -> String {
    // In a form's bytes a plus is a space; in a password it is a plus.
    let as_form = format!("p={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(as_form.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

async fn run(mut command: Command, program: &'static str) -> Result<(), String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let answer =
        tokio::task::spawn_blocking(move || command.output()).await.map_err(|error| format!("{error}."))?;
    let answer = answer.map_err(|error| format!("The program {program} cannot be started: {error}."))?;
    if answer.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.stderr);
    Err(format!("The program {program} failed ({}). It says:\n{}", answer.status, said.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_password_is_not_among_the_arguments() {
        let url =
            "postgres://me:s%20p%2B+c@db.example:6543/consent?sslmode=require&statement-cache-capacity=5";
        let command = with_address("pg_dump", url).unwrap();
        let arguments: Vec<_> = command.get_args().map(|text| text.to_string_lossy()).collect();
        assert_eq!(arguments, ["--dbname", "postgres://me@db.example:6543/consent?sslmode=require"]);
        let environment: Vec<_> = command.get_envs().collect();
        assert_eq!(environment, [(OsStr::new("PGPASSWORD"), Some(OsStr::new("s p++c")))]);
    }

    #[test]
    fn a_program_says_its_version() {
        assert_eq!(major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("pg_dump (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("nothing"), None);
        let missing = refuse_older("assent-has-no-such-program", 15).unwrap_err();
        assert!(missing.contains("is not there") && missing.contains("postgresql-client-15"), "{missing}");
        let older = refuse_older(env!("CARGO"), 999).unwrap_err();
        assert!(older.contains("is of version 1, and PostgreSQL is 999"), "{older}");
    }
}
