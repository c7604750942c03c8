//! Whatever address a stranger makes up, the site answers and none of the faults is its own.

use std::sync::LazyLock;

use axum::http::Method;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::site::{TestSite, some_papers};

/// The pieces of which addresses are made: real ones, so that handlers are reached, and odd ones.
const PIECES: &[&str] = &[
    "papers",
    "date",
    "week",
    "month",
    "search",
    "similar",
    "suggest",
    "categories",
    "tags",
    "authors",
    "trending",
    "about",
    "static",
    "api",
    "daily_papers",
    "2026-11-20",
    "2026-W47",
    "2026-11",
    "2026-W99",
    "9999-99-99",
    "-1",
    "2611.10001",
    "2611.10001v99",
    "math",
    "9201207",
    "10.1101",
    "doi:10.1/x",
    "url:https:",
    "local:0",
    "cs.CL",
    ".atom",
    ".bib",
    ".json",
    ".md",
    "..",
    ".",
    "%00",
    "%ff",
    "%2F",
    "%2e%2e",
    "é",
    "%F0%9F%92%A9",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "*",
    "$",
    "\\",
];

const NAMES: &[&str] = &[
    "q", "sort", "cursor", "cat", "after", "before", "author", "page", "window", "date", "week",
    "month", "limit", "p", "x",
];

const VALUES: &[&str] = &[
    "",
    "0",
    "1",
    "-1",
    "18446744073709551616",
    "NaN",
    "newest",
    "2026-11-20",
    "2026-13-45",
    "cs.CL",
    "%22",
    "%00",
    "%ff",
    "a%20OR%20b",
    "(((((",
    "-",
    "--",
    "*",
    "a*",
    "%22a%20b",
    "author:",
    "cat:cs.CL",
    "after:x",
    "id:",
    "2611.10001",
    "%7B%7D",
    "~",
    "%5C",
    "%24x%5E2%24",
    "+",
    "title:%22",
    "before:9999-99-99",
    "%F0%9F%92%A9",
];

fn target() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(
        prop_oneof![
            6 => proptest::sample::select(PIECES).prop_map(str::to_string),
            1 => "[!-~]{1,12}".prop_map(|s| s.replace(['?', '#'], "_")),
        ],
        1..5,
    );
    let pair = (
        proptest::sample::select(NAMES),
        proptest::sample::select(VALUES),
    );
    let pairs = proptest::collection::vec(pair.prop_map(|(n, v)| format!("{n}={v}")), 0..4);
    (pieces, pairs).prop_map(|(pieces, pairs)| {
        let path = format!("/{}", pieces.join("/")).replace("/.", ".");
        let path = if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        };
        if pairs.is_empty() {
            path
        } else {
            format!("{path}?{}", pairs.join("&"))
        }
    })
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

#[test]
fn no_address_is_a_fault_of_ours() {
    let site = RUNTIME.block_on(TestSite::with(some_papers()));
    let mut runner = TestRunner::new(Config::with_cases(400));
    let outcome = runner.run(&target(), |target| {
        if target.parse::<axum::http::Uri>().is_err() {
            return Ok(());
        }
        let answer = RUNTIME.block_on(site.ask(Method::GET, &target, &[]));
        prop_assert!(
            !answer.status.is_server_error(),
            "{target}: {}",
            answer.status
        );
        prop_assert!(
            !answer.header("content-security-policy").is_empty(),
            "{target}"
        );
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn no_query_is_a_fault_of_ours() {
    let site = RUNTIME.block_on(TestSite::with(some_papers()));
    let mut runner = TestRunner::new(Config::with_cases(300));
    let outcome = runner.run(&"[ -~éß中\\u{202e}]{0,40}", |query| {
        let encoded: String = url_encoded(&query);
        for page in ["/search?q=", "/search.atom?q=", "/api/papers/search?q="] {
            let target = format!("{page}{encoded}");
            let answer = RUNTIME.block_on(site.ask(Method::GET, &target, &[]));
            prop_assert!(
                !answer.status.is_server_error(),
                "{target}: {}",
                answer.status
            );
        }
        Ok(())
    });
    outcome.unwrap();
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}
