//! Owns the widget's files as built into this binary, and their addresses.
//! Refuses to mix builds: another build's glue and wasm do not fit together, and are there only where a tag that asks for them was
//! pinned. The declarations have no hash; people ask for them by hand, and want this server's.

use std::sync::LazyLock;

use assent_shared::ledger::{Entry, Hash};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::extract::PathOf;
use crate::serve_file::Precompressed;
use crate::state::App;
use crate::tag::CACHE;

/// Names this build of the widget: the first 64 bits of the SHA-256 over its glue and wasm.
pub const HASH: &str = env!("ASSENT_WIDGET_HASH");

static GLUE: LazyLock<Precompressed> = LazyLock::new(|| {
    Precompressed::with_brotli(
        "text/javascript",
        include_bytes!(concat!(env!("ASSENT_WIDGET_FOLDER"), "/widget.js")).to_vec(),
        include_bytes!(concat!(env!("ASSENT_WIDGET_FOLDER"), "/widget.js.br")).to_vec(),
    )
});

static WASM: LazyLock<Precompressed> = LazyLock::new(|| {
    Precompressed::with_brotli(
        "application/wasm",
        include_bytes!(concat!(env!("ASSENT_WIDGET_FOLDER"), "/widget.wasm")).to_vec(),
        include_bytes!(concat!(env!("ASSENT_WIDGET_FOLDER"), "/widget.wasm.br")).to_vec(),
    )
});

/// What the page's scripts may use, for TypeScript. Plain text, so that a browser shows it; without brotli, because the
/// first who asks would wait for it.
static TYPES: LazyLock<Precompressed> = LazyLock::new(|| {
    let declarations = include_str!("../../widget/assent.d.ts");
    Precompressed::with_brotli("text/plain; charset=utf-8", declarations.into(), Vec::new())
});

/// Glue and wasm over the wire, in bytes of brotli.
#[must_use]
pub fn brotli_len() -> usize {
    GLUE.brotli_len() + WASM.brotli_len()
}

/// What a browser holds the glue against (SRI §3.5).
#[must_use]
pub fn glue_integrity() -> &'static str {
    static INTEGRITY: LazyLock<String> = LazyLock::new(|| GLUE.integrity());
    &INTEGRITY
}

/// The same for the module.
#[must_use]
pub fn wasm_integrity() -> &'static str {
    static INTEGRITY: LazyLock<String> = LazyLock::new(|| WASM.integrity());
    &INTEGRITY
}

/// The leaf by which a ledger says that this build is served from there on (CNIL, délibération 2020-092 §48).
#[must_use]
pub fn entry() -> Entry {
    let digest = |file: &Precompressed| Hash(Sha256::digest(file.bytes()).into());
    Entry::Widget { build: HASH.to_owned(), code: digest(&WASM), glue: digest(&GLUE) }
}

/// The glue's file and the module's.
pub(crate) const GLUE_FILE: &str = "widget.js";
pub(crate) const WASM_FILE: &str = "widget.wasm";

/// A year, the longest that caches keep anything.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// This build's files with their names, to be kept where a tag that asks for them is pinned.
#[must_use]
pub fn files() -> [(&'static str, &'static [u8]); 2] {
    [(GLUE_FILE, GLUE.bytes()), (WASM_FILE, WASM.bytes())]
}

/// `GET /_assent/widget/{hash}/{file}`: this build's, and those that pinned tags of earlier ones ask for.
pub async fn get_widget_file(
    State(app): State<App>,
    PathOf((hash, file)): PathOf<(String, String)>,
    headers: HeaderMap,
) -> Result<Response> {
    Ok(match file.as_str() {
        GLUE_FILE if hash == HASH => GLUE.respond(&headers, IMMUTABLE, "accept-encoding"),
        WASM_FILE if hash == HASH => WASM.respond(&headers, IMMUTABLE, "accept-encoding"),
        GLUE_FILE | WASM_FILE => {
            let file = app.catalog.pinned_file(&hash, &file).await?;
            file.respond(&headers, IMMUTABLE, "accept-encoding")
        }
        _ => return Err(Error::NotFound),
    })
}

/// `GET /_assent/assent.d.ts`
pub async fn get_types(headers: HeaderMap) -> Response {
    TYPES.respond(&headers, CACHE, "accept-encoding")
}
