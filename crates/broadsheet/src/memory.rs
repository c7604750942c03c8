//! What the polite gate remembers over restarts, kept in the database: joins `sources` and `store`, which do not
//! know each other.

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use sources::gate::{Memory, MemoryError, Validators};
use store::Store;

/// The gate's memory in the database.
#[derive(Debug, Clone)]
pub(crate) struct KeptMemory(pub(crate) Store);

impl Memory for KeptMemory {
    fn reserve_call<'a>(
        &'a self,
        group: &'a str,
        now: Timestamp,
        interval: SignedDuration,
    ) -> BoxFuture<'a, Result<Timestamp, MemoryError>> {
        Box::pin(async move {
            self.0
                .reserve_call(group, now, interval)
                .await
                .map_err(unusable)
        })
    }

    fn cool_down<'a>(
        &'a self,
        group: &'a str,
        until: Timestamp,
        why: &'a str,
    ) -> BoxFuture<'a, Result<(), MemoryError>> {
        Box::pin(async move { self.0.cool_down(group, until, why).await.map_err(unusable) })
    }

    fn validators<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Validators, MemoryError>> {
        Box::pin(async move {
            let kept = self.0.validators(url).await.map_err(unusable)?;
            Ok(Validators {
                etag: kept.etag,
                last_modified: kept.last_modified,
            })
        })
    }

    fn set_validators<'a>(
        &'a self,
        url: &'a str,
        validators: &'a Validators,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), MemoryError>> {
        Box::pin(async move {
            let Validators {
                etag,
                last_modified,
            } = validators.clone();
            let kept = store::Validators {
                etag,
                last_modified,
            };
            self.0
                .set_validators(url, &kept, now)
                .await
                .map_err(unusable)
        })
    }
}

fn unusable(error: store::Error) -> MemoryError {
    MemoryError(error.to_string())
}
