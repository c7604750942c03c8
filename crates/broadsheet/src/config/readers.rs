//! What readers may submit and have told.

use serde::{Deserialize, Serialize};

/// Papers that readers submit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Submissions {
    /// Whether papers may be submitted.
    pub(crate) enabled: bool,
    /// Most submissions of one person within 24 hours.
    pub(crate) per_day: u32,
    /// Oldest paper that may be submitted, in days since its first version; 0 for no limit.
    pub(crate) age_days_max: u32,
    /// Whether a bare web address will do for a paper that has no other id.
    pub(crate) allow_links: bool,
}

/// Addresses that are told of new papers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    /// Whether people may have webhooks, and whether they are sent.
    pub(crate) enabled: bool,
    /// Whether they may lead into private networks, and over plain http to this machine.
    pub(crate) private_allowed: bool,
}

impl Default for Submissions {
    fn default() -> Self {
        Submissions {
            enabled: true,
            per_day: 5,
            age_days_max: 0,
            allow_links: true,
        }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Webhooks {
            enabled: true,
            private_allowed: false,
        }
    }
}
