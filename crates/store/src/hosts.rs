//! Politeness that survives restarts: when each host may be called next, and what its last answers were marked with.

use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::time::{micros, moment};

/// Validators of the last answer from an address, for conditional requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// Longest address whose validators are kept, in bytes. PostgreSQL cannot index texts much longer; addresses of this
/// length carry resumption tokens, which are never asked for twice.
const URL_LEN_MAX: usize = 2000;
/// Longest pause between two calls; longer ones would be a mistake, and could overflow the sum.
const INTERVAL_MAX: SignedDuration = SignedDuration::from_hours(24 * 365);
/// Longest validator that is kept, in bytes: a stranger chooses it, and it goes back out as a header.
const VALIDATOR_LEN_MAX: usize = 1000;

impl Store {
    /// Reserves the next call to a host: returns when it may be made, at least `interval` after the last reserved
    /// one and not before a cool-down ends. Survives restarts, and holds over all processes on the database.
    pub async fn reserve_call(
        &self,
        host: &str,
        now: Timestamp,
        interval: SignedDuration,
    ) -> Result<Timestamp> {
        // One statement, so that two callers never get the same moment. The two CASEs are a maximum of three, in
        // words that both engines know.
        const SQL: &str = "INSERT INTO hosts (host, reserved, cool_until, why) VALUES ($1, $2, $2, '') \
            ON CONFLICT (host) DO UPDATE SET reserved = CASE \
                WHEN hosts.cool_until >= excluded.reserved AND hosts.cool_until >= hosts.reserved + $3 \
                    THEN hosts.cool_until \
                WHEN hosts.reserved + $3 >= excluded.reserved THEN hosts.reserved + $3 \
                ELSE excluded.reserved END, \
            why = CASE WHEN hosts.cool_until > excluded.reserved THEN hosts.why ELSE '' END \
            RETURNING reserved";
        let interval = interval.clamp(SignedDuration::ZERO, INTERVAL_MAX);
        let interval = i64::try_from(interval.as_micros()).unwrap_or(0);
        let row = sqlx::query(SQL)
            .bind(host)
            .bind(micros(now))
            .bind(interval)
            .fetch_one(self.writers())
            .await?;
        moment(Columns::of(&row).int()?)
    }

    /// No call to a host before `until`. A shorter cool-down never ends a longer one.
    pub async fn cool_down(&self, host: &str, until: Timestamp, why: &str) -> Result<()> {
        const SQL: &str = "INSERT INTO hosts (host, reserved, cool_until, why) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (host) DO UPDATE SET cool_until = excluded.cool_until, why = excluded.why \
            WHERE hosts.cool_until < excluded.cool_until";
        sqlx::query(SQL)
            .bind(host)
            .bind(micros(Timestamp::UNIX_EPOCH))
            .bind(micros(until))
            .bind(why)
            .execute(self.writers())
            .await?;
        Ok(())
    }

    /// Hosts with the end of their cool-down or else their last reserved call, and the reason of a cool-down.
    pub async fn hosts(&self) -> Result<Vec<(String, Timestamp, String)>> {
        const SQL: &str = "SELECT host, CASE WHEN cool_until > reserved THEN cool_until ELSE reserved END, why \
            FROM hosts ORDER BY host";
        let rows = sqlx::query(SQL).fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let host = columns.text()?.to_string();
                let next = moment(columns.int()?)?;
                Ok((host, next, columns.text()?.to_string()))
            })
            .collect()
    }

    /// Validators remembered for an address.
    pub async fn validators(&self, url: &str) -> Result<Validators> {
        let row = sqlx::query("SELECT etag, last_modified FROM validators WHERE url = $1")
            .bind(url)
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else {
            return Ok(Validators::default());
        };
        let mut columns = Columns::of(&row);
        Ok(Validators {
            etag: columns.opt_text()?,
            last_modified: columns.opt_text()?,
        })
    }

    /// Remembers validators.
    pub async fn set_validators(
        &self,
        url: &str,
        validators: &Validators,
        now: Timestamp,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO validators (url, etag, last_modified, updated) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (url) DO UPDATE SET etag = excluded.etag, last_modified = excluded.last_modified, \
            updated = excluded.updated";
        if url.len() > URL_LEN_MAX {
            return Ok(());
        }
        let kept = |validator: &Option<String>| {
            let short = validator.as_ref().filter(|v| v.len() <= VALIDATOR_LEN_MAX);
            short.map(|v| v.replace('\0', ""))
        };
        sqlx::query(SQL)
            .bind(url)
            .bind(kept(&validators.etag))
            .bind(kept(&validators.last_modified))
            .bind(micros(now))
            .execute(self.writers())
            .await?;
        Ok(())
    }
}
