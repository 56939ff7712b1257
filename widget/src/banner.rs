//! Owns the first layer: the bar, box or dialog that asks, and the floating button that stays afterwards.
//! Refuses to make either answer easier than the other: Accept and Reject are one and the same button.

use assent_shared::NoticeView;
use assent_shared::appearance::{Corner, Layout};
use yew::{Callback, Html, NodeRef, html};

use crate::app::on;
use crate::state::Action;

/// What asks. `data-act` lets the loader serve a click that comes before the wasm. A dialog has no `open` attribute:
/// the loader, and after it `dialog.rs`, show it as a modal one.
pub(crate) fn banner(
    notice: &NoticeView,
    asks: &NodeRef,
    act: &Callback<Action>,
    open: &Callback<()>,
) -> Html {
    let texts = &notice.texts;
    let modal = notice.appearance.layout == Layout::Dialog;
    let inside = html! {
        <>
            <div class="words">
                <h2 id="asks" part="title" tabindex={modal.then_some("-1")} autofocus={modal}>{&*texts.title}</h2>
                // What is asked anew: the loader, which knows what was answered, has written it.
                <p id="news" part="text">{&*notice.news}</p>
                <p part="text">{&*texts.body}</p>
                {honoured(notice)}
                {controller(notice)}
            </div>
            <div class="acts">
                {answer("accept", &texts.accept, act, Action::AcceptAll)}
                {answer("reject", &texts.reject, act, Action::RejectAll)}
                <button class="act more" part="manage" type="button" data-act="manage" aria-haspopup="dialog"
                    onclick={open.reform(|_| ())}>{&*texts.manage}</button>
            </div>
        </>
    };
    let class = match notice.appearance.layout {
        Layout::BarBottom => "bar wide",
        Layout::BarTop => "bar wide upper",
        Layout::Box => corner(notice, "bar box", "bar box end"),
        Layout::Dialog => {
            return html! {
                <dialog ref={asks.clone()} class="bar middle" part="bar" aria-labelledby="asks" aria-describedby="news">
                    <button class="x" type="button" data-act="close" aria-label={texts.close.clone()} onclick={on(act, Action::Leave)}>
                        {cross()}
                    </button>
                    {inside}
                </dialog>
            };
        }
    };
    html! { <section class={class} part="bar" aria-label={texts.region.clone()}>{inside}</section> }
}

/// The bar that asks nothing. Its link to the table of cookies has no address yet: the loader knows where the server is.
#[cfg(feature = "render")]
pub(crate) fn information(notice: &NoticeView) -> Html {
    let texts = &notice.texts;
    let class = match notice.appearance.layout {
        // Nobody is stopped by a dialog to be told that there is nothing to decide.
        Layout::BarBottom | Layout::Dialog => "bar wide informs",
        Layout::BarTop => "bar wide upper informs",
        Layout::Box => corner(notice, "bar box informs", "bar box end informs"),
    };
    html! {
        <section {class} part="bar" aria-label={texts.cookies.clone()}>
            <div class="words">
                <p part="text">{&*texts.inform}</p>
                <p class="who" part="text">
                    {&*notice.controller}
                    <a data-cookies="">{&*texts.cookies}</a>
                    if let Some(address) = &notice.privacy_policy {
                        <a href={address.clone()}>{&*texts.privacy_policy}</a>
                    }
                </p>
            </div>
            <div class="acts"><button class="act more" part="manage" type="button">{&*texts.dismiss}</button></div>
        </section>
    }
}

/// What the browser's signal has denied already. It is always there; the style shows it where the loader found the signal.
fn honoured(notice: &NoticeView) -> Html {
    let covered: Vec<&str> =
        notice.purposes.iter().filter(|purpose| purpose.gpc).map(|purpose| &*purpose.name).collect();
    if covered.is_empty() {
        return Html::default();
    }
    html! { <p class="signal" part="text">{covered.join(", ")}{": "}{&*notice.texts.signal}</p> }
}

/// One answer. Both are made here, and nothing but the words tells them apart to the eye.
pub(crate) fn answer(name: &'static str, text: &str, act: &Callback<Action>, action: Action) -> Html {
    html! { <button class="act" part="action" type="button" data-act={name} onclick={on(act, action)}>{text}</button> }
}

/// The small round button that opens the preferences again, if the notice wants one.
pub(crate) fn floating(notice: &NoticeView, button: &NodeRef, open: &Callback<()>) -> Html {
    if !notice.appearance.floating_button {
        return Html::default();
    }
    let label = &notice.texts.reopen;
    html! {
        <button ref={button.clone()} class={corner(notice, "dot", "dot end")} part="reopen" type="button" data-act="open"
            aria-haspopup="dialog" aria-label={label.clone()} title={label.clone()} onclick={open.reform(|_| ())}>
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4" /></svg>
        </button>
    }
}

/// Who asks, and the way to the privacy policy (GDPR art. 13(1)(a)).
pub(crate) fn controller(notice: &NoticeView) -> Html {
    html! {
        <p class="who" part="text">
            {&*notice.controller}
            if let Some(address) = &notice.privacy_policy {
                <a href={address.clone()}>{&*notice.texts.privacy_policy}</a>
            }
        </p>
    }
}

/// A cross, drawn instead of written: no font, and no voice that reads it as "times".
pub(crate) fn cross() -> Html {
    html! { <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18" /></svg> }
}

fn corner(notice: &NoticeView, start: &'static str, end: &'static str) -> &'static str {
    if notice.appearance.corner == Corner::Start { start } else { end }
}
