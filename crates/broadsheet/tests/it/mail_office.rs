//! Mail for whoever runs it: readers by hand, what comes back, settings, `doctor`.

use std::fs;

use domain::subscription::Scope;
use serde_json::json;

use crate::mail::{configure, folder_settings, in_folder, outbox, parse, read, subscribe, wish};
use crate::program::Home;
use crate::smtp::SmtpServer;

#[test]
fn operators_add_suppress_and_remove() {
    let home = in_folder(3);
    let said = home.ok(&[
        "subscribers",
        "add",
        "jane@example.org",
        "--query",
        "cat:cs.CL pruning",
        "--weekly",
        "--days",
        "fri",
        "--hour",
        "9",
        "--zone",
        "Asia/Tokyo",
        "--most",
        "5",
        "--nothing",
    ]);
    assert!(
        said.contains(
            "every Friday from 09:00 (Asia/Tokyo), at most 5 papers, also when there is nothing new"
        ),
        "{said}"
    );
    home.ok(&["subscribers", "add", "jane@example.org"]);
    let listed = home.json(&["subscribers", "list", "--json"]);
    let subscriptions = &listed["readers"][0]["subscriptions"];
    assert_eq!(subscriptions.as_array().unwrap().len(), 2);
    assert_eq!(
        (&subscriptions[0]["about"], &subscriptions[0]["days"]),
        (&json!("cat:cs.CL pruning"), &json!(["fri"]))
    );
    home.ok(&[
        "subscribers",
        "suppress",
        "Jane@example.org",
        "--why",
        "asked by phone",
    ]);
    subscribe_refused(&home, "jane@example.org");
    let table = home.ok(&["subscribers", "list"]);
    assert!(table.contains("operator asked by phone"), "{table}");
    let dry = home.run(&["digest", "--dry-run", "--for", "jane@example.org"]);
    assert!(dry.err.contains("suppressed"), "{}", dry.err);
    home.ok(&["subscribers", "allow", "jane@example.org"]);
    home.ok(&["subscribers", "remove", "jane@example.org"]);
    assert!(
        home.fails(&["subscribers", "remove", "jane@example.org"], 1)
            .contains("gets no mail")
    );
}

#[test]
fn operators_are_told_what_cannot_be() {
    let home = Home::new();
    for (wrong, words) in [
        (
            &[
                "subscribers",
                "add",
                "jane@example.org\r\nBcc: x@example.org",
            ][..],
            "line break",
        ),
        (
            &["subscribers", "add", "jane@example.org", "--zone", "Mars"],
            "time zone",
        ),
        (
            &[
                "subscribers",
                "add",
                "jane@example.org",
                "--days",
                "someday",
            ],
            "is no day",
        ),
        (
            &["subscribers", "add", "jane@example.org", "--cat", "<b>"],
            "not the name of a category",
        ),
    ] {
        assert!(home.fails(wrong, 1).contains(words), "{wrong:?}");
    }
}

fn subscribe_refused(home: &Home, address: &str) {
    let said = home.fails(&["subscribers", "add", address], 1);
    assert!(said.contains("suppressed"), "{said}");
}

/// A delivery report about a letter, as mail servers write them.
fn bounce_of(letter: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.net\r\nTo: bounces@example.org\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
         Final-Recipient: rfc822; jane@example.org\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\n{letter}\r\n--b1--\r\n"
    )
}

#[test]
fn bounces_and_complaints_count_only_for_letters_of_ours() {
    let home = in_folder(3);
    subscribe(
        &home,
        &[
            ("jane@example.org", wish(Scope::All)),
            ("jane@example.org", wish(Scope::categories("math").unwrap())),
        ],
    );
    home.ok(&["digest"]);
    let letter = read(&outbox(&home)[0]);
    let bounce = |text: &str, more: &[&str]| {
        let args: Vec<&str> = ["bounce", "-"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let ran = home.run_reading(&args, text.as_bytes());
        assert_eq!(
            ran.code, 0,
            "a mail server's pipe must not see a failure: {}",
            ran.err
        );
        ran.out
    };
    assert!(
        bounce("Subject: I am on holiday\r\n\r\nUntil May.", &[]).contains("no delivery report")
    );
    // Anybody can write this one; it stops nobody's mail.
    let id = parse(&letter).message_id().unwrap().to_string();
    let forged = bounce_of(
        &letter.replace(&id, "letter.1.000000000000000000000000@example.org"),
        "5.1.1",
    );
    assert!(bounce(&forged, &[]).contains("names no letter of ours"));
    assert!(bounce(&bounce_of(&letter, "4.4.1"), &[]).contains("may still arrive"));
    let real = bounce_of(&letter, "5.1.1");
    assert!(bounce(&real, &[]).contains("1 of 3 times"));
    assert!(
        bounce(&real, &[]).contains("1 of 3 times"),
        "the same day counts once"
    );
    let file = home.file("bounce.eml", &forged);
    assert!(
        home.ok(&["bounce", &file, "--trust"])
            .contains("1 of 3 times")
    );
    // A complaint ends the subscription of the letter, and not the other one.
    let complaint = real
        .replace("message/delivery-status", "message/feedback-report")
        .replace(
            "Reporting-MTA: dns; mx.example.net\r\n\r\n",
            "Feedback-Type: abuse\r\nVersion: 1\r\n\r\n",
        );
    assert!(bounce(&complaint, &[]).contains("the subscription has ended"));
    let listed = home.json(&["subscribers", "list", "--json"]);
    let left = listed["readers"][0]["subscriptions"].as_array().unwrap();
    assert_eq!((left.len(), &left[0]["about"]), (1, &json!("math")));
    assert!(bounce(&complaint, &[]).contains("nothing is sent to this address"));
    assert_eq!(
        home.json(&["subscribers", "list", "--json"])["suppressed"][0]["why"],
        "complaint"
    );
    subscribe_refused(&home, "jane@example.org");
    assert!(
        home.fails(&["bounce", "nowhere.eml"], 1)
            .contains("nowhere.eml")
    );
}

#[test]
fn what_is_set_badly_is_said() {
    let check = |settings: &str, words: &str| {
        let home = Home::new();
        fs::create_dir_all(home.data()).unwrap();
        configure(&home, settings);
        let said = home.fails(&["config", "check"], 1);
        assert!(said.contains(words), "{settings}: {said}");
    };
    let base = "base_url = \"https://papers.example.org\"\n[mail]\n";
    check(&format!("{base}transport = \"pigeon\""), "pigeon");
    check(&format!("{base}form = \"x\""), "form");
    check(&format!("{base}transport = \"smtp\""), "mail.from is empty");
    check(
        "[mail]\ntransport = \"folder\"\nfolder = \"x\"\nfrom = \"a@example.org\"",
        "base_url",
    );
    let from = "transport = \"smtp\"\nfrom = \"Papers <papers@example.org>\"\n";
    check(&format!("{base}{from}"), "mail.smtp.host is empty");
    check(&format!("{base}from = \"papers\""), "mail.from");
    check(
        &format!("{base}from = \"Papers <papers@example.org>\\nBcc: x@example.org\""),
        "control character",
    );
    check(&format!("{base}bounce_to = \"a b\""), "mail.bounce_to");
    let smtp = format!("{base}{from}[mail.smtp]\nhost = \"mail.example.org\"\n");
    check(
        &format!("{smtp}user = \"papers\""),
        "user and password together",
    );
    check(
        &format!("{smtp}user = \"a\"\npassword = \"b\"\npassword_file = \"c\""),
        "keep one",
    );
    check(
        &format!("{smtp}user = \"a\"\npassword = \"b\"\ntls = \"none\""),
        "for all to read",
    );
    check(&format!("{smtp}tls = \"opportunistic\""), "opportunistic");
    check(&format!("{smtp}connections = 0"), "mail.smtp.connections");
    check(
        &format!("{base}{from}[mail.smtp]\nhost = \"x\"\n[mail.dkim]\nkey_file = \"k\""),
        "mail.dkim.selector",
    );
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    configure(
        &home,
        &format!("{smtp}user = \"a\"\npassword = \"hunter2\""),
    );
    let shown = home.ok(&["config", "check"]);
    assert!(
        shown.contains("password = \"***\"") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn doctor_looks_at_mail() {
    let home = in_folder(1);
    let well = home.ok(&["doctor"]);
    assert!(well.contains("mail: messages are written into"), "{well}");
    let settings = folder_settings(&home);
    configure(&home, &settings.replace("https://papers", "http://papers"));
    let said = home.run(&["doctor"]);
    assert!(said.out.contains("one click"), "{}", said.out);
    configure(
        &home,
        &format!(
            "{settings}[mail.dkim]\nselector = \"s\"\nkey_file = \"{}\"\n",
            home.file("key.pem", "no key")
        ),
    );
    let said = home.run(&["doctor"]);
    assert!(
        said.code == 1 && said.out.contains("mail.dkim.key_file"),
        "{}",
        said.out
    );
    assert!(home.fails(&["digest"], 1).contains("mail.dkim.key_file"));
    let server = SmtpServer::start();
    configure(&home, &server.settings(""));
    let said = home.ok(&["doctor"]);
    assert!(said.contains("answers, not encrypted"), "{said}");
    let settings = server.settings("");
    drop(server);
    configure(&home, &settings);
    let said = home.run(&["doctor"]);
    assert!(
        said.code == 1 && said.out.contains("cannot reach the mail server"),
        "{}",
        said.out
    );
}
