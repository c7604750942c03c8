//! Who a request is from.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::account::{Role, Scope, UserId};
use store::User;

use crate::error::Error;

tokio::task_local! {
    /// Who the request at work is from, so that the frame of a page knows without every handler passing it on.
    static AT_WORK: Viewer;
}

/// Who the request at work is from; nobody outside of requests.
pub fn viewer() -> Viewer {
    AT_WORK.try_with(Viewer::clone).unwrap_or_default()
}

/// Lets a request be worked on as from this viewer.
pub(super) async fn working<T>(viewer: Viewer, work: impl Future<Output = T>) -> T {
    AT_WORK.scope(viewer, work).await
}

/// Who a request is from. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Viewer {
    known: Option<Arc<Known>>,
}

/// Somebody who is known.
#[derive(Debug)]
struct Known {
    user: User,
    by: By,
}

/// By what somebody is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// A session of this digest.
    Session(String),
    /// A token of this scope.
    Token(Scope),
    /// The machine: it is theirs alone.
    Machine,
    /// A proxy in front of the site.
    Proxy,
}

impl Viewer {
    /// Somebody.
    pub(crate) fn known(user: User, by: By) -> Self {
        Viewer {
            known: Some(Arc::new(Known { user, by })),
        }
    }

    /// Who it is, whatever they may do.
    pub fn user(&self) -> Option<&User> {
        self.known.as_deref().map(|known| &known.user)
    }

    /// Their number.
    pub fn id(&self) -> Option<UserId> {
        self.user().map(|user| user.id)
    }

    /// Whoever it is, known to read what is theirs.
    ///
    /// # Errors
    /// [`Error::SignIn`] where it is nobody.
    pub fn reader(&self) -> Result<&User, Error> {
        self.user()
            .ok_or_else(|| Error::SignIn("Sign in for this.".to_string()))
    }

    /// Whoever it is, when they may act in their own name.
    ///
    /// # Errors
    /// [`Error::SignIn`] where it is nobody, [`Error::Forbidden`] where a token is for reading only.
    pub fn writer(&self) -> Result<&User, Error> {
        self.with(Scope::Write, Role::Reader)
    }

    /// A moderator or an admin.
    ///
    /// # Errors
    /// As [`writer`](Viewer::writer), and where the role is another.
    pub fn moderator(&self) -> Result<&User, Error> {
        self.with(Scope::Admin, Role::Moderator)
    }

    /// An admin.
    ///
    /// # Errors
    /// As [`moderator`](Viewer::moderator).
    pub fn admin(&self) -> Result<&User, Error> {
        self.with(Scope::Admin, Role::Admin)
    }

    fn with(&self, scope: Scope, role: Role) -> Result<&User, Error> {
        let user = self.reader()?;
        if let Some(By::Token(granted)) = self.by()
            && *granted < scope
        {
            return Err(Error::Forbidden(format!(
                "This needs a token of scope {}; yours has {}.",
                scope.as_str(),
                granted.as_str()
            )));
        }
        if user.role < role {
            return Err(Error::Forbidden(format!(
                "This is for a {} of the site.",
                role.as_str()
            )));
        }
        Ok(user)
    }

    /// By what they are known.
    pub(crate) fn by(&self) -> Option<&By> {
        self.known.as_deref().map(|known| &known.by)
    }

    /// The digest of their session, if they have one.
    pub(crate) fn session(&self) -> Option<&str> {
        match self.by() {
            Some(By::Session(digest)) => Some(digest),
            _ => None,
        }
    }

    /// Whether the machine itself says who it is.
    pub fn owns_the_machine(&self) -> bool {
        self.by() == Some(&By::Machine)
    }

    /// Whether answers are for them alone: not for the owner of the machine, to whom every answer is.
    pub(crate) fn is_one_of_many(&self) -> bool {
        self.known.is_some() && !self.owns_the_machine()
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
