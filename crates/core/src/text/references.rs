//! Character references, such as `&amp;`.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, State, Tokenizer};

/// `text` with its character references decoded and nothing else changed.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| {
        if let CallbackEvent::String { value } = event {
            bytes.extend_from_slice(value);
        }
        None::<Infallible>
    });
    let mut tokenizer = Tokenizer::new_with_emitter(text, emitter);
    // With no element to end, this state knows references but no tags.
    tokenizer.set_state(State::RcData);
    let Ok(()) = tokenizer.finish();
    String::from_utf8_lossy(&bytes).into_owned()
}
