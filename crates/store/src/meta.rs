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
