//! Who may do what: roles, and the catalogs they hold for.

use std::sync::Arc;

use tonic::Status;

use crate::reason::{Reason, refuse};

/// What a caller may do. Each role may what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Read, search and classify.
    ReadOnly,
    /// Store, label and delete.
    ReadWrite,
    /// Replace taxonomies, and change models and indexes.
    Admin,
}

impl Role {
    /// All roles.
    pub(crate) const ALL: [Self; 3] = [Self::ReadOnly, Self::ReadWrite, Self::Admin];

    /// The role's name in a file of keys.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
            Self::Admin => "admin",
        }
    }
}

/// What the caller of a call may do.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Name of the key, for logs; empty where no keys are asked for.
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
    /// Names of catalogs; none for all.
    pub(crate) catalogs: Option<Arc<[String]>>,
}

impl Access {
    /// Everything, where no keys are asked for.
    pub(crate) fn everything() -> Self {
        Self {
            name: "".into(),
            role: Role::Admin,
            catalogs: None,
        }
    }

    /// Whether a catalog may be read.
    pub(crate) fn reads(&self, catalog: &str) -> bool {
        let named = |names: &Arc<[String]>| names.iter().any(|name| name == catalog);
        self.catalogs.as_ref().is_none_or(named)
    }

    /// Refuses what the caller may not do with a catalog.
    pub(crate) fn check(&self, role: Role, catalog: &str) -> Result<(), Status> {
        let name = format!("catalogs/{catalog}");
        let what = match self.reads(catalog) {
            true if role <= self.role => return Ok(()),
            true => format!(
                "the key is {}, and this call needs one that is {}",
                self.role.as_str(),
                role.as_str()
            ),
            false => format!("the key is not for `{name}`"),
        };
        let refusal = refuse(Reason::KeyForbids, what);
        Err(refusal.with_resource("assort.v1.Catalog", &name).status())
    }
}
