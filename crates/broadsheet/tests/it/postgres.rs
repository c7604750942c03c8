//! The same program on PostgreSQL, where `BROADSHEET_TEST_POSTGRES` names a server (`.ci/run` starts one).
//!
//! What the database itself must do is the store's suite; this is the wiring: address, first start, import, pages.

use std::process::Command;

use store::testing::TestStore;

use crate::papers::arxiv_dump;
use crate::program::Home;

/// Runs the program on this database, demands success, returns what it printed.
#[track_caller]
fn ok(mut command: Command, database: &str) -> String {
    let output = command
        .env("BROADSHEET_DATABASE", database)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn import_search_and_serve() {
    let Some(database) = TestStore::postgres().await else {
        return;
    };
    let home = Home::new();
    let file = home.file("dump.jsonl", arxiv_dump(40));
    let run = |args: &[&str]| ok(home.command(args), database.url());
    assert!(run(&["import", &file]).contains("40 new"));
    assert!(run(&["import", &file]).contains("imported before"));
    assert_eq!(run(&["export"]).lines().count(), 99 + 40);
    assert_eq!(
        run(&["search", "--ids", "--limit", "100", "title:paper"])
            .lines()
            .count(),
        40
    );
    assert!(run(&["doctor"]).contains("All well."));
    assert!(!home.data().join("broadsheet.db").exists());

    let url = database.url().to_string();
    let served = tokio::task::spawn_blocking(move || {
        let mut command = home.command(&["serve", "--offline", "--listen", "127.0.0.1:0"]);
        command.env("BROADSHEET_DATABASE", url);
        let server = home.start(command);
        let pages = [
            server.page("/"),
            server.page("/papers/2401.00001"),
            server.page("/search?q=paper"),
        ];
        (pages, server.terminate().0)
    });
    let (pages, code) = served.await.unwrap();
    assert!(pages[0].contains("NERV++") && pages[1].contains("Paper 1 on"));
    assert!(pages[2].contains("2401.000"));
    assert_eq!(code, 0);
}
