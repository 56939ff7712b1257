//! Owns reading the tag's notice, a JavaScript object, into the type that the server renders from.
//! Refuses a parser: the engine has parsed it already, and serde would cost a third of the wasm.

use assent_shared::appearance::{Corner, Layout};
use assent_shared::notice::{AppearanceView, CookieView};
use assent_shared::{NoticeView, PurposeView, Texts};
use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;

/// The notice; what is missing reads as empty, false or zero.
pub(crate) fn notice(tag: &JsValue) -> NoticeView {
    let (texts, appearance) = (get(tag, "texts"), get(tag, "appearance"));
    NoticeView {
        number: number(tag, "number"),
        locale: text(tag, "locale"),
        appearance: AppearanceView {
            layout: Layout::named(&text(&appearance, "layout")),
            corner: Corner::named(&text(&appearance, "corner")),
            floating_button: get(&appearance, "floating_button").is_truthy(),
        },
        controller: text(tag, "controller"),
        privacy_policy: get(tag, "privacy_policy").as_string(),
        news: text(tag, "news"),
        texts: Texts::from_keys(|key| text(&texts, key)),
        purposes: list(tag, "purposes", |purpose| PurposeView {
            id: text(purpose, "id"),
            essential: get(purpose, "essential").is_truthy(),
            gpc: get(purpose, "gpc").is_truthy(),
            since: number(purpose, "since"),
            name: text(purpose, "name"),
            description: text(purpose, "description"),
            news: text(purpose, "news"),
            cookies: list(purpose, "cookies", |cookie| CookieView {
                name: text(cookie, "name"),
                provider: text(cookie, "provider"),
                about: text(cookie, "about"),
                lifetime: text(cookie, "lifetime"),
            }),
        }),
    }
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(key)).unwrap_or_default()
}

fn text(object: &JsValue, key: &str) -> String {
    get(object, key).as_string().unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the server wrote a u32")]
fn number(object: &JsValue, key: &str) -> u32 {
    get(object, key).as_f64().unwrap_or_default() as u32
}

fn list<T>(object: &JsValue, key: &str, read: impl Fn(&JsValue) -> T) -> Vec<T> {
    Array::from(&get(object, key)).iter().map(|item| read(&item)).collect()
}
