//! Long work on a catalog, followed to its end.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use assort_proto::longrunning as lro;
use assort_proto::longrunning::operation::Result as Outcome;
use assort_proto::longrunning::operations_client::OperationsClient;
use assort_proto::v1::OperationMetadata;
use prost::{Message, Name};

use crate::connection::Client;
use crate::error::{Error, Refusal, Result};

/// How long a call waits for the end before progress is told again.
const EVERY: Duration = Duration::from_millis(250);

/// What long work ends with: an answer of the contract.
pub trait Answer: Message + Name + Default {}

impl<R: Message + Name + Default> Answer for R {}

/// Long work that a server has begun, and whose end gives an `R`. It goes on whether
/// anybody follows it or not.
pub struct Operation<R> {
    client: Client,
    now: lro::Operation,
    answer: PhantomData<fn() -> R>,
}

impl<R> fmt::Debug for Operation<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(&self.now.name).finish()
    }
}

impl<R: Answer> Operation<R> {
    pub(crate) fn new(client: Client, now: lro::Operation) -> Self {
        Self {
            client,
            now,
            answer: PhantomData,
        }
    }

    /// Its name, `operations/{catalog}/{number}`.
    pub fn name(&self) -> &str {
        &self.now.name
    }

    /// How far it was when it was last asked for.
    pub fn progress(&self) -> OperationMetadata {
        let metadata = self.now.metadata.as_ref();
        let metadata = metadata.and_then(|any| any.to_msg().ok());
        metadata.unwrap_or_default()
    }

    /// Waits for its end, and tells `progress` how far it is a few times a second.
    ///
    /// # Errors
    /// [`Error::Refused`] with what the operation failed with, whose reason is
    /// `INTERRUPTED` if it was cancelled; and as all calls, see [`Error`].
    pub async fn follow(&mut self, mut progress: impl FnMut(&OperationMetadata)) -> Result<R> {
        while !self.now.done {
            progress(&self.progress());
            let request = lro::WaitOperationRequest {
                name: self.now.name.clone(),
                timeout: EVERY.try_into().ok(),
            };
            let waited = self.client.call(request, |channel, request| async move {
                OperationsClient::new(channel).wait_operation(request).await
            });
            self.now = waited.await?;
        }
        progress(&self.progress());
        match &self.now.result {
            Some(Outcome::Response(any)) => any
                .to_msg()
                .map_err(|error| Error::Answer(error.to_string())),
            Some(Outcome::Error(status)) => {
                Err(Error::Refused(Box::new(Refusal::in_message(status))))
            }
            None => Err(Error::Answer(
                "an operation ended without a result".to_owned(),
            )),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub async fn wait(&mut self) -> Result<R> {
        self.follow(|_| ()).await
    }

    /// Asks it to stop; [`Self::wait`] tells when it has.
    ///
    /// # Errors
    /// As all calls, see [`Error`].
    pub async fn cancel(&self) -> Result<()> {
        let request = lro::CancelOperationRequest {
            name: self.now.name.clone(),
        };
        let cancelled = self.client.call(request, |channel, request| async move {
            OperationsClient::new(channel)
                .cancel_operation(request)
                .await
        });
        cancelled.await
    }
}
