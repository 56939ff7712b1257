//! Owns the wasm module's door: the loader calls `mount` once, and `Handle::open` whenever the preferences are asked for.
//! Refuses to draw: the HTML is there already, rendered by the server from the same components.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Element;
use yew::AppHandle;

use crate::app::{App, Props};
use crate::bridge::Bridge;
use crate::config;
use crate::state::{Action, Start};

/// The live widget, kept by the loader.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Handle {
    app: AppHandle<App>,
    props: Props,
}

/// The style of what only the widget shows, for the loader to add to the shadow root's.
#[wasm_bindgen]
#[must_use]
pub fn style() -> String {
    include_str!("../dialog.css").to_owned()
}

/// Brings the server's HTML in `root` to life. `start` says which HTML it is: `banner` or `closed`.
#[wasm_bindgen]
#[must_use]
pub fn mount(root: Element, notice: &JsValue, start: &str, bridge: Bridge) -> Handle {
    let props = Props {
        notice: Rc::new(config::notice(notice)),
        start: if start == "banner" { Start::Banner } else { Start::Closed },
        bridge: Some(bridge),
    };
    let app = yew::Renderer::<App>::with_root_and_props(root, props.clone()).hydrate();
    Handle { app, props }
}

#[wasm_bindgen]
impl Handle {
    /// Opens the preferences with the stored choices.
    pub fn open(&self) {
        self.app.send_message(Action::Open(self.props.stored()));
    }
}
