//! What readers may submit, and which addresses they may have told: settings of whoever runs the site.

use std::fmt;
use std::sync::Arc;

/// Gives an address in normal form, or says in words why messages may not be sent to it.
pub type CheckAddress = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// The settings.
#[derive(Clone)]
pub struct Policy {
    /// Whether papers may be submitted.
    pub submissions: bool,
    /// Most submissions of one person within 24 hours.
    pub per_day: u32,
    /// Oldest paper that may be submitted, in days; 0 for no limit.
    pub age_days_max: u32,
    /// Whether a bare web address will do.
    pub allow_links: bool,
    /// Checks the addresses of webhooks; `None` where there are no webhooks.
    pub webhooks: Option<CheckAddress>,
}

impl Default for Policy {
    /// Nothing may be submitted, nobody is told.
    fn default() -> Self {
        Policy {
            submissions: false,
            per_day: 0,
            age_days_max: 0,
            allow_links: false,
            webhooks: None,
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("submissions", &self.submissions)
            .field("per_day", &self.per_day)
            .field("age_days_max", &self.age_days_max)
            .field("allow_links", &self.allow_links)
            .field("webhooks", &self.webhooks.is_some())
            .finish()
    }
}
