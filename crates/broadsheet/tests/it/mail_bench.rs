//! How long a morning takes: 10,000 readers, each with a search of their own, over 1,000 new papers; ranked, written and
//! handed to a mail server on loopback that only counts.
//!
//! ```console
//! $ cargo build --release --locked
//! $ BROADSHEET_TEST_BINARY=$PWD/target/release/broadsheet cargo test --workspace --locked --test it -- --ignored --nocapture mail_bench
//! ```

#![cfg(target_os = "linux")]

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use domain::subscription::{Scope, Wish};
use jiff::Timestamp;
use serde_json::json;

use crate::mail::{configure, subscribe, wish};
use crate::papers::Numbers;
use crate::program::Home;
use crate::smtp::SmtpServer;

const READERS: u32 = 10_000;
const PAPERS: u32 = 1_000;
/// Words of the made-up language; the first are frequent, as in any language.
const WORDS: u64 = 3_000;
const CATEGORIES: [&str; 6] = ["cs.CL", "cs.CV", "cs.IR", "cs.LG", "cs.RO", "stat.ML"];

/// A word, small numbers more often.
fn word(numbers: &mut Numbers) -> String {
    let (a, b) = (numbers.below(WORDS), numbers.below(WORDS));
    let mut rest = a * b / WORDS + 26;
    let mut text = String::new();
    while rest > 0 {
        text.push(char::from(b'a' + (rest % 26) as u8));
        text.push(['o', 'e', 'a', 'i'][(rest % 4) as usize]);
        rest /= 26;
    }
    text
}

fn words(numbers: &mut Numbers, count: u32) -> String {
    (0..count)
        .map(|_| word(numbers))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Papers of today with titles and abstracts of the usual length.
fn papers() -> String {
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let mut numbers = Numbers(1);
    (1..=PAPERS).fold(String::new(), |mut lines, n| {
        let paper = json!({
            "id": format!("2611.{n:05}"),
            "title": format!("{} in $O(n^{})$", words(&mut numbers, 8), n % 9),
            "abstract": format!("We show $\\alpha_{n}$. {}", words(&mut numbers, 180)),
            "authors": "Ana García, Björn Lindqvist, Chen Wei, Daria Petrova, Élodie Martin, Farid Haddad",
            "categories": CATEGORIES[n as usize % CATEGORIES.len()],
            "created": today,
            "updated": "",
        });
        writeln!(lines, "{paper}").unwrap();
        lines
    })
}

/// Every reader asks for something else, as readers do: words, in one or two categories, something left out.
fn searches() -> Vec<(String, Wish)> {
    let mut numbers = Numbers(2);
    (0..READERS)
        .map(|n| {
            let category = CATEGORIES[n as usize % CATEGORIES.len()];
            let (a, b, c) = (word(&mut numbers), word(&mut numbers), word(&mut numbers));
            let query = match n % 3 {
                0 => format!("{a} OR {b} OR {c}"),
                1 => format!("cat:{category} {a} OR {b}"),
                _ => format!("{a} OR {b} -{c}"),
            };
            let reader = format!("reader{n}@example.org");
            (reader, wish(Scope::query(&query).unwrap()))
        })
        .collect()
}

/// The most memory that a process has had, in MB, while it still runs.
fn peak_mb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kb: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kb / 1000)
}

fn measure(signed: bool) {
    let server = SmtpServer::start();
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    let mut settings = server
        .settings("")
        .replace("connections = 2", "connections = 4");
    if signed {
        let key = home.path("dkim.pem");
        let mut openssl = Command::new("openssl");
        openssl
            .args(["genrsa", "-traditional", "-out"])
            .arg(&key)
            .arg("2048");
        assert!(made_quietly(&mut openssl));
        write!(
            settings,
            "[mail.dkim]\nselector = \"s\"\nkey_file = \"{}\"\n",
            key.display()
        )
        .unwrap();
    }
    configure(&home, &settings);
    home.ok(&["import", &home.file("papers.jsonl", papers())]);
    let searches = searches();
    let readers: Vec<_> = searches
        .iter()
        .map(|(name, wish)| (name.as_str(), wish.clone()))
        .collect();
    subscribe(&home, &readers);

    let began = Instant::now();
    let mut child = home
        .command(&["digest"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak_mb(child.id()).unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let seconds = began.elapsed().as_secs_f64();
    let received = server.received();
    let distinct: HashSet<&str> = received.iter().map(|r| r.to.as_str()).collect();
    assert_eq!(distinct.len(), received.len());
    let bytes: usize = received.iter().map(|r| r.text.len()).sum();
    let papers: usize = received
        .iter()
        .map(|r| r.text.matches("<h2>").count())
        .sum();
    println!(
        "{} letters to {READERS} readers over {PAPERS} papers, {}: {seconds:.1} s, {peak} MB at most; {:.1} papers and {:.0} kB \
         a letter",
        received.len(),
        if signed { "signed" } else { "not signed" },
        papers as f64 / received.len() as f64,
        bytes as f64 / received.len() as f64 / 1000.0,
    );
    assert!(
        received.len() as u32 > READERS * 9 / 10,
        "the searches find too little to measure anything"
    );
}

fn made_quietly(command: &mut Command) -> bool {
    command
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
#[ignore = "measures for a minute; run it by hand on a quiet machine"]
fn a_morning() {
    measure(false);
    measure(true);
}
