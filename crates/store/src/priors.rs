//! What is usual for each signal in each field, as fitted last; and the days on which something was announced.

use std::collections::BTreeMap;

use domain::prior::{Fitted, Prior, Priors};
use domain::signal::Signal;
use jiff::civil::Date;

use crate::Store;
use crate::error::Result;
use crate::row::Columns;
use crate::sql::{count, insert, word};
use crate::time::{day, day_number, micros, moment};

impl Store {
    /// The priors in force; none are fitted in a new database.
    pub async fn priors(&self) -> Result<Priors> {
        const SQL: &str =
            "SELECT signal, field, alpha, beta, unit, papers, fitted FROM trend_priors";
        let rows = sqlx::query(SQL).fetch_all(self.readers()).await?;
        let mut priors = Priors::default();
        let mut fitted = BTreeMap::new();
        for row in &rows {
            let mut columns = Columns::of(row);
            let signal = word(columns.text()?, Signal::from_short)?;
            let field = columns.text()?.to_string();
            let prior = Prior {
                alpha: columns.real()?,
                beta: columns.real()?,
                unit: columns.real()?,
            };
            let papers = count(columns.int()?)?;
            priors.at = Some(moment(columns.int()?)?);
            fitted.insert((signal, field), Fitted { prior, papers });
        }
        priors.fitted = fitted;
        Ok(priors)
    }

    /// Puts fitted priors in the place of all earlier ones, in one transaction. Without any, the earlier ones stay:
    /// a night without readings is no reason to forget what is usual.
    pub async fn put_priors(&self, priors: &Priors) -> Result<()> {
        const HEAD: &str =
            "INSERT INTO trend_priors (signal, field, alpha, beta, unit, papers, fitted)";
        let Some(at) = priors.at.filter(|_| !priors.fitted.is_empty()) else {
            return Ok(());
        };
        let rows: Vec<_> = priors.fitted.iter().collect();
        let mut tx = self.begin_write().await?;
        sqlx::query("DELETE FROM trend_priors")
            .execute(&mut *tx)
            .await?;
        insert(
            &mut tx,
            HEAD,
            7,
            "",
            &rows,
            |statement, ((signal, field), fitted)| {
                statement
                    .bind(signal.as_str())
                    .bind(field.clone())
                    .bind(fitted.prior.alpha)
                    .bind(fitted.prior.beta)
                    .bind(fitted.prior.unit)
                    .bind(i64::from(fitted.papers))
                    .bind(micros(at))
            },
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The days from `since` on for which arXiv's announcement feeds brought papers, oldest first.
    pub async fn announced_days(&self, since: Date) -> Result<Vec<Date>> {
        const SQL: &str = "SELECT DISTINCT day FROM batches WHERE day >= $1 AND received > 0 \
            AND source = 'arxiv-feed' ORDER BY day";
        let rows = sqlx::query(SQL)
            .bind(day_number(since))
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| day(Columns::of(row).int()?))
            .collect()
    }
}
