//! Owns a native dialog while it is open: shown as a modal one, watched for Escape, closed when dropped.
//! Refuses to lock the page behind something that nobody can see.

use gloo::events::EventListener;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::{Callback, NodeRef};

/// An open dialog.
#[derive(Debug)]
pub(crate) struct Shown {
    dialog: HtmlDialogElement,
    // `close` does not bubble, so it is listened to here; dropped first, so that only the visitor's own closing is reported.
    on_close: Option<EventListener>,
}

impl Shown {
    /// Opens the dialog at `node`; `closed` is told when the visitor leaves it, by Escape or however the browser offers it.
    pub(crate) fn new(node: &NodeRef, closed: Callback<()>) -> Option<Self> {
        let dialog = node.cast::<HtmlDialogElement>()?;
        // The loader has opened the one that asks already.
        let open = dialog.open() || dialog.show_modal().is_ok();
        let visible = open && dialog.offset_height() > 0;
        if !visible {
            // A content blocker may hide our host; a modal dialog in it would leave the page inert and unexplained.
            dialog.close();
            closed.emit(());
            return None;
        }
        let on_close = Some(EventListener::new(&dialog, "close", move |_| closed.emit(())));
        Some(Self { dialog, on_close })
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.on_close = None;
        self.dialog.close();
    }
}

/// Moves the keyboard's focus to `node`, where there is one.
pub(crate) fn focus(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        // It fails only for what cannot be focused, and then there is nothing to do.
        let _ = element.focus();
    }
}
