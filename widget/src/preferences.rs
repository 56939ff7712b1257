//! Owns the second layer: every purpose with its switch and its declared cookies, in a native modal dialog.
//! Refuses to tick anything: the switches show the selection that it is given.

use assent_shared::{NoticeView, PurposeView};
use yew::{Callback, Html, NodeRef, html};

use crate::app::on;
use crate::banner::{answer, controller, cross};
use crate::state::Action;

/// The dialog. It has no `open` attribute: `dialog.rs` shows it as a modal one. What is new is told while the visitor is asked
/// about it.
pub(crate) fn preferences(
    notice: &NoticeView,
    asking: bool,
    selection: &[bool],
    dialog: &NodeRef,
    act: &Callback<Action>,
) -> Html {
    let texts = &notice.texts;
    let purposes = notice.purposes.iter().zip(selection).enumerate();
    html! {
        <dialog ref={dialog.clone()} class="choices" part="dialog" aria-labelledby="title" aria-describedby="fresh">
            <div class="top">
                <h2 id="title" part="title" tabindex="-1" autofocus=true>{&*texts.preferences}</h2>
                <button class="x" type="button" aria-label={texts.close.clone()} onclick={on(act, Action::Close)}>{cross()}</button>
            </div>
            <div class="list">
                <p id="fresh" part="text">{if asking { &*notice.news } else { "" }}</p>
                <p part="text">{&*texts.preferences_body}</p>
                { for purposes.map(|(at, (purpose, granted))| item(notice, asking, at, purpose, *granted, act)) }
                // `later/history.js` fills it when it is unfolded.
                <details class="item own"><summary>{&*texts.history}</summary><div /></details>
                {controller(notice)}
            </div>
            <div class="acts">
                if notice.asks() {
                    {answer("accept", &texts.accept, act, Action::AcceptAll)}
                    {answer("reject", &texts.reject, act, Action::RejectAll)}
                }
                <button class="act more" part="manage" type="button" onclick={on(act, Action::Save)}>{&*texts.save}</button>
            </div>
        </dialog>
    }
}

fn item(
    notice: &NoticeView,
    asking: bool,
    at: usize,
    purpose: &PurposeView,
    granted: bool,
    act: &Callback<Action>,
) -> Html {
    let (switch, about) = (format!("s{at}"), format!("d{at}"));
    html! {
        <section class="item" part="item">
            <div class="line">
                <h3><label for={switch.clone()}>{&*purpose.name}</label></h3>
                if purpose.essential { <span class="always">{&*notice.texts.always_on}</span> }
                <input part="switch" type="checkbox" role="switch" id={switch} aria-describedby={about.clone()} checked={granted}
                    disabled={purpose.essential} onchange={act.reform(move |_| Action::Toggle(at))} />
            </div>
            <p id={about}>
                <b>{if asking { &*purpose.news } else { "" }}</b>
                {&*purpose.description}
            </p>
            if purpose.gpc {
                <p class="signal">{if granted { &*notice.texts.signal_overruled } else { &*notice.texts.signal }}</p>
            }
            if !purpose.cookies.is_empty() { {declared(notice, purpose)} }
        </section>
    }
}

/// A list of descriptions instead of a table: it reflows at any width.
fn declared(notice: &NoticeView, purpose: &PurposeView) -> Html {
    let texts = &notice.texts;
    html! {
        <details>
            <summary>{&*texts.cookies}{format!(" ({})", purpose.cookies.len())}</summary>
            { for purpose.cookies.iter().map(|cookie| html! {
                <dl>
                    {pair(&texts.cookie_name, &cookie.name)}
                    {pair(&texts.cookie_provider, &cookie.provider)}
                    {pair(&texts.cookie_about, &cookie.about)}
                    {pair(&texts.cookie_lifetime, &cookie.lifetime)}
                </dl>
            }) }
        </details>
    }
}

fn pair(term: &str, value: &str) -> Html {
    html! { <><dt>{term}</dt><dd>{value}</dd></> }
}
