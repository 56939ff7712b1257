//! Owns the first layer: the bar that asks, and the floating button that stays afterwards.
//! Refuses to make either answer easier than the other: Accept and Reject are one and the same button.

use assent_shared::NoticeView;
use yew::{Callback, Html, NodeRef, html};

use crate::app::on;
use crate::state::Action;

/// The bar that asks. `data-act` lets the loader serve a click that comes before the wasm.
pub(crate) fn banner(notice: &NoticeView, act: &Callback<Action>, open: &Callback<()>) -> Html {
    let texts = &notice.texts;
    html! {
        <section class="bar" aria-label={texts.region.clone()}>
            <div class="words">
                <h2>{&*texts.title}</h2>
                <p>{&*texts.body}</p>
                {controller(notice)}
            </div>
            <div class="acts">
                <button class="act" type="button" data-act="accept" onclick={on(act, Action::AcceptAll)}>{&*texts.accept}</button>
                <button class="act" type="button" data-act="reject" onclick={on(act, Action::RejectAll)}>{&*texts.reject}</button>
                <button class="act more" type="button" data-act="manage" aria-haspopup="dialog" onclick={open.reform(|_| ())}>
                    {&*texts.manage}
                </button>
            </div>
        </section>
    }
}

/// The small round button that opens the preferences again.
pub(crate) fn floating(notice: &NoticeView, button: &NodeRef, open: &Callback<()>) -> Html {
    let label = &notice.texts.reopen;
    html! {
        <button ref={button.clone()} class="dot" type="button" data-act="open" aria-haspopup="dialog"
            aria-label={label.clone()} title={label.clone()} onclick={open.reform(|_| ())}>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4" /></svg>
        </button>
    }
}

/// Who asks, and the way to the privacy policy (GDPR art. 13(1)(a)).
pub(crate) fn controller(notice: &NoticeView) -> Html {
    html! {
        <p class="who">
            {&*notice.controller}
            if let Some(address) = &notice.privacy_policy {
                <a href={address.clone()}>{&*notice.texts.privacy_policy}</a>
            }
        </p>
    }
}
