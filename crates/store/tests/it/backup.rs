//! Copies of the database in use.

use store::Store;
use store::testing::TestStore;

use crate::helpers::*;

#[tokio::test]
async fn a_copy_is_whole_and_appears_at_once() {
    let store = TestStore::new().await;
    let folder = tempfile::tempdir().unwrap();
    let records = (0..200).map(|n| arxiv(&format!("2305.{n:05}"), "2023-05-01", &["cs.CL"]));
    absorb(&store, &papers(records)).await;
    let file = folder.path().join("copy of the database.db");
    let more = papers((200..400).map(|n| arxiv(&format!("2305.{n:05}"), "2023-05-01", &[])));
    let (copied, _) = tokio::join!(store.backup(&file), absorb(&store, &more));
    copied.unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
    let copy = Store::open(&file.display().to_string()).await.unwrap();
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(copy.totals().await.unwrap().papers % 200, 0);
    assert_eq!(
        paper(&copy, "2305.00199").await,
        paper(&store, "2305.00199").await
    );
    copy.close().await;
}

#[tokio::test]
async fn files_are_never_overwritten() {
    let store = TestStore::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("precious");
    std::fs::write(&file, "precious").unwrap();
    let error = store.backup(&file).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is there already; name a new file")
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    let nowhere = folder.path().join("no/folder/copy");
    assert!(store.backup(&nowhere).await.is_err());
    assert!(store.backup(std::path::Path::new("/")).await.is_err());
}

#[tokio::test]
async fn postgres_names_its_own_tool() {
    let Some(store) = TestStore::postgres().await else {
        return;
    };
    let error = store.backup(std::path::Path::new("x")).await.unwrap_err();
    assert!(error.to_string().contains("pg_dump"));
}

#[tokio::test]
async fn damage_is_found() {
    let store = TestStore::new().await;
    let records = (1..=3).map(|n| arxiv(&format!("2305.0000{n}"), "2023-05-01", &["cs.CL"]));
    absorb(&store, &papers(records)).await;
    for (sql, finding) in [
        (
            "DELETE FROM paper_ids WHERE paper = 1",
            "1 papers have no id",
        ),
        (
            "DELETE FROM provenance WHERE paper = 1",
            "1 papers have no source",
        ),
        (
            "UPDATE list_entries SET votes = 3 WHERE paper = 2",
            "1 entries of lists disagree with their paper",
        ),
        (
            "INSERT INTO gone VALUES (99, 3)",
            "1 papers are both here and gone",
        ),
        (
            "UPDATE counters SET value = 2 WHERE name = 'paper'",
            "1 papers have rows that were never given out",
        ),
        (
            "DELETE FROM list_entries WHERE paper = 3",
            "lists have 2 entries, but the papers' categories and tags make 3",
        ),
    ] {
        let found = after(&store, sql).await;
        assert!(found.iter().any(|f| f == finding), "{sql}: {found:?}");
    }
}

/// What `check` finds after a change that this program would never make, which is then taken back.
async fn after(store: &TestStore, sql: &'static str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.db");
    store.backup(&file).await.unwrap();
    let damaged = Store::open(&file.display().to_string()).await.unwrap();
    {
        use sqlx::Connection;
        let address = format!("sqlite://{}", file.display());
        let mut conn = sqlx::AnyConnection::connect(&address).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }
    let found = damaged.check().await.unwrap();
    damaged.close().await;
    found
}
