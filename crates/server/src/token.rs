//! Page tokens: where a page ends, bound to the commit it is of and to the
//! request it answers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tonic::Status;
use xxhash_rust::xxh3::xxh3_64;

use crate::reason::{Reason, refuse};

/// The form of tokens.
const FORM: u8 = 1;

/// Bytes before the position.
const HEAD: usize = 1 + 8 + 8;

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageToken {
    /// The state of the catalog that the page before was of.
    pub(crate) state: u64,
    /// What the page ended with.
    pub(crate) position: Vec<u8>,
}

/// Digest of a request, whose fields that may differ between pages were emptied.
pub(crate) fn digest(request: &impl prost::Message) -> u64 {
    xxh3_64(&request.encode_to_vec())
}

impl PageToken {
    /// The token as text, for the next page of a request.
    pub(crate) fn encode(&self, request: u64) -> String {
        let mut bytes = vec![FORM];
        bytes.extend(self.state.to_le_bytes());
        bytes.extend(request.to_le_bytes());
        bytes.extend(&self.position);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The token that a request brings; none on its first page.
    pub(crate) fn decode(text: &str, request: u64) -> Result<Option<Self>, Status> {
        if text.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .filter(|bytes| bytes.len() >= HEAD && bytes[0] == FORM);
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
        let token = bytes.and_then(|bytes| {
            let same = number(&bytes[9..17]) == Some(request);
            let state = number(&bytes[1..9])?;
            let position = bytes[HEAD..].to_vec();
            Some((same, Self { state, position }))
        });
        match token {
            Some((true, token)) => Ok(Some(token)),
            Some((false, _)) => Err(invalid("the page token is of another request")),
            None => Err(invalid("the page token is none that this server made")),
        }
    }
}

/// A token that cannot be used.
pub(crate) fn invalid(what: &str) -> Status {
    let what = format!("{what}; begin again without one");
    refuse(Reason::PageTokenInvalid, what.clone())
        .with_field("page_token", what)
        .status()
}

/// A token of a state that is gone.
pub(crate) fn expired() -> Status {
    let what = "the catalog was changed since the page before; begin again without a page token";
    refuse(Reason::PageTokenExpired, what).status()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_again_for_its_request_alone() {
        let token = PageToken {
            state: 7,
            position: b"last id".to_vec(),
        };
        let text = token.encode(5);
        assert_eq!(PageToken::decode(&text, 5).unwrap(), Some(token));
        assert!(PageToken::decode(&text, 6).is_err());
        assert_eq!(PageToken::decode("", 5).unwrap(), None);
        for broken in [
            "x",
            "00",
            "zz",
            &text[..20],
            "ü",
            &format!("B{}", &text[1..]),
        ] {
            assert!(PageToken::decode(broken, 5).is_err(), "{broken}");
        }
    }
}
