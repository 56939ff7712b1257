//! Owns the two questions that the components put to the page around them: what holds now, and carry this out.
//! Refuses to know how either is answered; that is the loader's. On the server there is no page, so nobody is asked.

#[cfg(feature = "hydrate")]
mod page {
    use assent_shared::PurposeView;
    use js_sys::{Object, Reflect};
    use wasm_bindgen::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::state::Outcome;

    #[wasm_bindgen]
    extern "C" {
        /// The loader's side: any object with these methods.
        #[derive(Debug, Clone, PartialEq)]
        pub type Bridge;

        #[wasm_bindgen(method, structural, js_name = decide)]
        fn decide_js(this: &Bridge, choices: &Object, method: &str, layer: u8);

        #[wasm_bindgen(method, structural, js_name = stored)]
        fn stored_js(this: &Bridge) -> JsValue;
    }

    impl Bridge {
        /// The choices that hold now, in the order of `purposes`; what the loader does not name was not granted.
        pub(crate) fn stored(&self, purposes: &[PurposeView]) -> Vec<bool> {
            let stored = self.stored_js();
            let granted = |purpose: &PurposeView| {
                Reflect::get(&stored, &purpose.id.as_str().into()) == Ok(JsValue::TRUE)
            };
            purposes.iter().map(granted).collect()
        }

        /// Has a decision carried out: cookie, held elements, events, receipt.
        pub(crate) fn decide(&self, outcome: &Outcome) {
            let choices = Object::new();
            for (purpose, granted) in &outcome.choices {
                // A plain new object refuses no property.
                let _ = Reflect::set(&choices, &purpose.as_str().into(), &(*granted).into());
            }
            self.decide_js(&choices, outcome.method.as_str(), outcome.layer);
        }
    }
}

#[cfg(not(feature = "hydrate"))]
mod nobody {
    use assent_shared::PurposeView;

    use crate::state::Outcome;

    /// The page that the server does not have: there is no value of this type.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) enum Bridge {}

    impl Bridge {
        pub(crate) fn stored(&self, _purposes: &[PurposeView]) -> Vec<bool> {
            match *self {}
        }

        pub(crate) fn decide(&self, _outcome: &Outcome) {
            match *self {}
        }
    }
}

#[cfg(not(feature = "hydrate"))]
pub(crate) use nobody::Bridge;
#[cfg(feature = "hydrate")]
pub use page::Bridge;
