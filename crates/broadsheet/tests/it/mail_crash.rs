//! `kill -9` while mail is made and sent: nobody is skipped, and nobody gets two but by the one gap that SMTP itself
//! leaves, where both have the same id.

#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Stdio};

use domain::subscription::Scope;

use crate::mail::{home, subscribe, wish};
use crate::papers::Numbers;
use crate::program::Home;
use crate::smtp::{Received, SmtpServer, Step};

const READERS: u32 = 60;
const PAPERS: u32 = 40;
/// Connections of the settings in `smtp.rs`: so many letters can be in the gap when a process is killed.
const CONNECTIONS: usize = 2;

fn readers(home: &Home) {
    let names: Vec<String> = (0..READERS)
        .map(|n| format!("reader{n}@example.org"))
        .collect();
    let scopes = [
        Scope::All,
        Scope::categories("cs.CL").unwrap(),
        Scope::query("retrieval OR pruning").unwrap(),
    ];
    let scopes = scopes.iter().cycle();
    let readers: Vec<_> = names
        .iter()
        .zip(scopes)
        .map(|(name, scope)| (name.as_str(), wish(scope.clone())))
        .collect();
    subscribe(home, &readers);
}

fn start(home: &Home) -> Child {
    let mut command = home.command(&["digest"]);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Each reader has one message, by its id; those that came more than once are equal to the byte. Returns how many came
/// again.
fn check_received(received: &[Received]) -> usize {
    let mut of_reader: HashMap<&str, Vec<&Received>> = HashMap::new();
    for message in received {
        of_reader.entry(&message.to).or_default().push(message);
    }
    assert_eq!(of_reader.len() as u32, READERS, "somebody was skipped");
    for (reader, messages) in &of_reader {
        let first = messages[0];
        assert!(
            first.header("Message-ID").starts_with("<letter."),
            "{}",
            first.text
        );
        for other in messages {
            assert_eq!(
                other.header("Message-ID"),
                first.header("Message-ID"),
                "{reader} got two"
            );
            assert_eq!(
                other.text, first.text,
                "{reader}: the same id, another text"
            );
        }
    }
    received.len() - of_reader.len()
}

/// After everything, nothing is left to send, and the database is sound.
fn check_settled(home: &Home, server: &SmtpServer) {
    let before = server.received().len();
    let said = home.ok(&["digest"]);
    assert!(
        said.contains("0 letters made for 0") && said.contains("0 sent, 0 put off"),
        "{said}"
    );
    assert_eq!(server.received().len(), before);
    home.ok(&["doctor"]);
}

/// At moments counted in bytes that the program has written, wherever they went.
#[test]
fn kill_9_at_any_moment_skips_nobody_and_doubles_nobody() {
    let server = SmtpServer::start();
    let undisturbed = home(&server.settings(""), PAPERS);
    readers(&undisturbed);
    let mut child = start(&undisturbed);
    let written = wait_writing(&mut child, u64::MAX);
    assert!(child.wait().unwrap().success());
    assert_eq!(check_received(&server.received()), 0);
    server.forget();

    let home = home(&server.settings(""), PAPERS);
    readers(&home);
    let mut numbers = Numbers(20_261_124);
    let mut kills = 0;
    for _ in 0..40 {
        let mut child = start(&home);
        // Some at once, some far in: the first ones die while letters are made.
        let moment = 1 + numbers.below(written / 8);
        let reached = wait_writing(&mut child, moment);
        if reached < moment && child.wait().unwrap().success() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let report = home.run(&["subscribers", "list"]);
        assert_eq!(report.code, 0, "after kill {kills}: {}", report.err);
    }
    assert!(kills >= 10, "only {kills} kills before everything was sent");
    home.ok(&["digest"]);
    let again = check_received(&server.received());
    assert!(again <= kills * CONNECTIONS, "{again} of {kills} kills");
    println!("{kills} kills: {again} letters came twice, with the same id");
    check_settled(&home, &server);
}

/// At every step of the conversation with the mail server.
#[test]
fn kill_9_at_each_step_of_smtp() {
    for step in Step::ALL {
        let server = SmtpServer::start();
        let home = home(&server.settings(""), PAPERS);
        readers(&home);
        let mut kills = 0;
        for time in [1, 2, 7, 3, 9] {
            let mut child = start(&home);
            server.kill_at(step, time, child.id());
            if !child.wait().unwrap().success() {
                kills += 1;
            }
        }
        assert!(kills >= 3, "{step:?}: only {kills} kills");
        home.ok(&["digest"]);
        let again = check_received(&server.received());
        // Before the text nobody has it, so nothing comes twice. After it, at most what was in the gap.
        let gap = match step {
            Step::Mail | Step::Rcpt | Step::Data => CONNECTIONS - 1,
            Step::Text | Step::Answered => CONNECTIONS,
        };
        assert!(
            again <= kills * gap,
            "{step:?}: {again} letters twice after {kills} kills"
        );
        check_settled(&home, &server);
    }
}

/// The gap itself, and its two sides, with one reader and so one letter.
#[test]
fn the_gap_is_between_the_whole_text_and_its_answer() {
    for (step, copies) in [
        (Step::Mail, 1),
        (Step::Rcpt, 1),
        (Step::Data, 1),
        (Step::Text, 2),
    ] {
        let server = SmtpServer::start();
        let home = home(&server.settings(""), 3);
        subscribe(&home, &[("jane@example.org", wish(Scope::All))]);
        let mut child = start(&home);
        server.kill_at(step, 1, child.id());
        assert!(!child.wait().unwrap().success(), "{step:?}");
        home.ok(&["digest"]);
        let received = server.received();
        assert_eq!(received.len(), copies, "{step:?}");
        assert!(
            received.iter().all(|r| *r == received[0]),
            "both are the same, to the byte"
        );
        check_settled(&home, &server);
    }
}

/// Into a folder a letter comes exactly once, whenever the program dies.
#[test]
fn a_folder_has_each_letter_once() {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    crate::mail::configure(&home, &crate::mail::folder_settings(&home));
    home.ok(&[
        "import",
        &home.file("today.jsonl", crate::mail::todays_papers(PAPERS)),
    ]);
    readers(&home);
    let mut numbers = Numbers(7);
    let mut kills = 0;
    for _ in 0..40 {
        let mut child = start(&home);
        let moment = 1 + numbers.below(400_000);
        wait_writing(&mut child, moment);
        match child.try_wait().unwrap() {
            Some(ended) if ended.success() => break,
            _ => {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
            }
        }
    }
    assert!(kills >= 5, "only {kills} kills");
    home.ok(&["digest"]);
    let mut names: Vec<String> = fs::read_dir(home.path("outbox"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".eml"))
        .collect();
    names.sort();
    assert_eq!(names.len() as u32, READERS);
}

/// Waits until the child has written so many bytes or has ended; returns how many it had written when last seen.
fn wait_writing(child: &mut Child, bytes: u64) -> u64 {
    let counts = format!("/proc/{}/io", child.id());
    let mut written = 0;
    while written < bytes && child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&counts).unwrap_or_default();
        let now = text
            .lines()
            .find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
        written = now.unwrap_or(written);
        std::thread::yield_now();
    }
    written
}
