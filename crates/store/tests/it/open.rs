//! Opening: formats up and down, and files that are not ours.

use store::testing::TestStore;
use store::{Error, Store};

use crate::helpers::*;

on_both_engines!(migrations_go_up_down_and_up, a_newer_format_is_refused);

async fn migrations_go_up_down_and_up(store: TestStore) {
    let items = papers([arxiv("2305.00001", "2023-05-01", &["cs.CL"])]);
    absorb(&store, &items).await;
    store.migrate_up().await.unwrap();
    assert_eq!(store.totals().await.unwrap().papers, 1);
    store.migrate_down(0).await.unwrap();
    assert!(store.totals().await.is_err());
    store.migrate_up().await.unwrap();
    let absorbed = absorb_soundly(&store, &items).await;
    assert_eq!(words(&absorbed.outcomes), ["new 1"]);
}

async fn a_newer_format_is_refused(store: TestStore) {
    let mut conn: sqlx::AnyConnection = connect(&store).await;
    sqlx::raw_sql("INSERT INTO schema_versions (version, name, applied_at) VALUES (4000, 'x', 0)")
        .execute(&mut conn)
        .await
        .unwrap();
    let error = Store::open(store.url()).await.unwrap_err();
    assert!(
        matches!(error, Error::NewerSchema { found: 4000, .. }),
        "{error}"
    );
}

#[track_caller]
fn check_error(got: Result<Store, Error>, expected: &str) {
    let error = got.unwrap_err().to_string();
    assert!(
        error.contains(expected),
        "`{error}` does not say `{expected}`"
    );
}

#[tokio::test]
async fn other_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    let content = "These are my notes, and they are no database. ".repeat(50);
    std::fs::write(&text, &content).unwrap();
    let url = text.display().to_string();
    check_error(Store::open(&url).await, "is not a Broadsheet database");
    assert_eq!(std::fs::read_to_string(&text).unwrap(), content);

    let foreign = folder.path().join("foreign.db");
    let url = foreign.display().to_string();
    {
        use sqlx::Connection;
        sqlx::any::install_default_drivers();
        let address = format!("sqlite://{url}?mode=rwc");
        let mut conn = sqlx::AnyConnection::connect(&address).await.unwrap();
        sqlx::raw_sql("CREATE TABLE theirs (x)")
            .execute(&mut conn)
            .await
            .unwrap();
        conn.close().await.unwrap();
    }
    let before = std::fs::read(&foreign).unwrap();
    check_error(Store::open(&url).await, "is not a Broadsheet database");
    assert_eq!(std::fs::read(&foreign).unwrap(), before);

    let nowhere = folder
        .path()
        .join("no/such/folder/x.db")
        .display()
        .to_string();
    check_error(Store::open(&nowhere).await, "cannot open the database");
}

#[tokio::test]
async fn addresses_of_all_forms_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("100% päper?.db");
    for url in [
        file.display().to_string(),
        format!("sqlite:{}", file.display()),
    ] {
        let store = Store::open(&url).await.unwrap();
        store.set_meta("opened", &url).await.unwrap();
        store.close().await;
        assert!(file.exists());
    }
}

#[tokio::test]
async fn a_store_shows_no_address() {
    let store = TestStore::new().await;
    assert_eq!(format!("{:?}", *store), "Store { engine: Sqlite, .. }");
}

#[tokio::test]
async fn passwords_stay_out_of_errors() {
    let url = "postgres://me:s3cret@127.0.0.1:1/papers";
    let error = Store::open(url).await.unwrap_err();
    assert!(!format!("{error}").contains("s3cret"), "{error}");
}
