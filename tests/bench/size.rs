//! Owns the bytes that a visitor's browser receives.

use anyhow::Result;

use crate::process::{Database, SITE};
use crate::{report, say};

const KIBIBYTE: usize = 1024;
const TAG_GOAL: usize = 6 * KIBIBYTE + KIBIBYTE / 2;
const WIDGET_GOAL: usize = 64 * KIBIBYTE;

pub(crate) async fn run() -> Result<()> {
    say("\nBytes over the wire, brotli");
    let database = Database::sqlite()?;
    database.prepare()?;
    let server = database.serve()?;
    let client = reqwest::Client::new();
    let size = async |path: &str| -> Result<usize> {
        let request =
            client.get(format!("http://{}/_assent/{path}", server.address)).header("accept-encoding", "br");
        Ok(request.send().await?.error_for_status()?.bytes().await?.len())
    };
    let tag = size(&format!("{SITE}.js")).await?;
    report("the script tag's response", &format!("{tag} bytes"), &format!("<= {TAG_GOAL}"), tag <= TAG_GOAL);
    let hash = assent::widget::HASH;
    let widget = size(&format!("widget/{hash}/widget.js")).await?
        + size(&format!("widget/{hash}/widget.wasm")).await?;
    report(
        "wasm and glue, when preferences are needed",
        &format!("{widget} bytes"),
        &format!("<= {WIDGET_GOAL}"),
        widget <= WIDGET_GOAL,
    );
    Ok(())
}
