//! Owns everything that a visitor sees: the banner, the preferences and the floating button, as Yew components that the
//! server renders and the browser hydrates. Refuses to decide what a choice does: cookies, held elements and receipts are
//! the loader's (`widget/loader.js`), which works without this crate's wasm.
//!
//! - feature `render`: `render`, for the server;
//! - feature `hydrate`: the wasm entry, for the browser.

#[cfg(any(feature = "render", feature = "hydrate"))]
mod app;
#[cfg(any(feature = "render", feature = "hydrate"))]
mod banner;
#[cfg(any(feature = "render", feature = "hydrate"))]
mod bridge;
#[cfg(feature = "hydrate")]
mod config;
#[cfg(feature = "hydrate")]
mod dialog;
#[cfg(feature = "hydrate")]
mod entry;
#[cfg(any(feature = "render", feature = "hydrate"))]
mod preferences;
#[cfg(feature = "render")]
mod render;
pub mod state;

#[cfg(feature = "hydrate")]
pub use bridge::Bridge;
#[cfg(feature = "hydrate")]
pub use entry::{Handle, mount, style};
#[cfg(feature = "render")]
pub use render::{render, render_information, render_preferences};
pub use state::Start;
