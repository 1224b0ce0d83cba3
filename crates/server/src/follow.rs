//! Catalogs whose states come from elsewhere: a new one takes the place of the one that is
//! served.

use std::time::Duration;

use crate::served::Opened;
use crate::server::Controls;

/// The next state of a catalog, if there is one, or what is in the way.
pub type Next = Box<dyn FnMut() -> std::result::Result<Option<Opened>, String> + Send>;

/// A catalog whose next state is asked for again and again.
pub struct Followed {
    /// Its name in the names of resources.
    pub name: String,
    /// How often it is asked for.
    pub every: Duration,
    /// What gives it. It may work long.
    pub next: Next,
}

/// Follows a catalog for as long as the server runs.
pub(crate) async fn follow(followed: Followed, controls: Controls) {
    let Followed {
        name,
        every,
        mut next,
    } = followed;
    loop {
        tokio::time::sleep(every).await;
        let controls = controls.clone();
        let stepped = tokio::task::spawn_blocking(move || {
            let replaced = step(&mut next, &controls);
            (next, replaced)
        });
        // It ended by a panic, which was told: the catalog is served as it is.
        let Ok((given, replaced)) = stepped.await else {
            tracing::error!(catalog = name, "the catalog is not followed any more");
            return;
        };
        next = given;
        match replaced {
            Ok(true) => tracing::info!(catalog = name, "a new version is served"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(
                    catalog = name,
                    error,
                    "served as it was; the next try follows"
                );
            }
        }
    }
}

/// Serves the next state, if there is one; whether there was.
fn step(next: &mut Next, controls: &Controls) -> std::result::Result<bool, String> {
    match next()? {
        None => Ok(false),
        Some(opened) => {
            let replaced = controls.replace(opened);
            replaced.map(|()| true).map_err(|error| error.to_string())
        }
    }
}
