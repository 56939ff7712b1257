//! Owns the one component: it holds the state, passes actions through the reducer, and shows what comes out.
//! Refuses to contain a rule; those are in `state`.

use std::rc::Rc;

use assent_shared::NoticeView;
use yew::{Callback, Component, Context, Html, NodeRef, Properties, html};

use crate::banner::{banner, floating};
use crate::bridge::Bridge;
use crate::preferences::preferences;
use crate::state::{Action, Start, State};

/// What the component is made from; the server and the browser must pass equal notices.
#[derive(Debug, Clone, Properties)]
pub(crate) struct Props {
    pub(crate) notice: Rc<NoticeView>,
    pub(crate) start: Start,
    pub(crate) bridge: Option<Bridge>,
}

/// A notice never changes, so the same one is the one in the same place: to compare its words would cost bytes of the module.
impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.notice, &other.notice) && self.start == other.start && self.bridge == other.bridge
    }
}

impl Props {
    /// The choices that hold now, in the notice's order.
    pub(crate) fn stored(&self) -> Vec<bool> {
        self.bridge.as_ref().map(|bridge| bridge.stored(&self.notice.purposes)).unwrap_or_default()
    }
}

/// Everything that the visitor sees.
#[derive(Debug)]
pub(crate) struct App {
    state: State,
    asks: NodeRef,
    dialog: NodeRef,
    button: NodeRef,
    /// The dialog that asks, where the notice wants one.
    #[cfg(feature = "hydrate")]
    asked: Option<crate::dialog::Shown>,
    /// The preferences.
    #[cfg(feature = "hydrate")]
    shown: Option<crate::dialog::Shown>,
    /// The bar went away with the button that was pressed; the keyboard goes on from what takes its place.
    #[cfg(feature = "hydrate")]
    answered: bool,
}

impl Component for App {
    type Message = Action;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        Self {
            state: State::new(ctx.props().start),
            asks: NodeRef::default(),
            dialog: NodeRef::default(),
            button: NodeRef::default(),
            #[cfg(feature = "hydrate")]
            asked: None,
            #[cfg(feature = "hydrate")]
            shown: None,
            #[cfg(feature = "hydrate")]
            answered: false,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, action: Action) -> bool {
        let Props { notice, bridge, .. } = ctx.props();
        let before = self.state.clone();
        let (state, outcome) = before.clone().reduce(action, &notice.purposes);
        self.state = state;
        if let (Some(outcome), Some(bridge)) = (outcome, bridge) {
            bridge.decide(&outcome);
        }
        #[cfg(feature = "hydrate")]
        {
            if self.state.selection.is_none() {
                // Before the element is gone: only a dialog that is closed gives the focus back.
                self.shown = None;
            }
            if !self.state.asking {
                self.asked = None;
            }
            self.answered = before.asking && !self.state.asking;
        }
        self.state != before
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let notice = &ctx.props().notice;
        let act = ctx.link().callback(|action| action);
        let props = ctx.props().clone();
        let open = act.reform(move |()| Action::Open(props.stored()));
        html! {
            <>
                if self.state.asking { {banner(notice, &self.asks, &act, &open)} } else { {floating(notice, &self.button, &open)} }
                if let Some(selection) = &self.state.selection {
                    {preferences(notice, self.state.asking, selection, &self.dialog, &act)}
                }
                <p class="said" role="status">{ if self.state.saved { &*notice.texts.saved } else { "" } }</p>
            </>
        }
    }

    #[cfg(feature = "hydrate")]
    fn rendered(&mut self, ctx: &Context<Self>, _first: bool) {
        if self.state.asking && self.asked.is_none() {
            self.asked = crate::dialog::Shown::new(&self.asks, ctx.link().callback(|()| Action::Leave));
        }
        if self.state.selection.is_some() && self.shown.is_none() {
            self.shown = crate::dialog::Shown::new(&self.dialog, ctx.link().callback(|()| Action::Close));
        }
        if std::mem::take(&mut self.answered) {
            crate::dialog::focus(&self.button);
        }
    }
}

/// A click handler that performs `action`.
pub(crate) fn on(act: &Callback<Action>, action: Action) -> Callback<yew::MouseEvent> {
    act.reform(move |_| action.clone())
}
