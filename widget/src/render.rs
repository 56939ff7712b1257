//! Owns turning the components into the HTML that the tag carries.
//! Refuses to wait for anything: no component of ours does, so no runtime is needed and any thread will do.

use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use assent_shared::NoticeView;
use yew::{Callback, Component, Html, LocalServerRenderer, NodeRef, Properties};

use crate::app::{App, Props};
use crate::banner::information;
use crate::preferences::preferences;
use crate::state::Start;

/// The HTML of `view` as a visitor first sees it; the browser hydrates exactly this.
#[must_use]
pub fn render(view: &NoticeView, start: Start) -> String {
    let props = Props { notice: Rc::new(view.clone()), start, bridge: None };
    finish(LocalServerRenderer::<App>::with_props(props).render())
}

/// The HTML of the preferences with `selection`, one switch per purpose, for a page that only shows how they looked.
#[must_use]
pub fn render_preferences(view: &NoticeView, selection: &[bool]) -> String {
    let props = Chosen { notice: Rc::new(view.clone()), selection: selection.to_vec() };
    finish(LocalServerRenderer::<Preferences>::with_props(props).hydratable(false).render())
}

/// The HTML of the bar that informs where nothing is asked. Nobody hydrates it: the loader closes it.
#[must_use]
pub fn render_information(view: &NoticeView) -> String {
    let props = Informed { notice: Rc::new(view.clone()) };
    finish(LocalServerRenderer::<Information>::with_props(props).hydratable(false).render())
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct Informed {
    notice: Rc<NoticeView>,
}

#[derive(Debug)]
struct Information;

impl Component for Information {
    type Message = ();
    type Properties = Informed;

    fn create(_: &yew::Context<Self>) -> Self {
        Self
    }

    fn view(&self, ctx: &yew::Context<Self>) -> Html {
        information(&ctx.props().notice)
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct Chosen {
    notice: Rc<NoticeView>,
    selection: Vec<bool>,
}

#[derive(Debug)]
struct Preferences;

impl Component for Preferences {
    type Message = ();
    type Properties = Chosen;

    fn create(_: &yew::Context<Self>) -> Self {
        Self
    }

    fn view(&self, ctx: &yew::Context<Self>) -> Html {
        let Chosen { notice, selection } = ctx.props();
        preferences(notice, false, selection, &NodeRef::default(), &Callback::noop())
    }
}

fn finish(rendering: impl Future<Output = String>) -> String {
    let mut rendering = pin!(rendering);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        // Pending only means that a part of the text is ready to be taken: the next poll goes on.
        if let Poll::Ready(html) = rendering.as_mut().poll(&mut context) {
            return html;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assent_shared::appearance::{Corner, Layout};
    use assent_shared::notice::AppearanceView;
    use assent_shared::{PurposeView, Texts};

    fn view() -> NoticeView {
        NoticeView {
            number: 1,
            locale: "en".to_owned(),
            appearance: AppearanceView {
                layout: Layout::BarBottom,
                corner: Corner::Start,
                floating_button: true,
            },
            controller: "Tom & <Jerry>".to_owned(),
            privacy_policy: Some("https://shop.example/privacy?a=1&b=\"2\"".to_owned()),
            news: String::new(),
            texts: Texts::from_keys(str::to_uppercase),
            purposes: vec![PurposeView {
                id: "analytics".to_owned(),
                essential: false,
                gpc: false,
                since: 1,
                name: "Analytics".to_owned(),
                description: String::new(),
                news: String::new(),
                cookies: vec![],
            }],
        }
    }

    #[test]
    fn the_banner_offers_yes_no_and_more_in_that_order() {
        let html = render(&view(), Start::Banner);
        let at = |what: &str| html.find(what).unwrap_or_else(|| panic!("no {what} in {html}"));
        assert!(at(r#"data-act="accept""#) < at(r#"data-act="reject""#));
        assert!(at(r#"data-act="reject""#) < at(r#"data-act="manage""#));
        assert!(!html.contains(r#"data-act="open""#));
        assert!(!html.contains("<dialog"));
        assert!(!html.contains("<Jerry>"), "texts are escaped: {html}");
        assert!(!html.contains("style="), "a strict CSP blocks inline styles: {html}");
    }

    #[test]
    fn after_a_decision_only_the_floating_button_is_there() {
        let html = render(&view(), Start::Closed);
        assert!(html.contains(r#"data-act="open""#));
        assert!(!html.contains(r#"data-act="accept""#));
    }

    #[test]
    fn no_layout_tells_the_two_answers_apart() {
        for layout in [Layout::BarBottom, Layout::BarTop, Layout::Box, Layout::Dialog] {
            let mut view = view();
            view.appearance.layout = layout;
            let html = render(&view, Start::Banner);
            let button = |name: &str, text: &str| {
                let start = html.find(&format!("data-act=\"{name}\"")).unwrap();
                let start = html[..start].rfind("<button").unwrap();
                let end = start + html[start..].find("</button>").unwrap();
                html[start..end].replace(name, "").replace(text, "")
            };
            assert_eq!(button("accept", "ACCEPT"), button("reject", "REJECT"), "{layout:?}");
            assert_eq!(html.matches("part=\"action\"").count(), 2, "{layout:?}: {html}");
            assert!(!html.contains(" open"), "the server opens no dialog: {html}");
        }
    }

    #[test]
    fn the_place_for_news_is_empty() {
        let html = render(&view(), Start::Banner);
        assert!(html.contains(r#"<p id="news" part="text"></p>"#), "the loader fills it: {html}");
        assert!(!html.contains("NEWS"), "the server does not know what was answered: {html}");
    }

    #[test]
    fn without_an_optional_purpose_nothing_can_be_answered() {
        let mut view = view();
        view.purposes[0].essential = true;
        let bar = render_information(&view);
        assert!(bar.contains("INFORM") && bar.contains("DISMISS") && bar.contains("data-cookies"), "{bar}");
        let preferences = render_preferences(&view, &[true]);
        for html in [bar, preferences] {
            for answer in ["ACCEPT", "REJECT", "MANAGE", "data-act"] {
                assert!(!html.contains(answer), "{answer} in {html}");
            }
        }
    }

    #[test]
    fn a_notice_may_want_no_floating_button() {
        let mut view = view();
        view.appearance.floating_button = false;
        assert!(!render(&view, Start::Closed).contains("<button"));
    }

    #[test]
    fn preferences_of_the_past_show_what_was_chosen() {
        let html = render_preferences(&view(), &[true]);
        assert!(html.contains("Analytics") && html.contains(" checked"), "{html}");
        assert!(!html.contains("<!--"), "nobody hydrates it: {html}");
        assert!(!render_preferences(&view(), &[false]).contains(" checked"));
    }

    #[test]
    fn any_thread_renders_the_same() {
        let here = render(&view(), Start::Banner);
        let there = std::thread::spawn(|| render(&view(), Start::Banner)).join().unwrap();
        assert_eq!(here, there);
    }
}
