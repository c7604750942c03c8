//! Small named values.

use crate::Store;
use crate::error::Result;
use crate::row::Columns;

impl Store {
    /// A small named value (`meta` table).
    pub async fn meta(&self, name: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT value FROM meta WHERE name = $1")
            .bind(name)
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| Ok(Columns::of(&row).text()?.to_string()))
            .transpose()
    }

    /// A small named value, set to `first` where it was never set. Of several who ask at once all get the same.
    pub async fn meta_or(&self, name: &str, first: &str) -> Result<String> {
        const SQL: &str =
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        sqlx::query(SQL)
            .bind(name)
            .bind(first)
            .execute(self.writers())
            .await?;
        Ok(self.meta(name).await?.unwrap_or_else(|| first.to_string()))
    }

    /// Sets a small named value.
    pub async fn set_meta(&self, name: &str, value: &str) -> Result<()> {
        const SQL: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) \
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(SQL)
            .bind(name)
            .bind(value)
            .execute(self.writers())
            .await?;
        Ok(())
    }
}
