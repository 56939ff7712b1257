//! Owns what the visitor sees as a value, and every transition of it: `State × Action → State`, perhaps an `Outcome`.
//! Refuses to touch a browser: no DOM, no cookie, no request; whoever calls it carries the outcome out.

use assent_shared::{Method, PurposeView};

/// What is on the screen at the start, on the server and in the browser alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The visitor is asked.
    Banner,
    /// The visitor has decided; only the floating button is there.
    Closed,
}

/// What is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The banner is shown, because no decision answers this notice; otherwise the floating button is.
    pub asking: bool,
    /// The open preferences' selection, one switch per purpose in the notice's order; `None` while they are closed.
    pub selection: Option<Vec<bool>>,
    /// A decision has just been stored, and the visitor is told so.
    pub saved: bool,
}

/// What the visitor did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Grant every optional purpose.
    AcceptAll,
    /// Deny every optional purpose.
    RejectAll,
    /// Open the preferences; the stored choices stand in the notice's order, missing ones were never granted.
    Open(Vec<bool>),
    /// Flip one purpose's switch.
    Toggle(usize),
    /// Store exactly the selection.
    Save,
    /// Leave the preferences without choosing.
    Close,
    /// Leave the dialog that asks, without choosing; the next page asks again.
    Leave,
}

/// A decision, for the loader to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Every optional purpose's id, granted or denied.
    pub choices: Vec<(String, bool)>,
    /// What was pressed. The loader knows what was granted before, and turns it into a withdrawal where it is one.
    pub method: Method,
    /// 1 for the banner, 2 for the preferences.
    pub layer: u8,
}

impl State {
    /// The state that the server rendered.
    #[must_use]
    pub fn new(start: Start) -> Self {
        Self { asking: start == Start::Banner, selection: None, saved: false }
    }

    /// The state after `action`, and the decision if it was one.
    #[must_use]
    pub fn reduce(mut self, action: Action, purposes: &[PurposeView]) -> (Self, Option<Outcome>) {
        match action {
            Action::AcceptAll => self.decide(Method::AcceptAll, purposes),
            Action::RejectAll => self.decide(Method::RejectAll, purposes),
            Action::Save => self.decide(Method::Custom, purposes),
            Action::Open(stored) => {
                // Opening again what is open must not undo what the visitor has already flipped.
                self.selection.get_or_insert_with(|| {
                    let granted = |(at, purpose): (usize, &PurposeView)| {
                        purpose.essential || stored.get(at).copied().unwrap_or(false)
                    };
                    purposes.iter().enumerate().map(granted).collect()
                });
                self.saved = false;
                (self, None)
            }
            Action::Toggle(at) => {
                let optional = purposes.get(at).is_some_and(|purpose| !purpose.essential);
                if let Some(switch) = self.selection.as_mut().and_then(|selection| selection.get_mut(at))
                    && optional
                {
                    *switch = !*switch;
                }
                (self, None)
            }
            Action::Close => {
                self.selection = None;
                (self, None)
            }
            Action::Leave => {
                self.asking = false;
                (self, None)
            }
        }
    }

    fn decide(self, method: Method, purposes: &[PurposeView]) -> (Self, Option<Outcome>) {
        if purposes.iter().all(|purpose| purpose.essential) {
            // There is nothing to decide, so what would save only closes.
            return (Self { selection: None, ..self }, None);
        }
        let granted = |at| match (method, &self.selection) {
            (Method::AcceptAll, _) => true,
            (Method::Custom, Some(selection)) => selection.get(at).copied().unwrap_or(false),
            _ => false,
        };
        let layer = match &self.selection {
            Some(_) => 2,
            // The banner has no Save, and behind the floating button there is nothing to press.
            None if self.asking && method != Method::Custom => 1,
            None => return (self, None),
        };
        let choices = purposes
            .iter()
            .enumerate()
            .filter(|(_, purpose)| !purpose.essential)
            .map(|(at, purpose)| (purpose.id.clone(), granted(at)))
            .collect();
        let decided = Self { asking: false, selection: None, saved: true };
        (decided, Some(Outcome { choices, method, layer }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purposes() -> Vec<PurposeView> {
        let purpose = |id: &str, essential| PurposeView {
            id: id.to_owned(),
            essential,
            gpc: false,
            since: 1,
            name: String::new(),
            description: String::new(),
            news: String::new(),
            cookies: vec![],
        };
        vec![purpose("necessary", true), purpose("analytics", false), purpose("video", false)]
    }

    fn banner() -> State {
        State::new(Start::Banner)
    }

    fn closed() -> State {
        State::new(Start::Closed)
    }

    fn saved() -> State {
        State { saved: true, ..closed() }
    }

    fn open(mut behind: State, selection: [bool; 3]) -> State {
        behind.selection = Some(selection.into());
        behind
    }

    fn step(state: State, action: Action) -> (State, Option<Outcome>) {
        state.reduce(action, &purposes())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands beside what `step` returns")]
    fn outcome(analytics: bool, video: bool, method: Method, layer: u8) -> Option<Outcome> {
        let choices = vec![("analytics".to_owned(), analytics), ("video".to_owned(), video)];
        Some(Outcome { choices, method, layer })
    }

    /// Every kind of state, times every kind of action.
    #[test]
    fn every_transition() {
        use Action::{AcceptAll, Close, Leave, Open, RejectAll, Save, Toggle};
        use Method::{AcceptAll as Accept, Custom, RejectAll as Reject};
        const NONE: [bool; 3] = [true, false, false];
        const VIDEO: [bool; 3] = [true, false, true];
        const BOTH: [bool; 3] = [true, true, true];
        let stored = || vec![true, false, true];
        let table = [
            // The banner: yes and no are one click each; nothing is ticked without a stored choice.
            (banner(), AcceptAll, saved(), outcome(true, true, Accept, 1)),
            (banner(), RejectAll, saved(), outcome(false, false, Reject, 1)),
            (banner(), Open(vec![]), open(banner(), NONE), None),
            (banner(), Open(stored()), open(banner(), VIDEO), None),
            (banner(), Toggle(1), banner(), None),
            (banner(), Save, banner(), None),
            (banner(), Close, banner(), None),
            (banner(), Leave, closed(), None),
            // The floating button: it opens, showing what is stored, and nothing else.
            (closed(), AcceptAll, closed(), None),
            (closed(), RejectAll, closed(), None),
            (closed(), Open(vec![]), open(closed(), NONE), None),
            (closed(), Open(stored()), open(closed(), VIDEO), None),
            (closed(), Toggle(1), closed(), None),
            (closed(), Save, closed(), None),
            (closed(), Close, closed(), None),
            (closed(), Leave, closed(), None),
            // The announcement ends when the preferences open.
            (saved(), Open(stored()), open(closed(), VIDEO), None),
            (saved(), Close, saved(), None),
            (saved(), Leave, saved(), None),
            (saved(), AcceptAll, saved(), None),
            (saved(), RejectAll, saved(), None),
            (saved(), Save, saved(), None),
            (saved(), Toggle(2), saved(), None),
            // The preferences over the banner: leaving without choosing asks on.
            (open(banner(), NONE), AcceptAll, saved(), outcome(true, true, Accept, 2)),
            (open(banner(), BOTH), RejectAll, saved(), outcome(false, false, Reject, 2)),
            (open(banner(), VIDEO), Save, saved(), outcome(false, true, Custom, 2)),
            (open(banner(), NONE), Save, saved(), outcome(false, false, Custom, 2)),
            (open(banner(), NONE), Toggle(2), open(banner(), VIDEO), None),
            (open(banner(), VIDEO), Toggle(2), open(banner(), NONE), None),
            (open(banner(), BOTH), Close, banner(), None),
            (open(banner(), BOTH), Leave, open(closed(), BOTH), None),
            (open(banner(), VIDEO), Open(vec![]), open(banner(), VIDEO), None),
            // The preferences over a stored decision: leaving changes nothing.
            (open(closed(), NONE), AcceptAll, saved(), outcome(true, true, Accept, 2)),
            (open(closed(), BOTH), RejectAll, saved(), outcome(false, false, Reject, 2)),
            (open(closed(), BOTH), Save, saved(), outcome(true, true, Custom, 2)),
            (open(closed(), NONE), Toggle(2), open(closed(), VIDEO), None),
            (open(closed(), BOTH), Close, closed(), None),
            (open(closed(), BOTH), Leave, open(closed(), BOTH), None),
            (open(closed(), NONE), Open(stored()), open(closed(), NONE), None),
            // An essential purpose has no switch, and a switch beyond the last does not exist.
            (open(banner(), NONE), Toggle(0), open(banner(), NONE), None),
            (open(banner(), NONE), Toggle(3), open(banner(), NONE), None),
        ];
        for (state, action, next, decided) in table {
            let said = format!("{state:?} × {action:?}");
            assert_eq!(step(state, action), (next, decided), "{said}");
        }
    }

    #[test]
    fn where_nothing_is_optional_nothing_is_decided() {
        let purposes = &purposes()[..1];
        for action in [Action::AcceptAll, Action::RejectAll, Action::Save] {
            let (open, _) = closed().reduce(Action::Open(vec![]), purposes);
            assert!(open.selection.is_some());
            assert_eq!(open.reduce(action.clone(), purposes), (closed(), None), "{action:?}");
        }
    }

    #[test]
    fn an_essential_purpose_is_on_whatever_was_stored() {
        let (state, _) = step(banner(), Action::Open(vec![false, true, false]));
        assert_eq!(state.selection, Some(vec![true, true, false]));
    }
}
