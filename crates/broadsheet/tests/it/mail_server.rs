//! Mail through a mail server: what it refuses, what it must not hear, what it counts.

use std::time::{Duration, Instant};

use domain::address::MailAddress;
use domain::subscription::Scope;

use crate::mail::{configure, home, subscribe, wish, with_store};
use crate::smtp::SmtpServer;

#[test]
fn nothing_is_sent_in_the_clear_unless_told() {
    let server = SmtpServer::start();
    let clear = server.settings("user = \"papers\"\npassword = \"hunter2\"");
    let home = home(&clear.replace("\"none\"", "\"starttls\""), 3);
    subscribe(&home, &[("jane@example.org", wish(Scope::All))]);
    let ran = home.run(&["digest"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("does not offer STARTTLS"), "{}", ran.err);
    for said in [&ran.out, &ran.err] {
        assert!(!said.contains("hunter2"));
    }
    let commands = server.commands();
    let spoken = |word: &str| commands.iter().any(|line| line.starts_with(word));
    assert!(
        spoken("EHLO") && !spoken("AUTH") && !spoken("MAIL") && !spoken("RCPT"),
        "{commands:?}"
    );
    let doctor = home.run(&["doctor"]);
    assert!(
        doctor.code == 1 && doctor.out.contains("does not offer STARTTLS"),
        "{}",
        doctor.out
    );
    // A server that does not let us in gets nothing either, and the letter waits.
    server.offer(&["AUTH PLAIN"]);
    configure(&home, &clear);
    let ran = home.run(&["digest"]);
    assert!(
        ran.code == 1 && ran.err.contains("cannot log in"),
        "{}",
        ran.err
    );
    assert_eq!(server.received(), []);
    configure(&home, &server.settings(""));
    let said = home.ok(&["digest"]);
    assert!(
        said.contains("0 letters made") && said.contains("1 sent,"),
        "{said}"
    );
    assert_eq!(server.received().len(), 1);
}

#[test]
fn one_connection_carries_many_letters() {
    let server = SmtpServer::start();
    let home = home(&server.settings(""), 3);
    let names: Vec<String> = (0..40).map(|n| format!("reader{n}@example.org")).collect();
    let readers: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), wish(Scope::All)))
        .collect();
    subscribe(&home, &readers);
    home.ok(&["digest"]);
    let received = server.received();
    assert_eq!(received.len(), 40);
    assert!(
        received.iter().all(|r| r.from == "bounces@example.org"),
        "the envelope's sender is the one for bounces"
    );
    assert!(
        server.connections() <= 2,
        "{} connections",
        server.connections()
    );
}

#[test]
fn refusals_are_told_apart() {
    let server = SmtpServer::start();
    let home = home(&server.settings(""), 3);
    let names = [
        "gone@example.org",
        "later@example.org",
        "policy@example.org",
        "spam@example.org",
        "fine@example.org",
    ];
    let readers: Vec<_> = names.iter().map(|name| (*name, wish(Scope::All))).collect();
    subscribe(&home, &readers);
    server.refuse("gone@example.org", "550 5.1.1 no such user");
    server.refuse("later@example.org", "451 4.7.1 greylisted, try again");
    server.refuse("policy@example.org", "550 5.7.1 relaying denied");
    server.refuse_text("spam@example.org", "554 5.6.0 looks like spam");
    let ran = home.run(&["digest"]);
    assert_eq!(ran.code, 1, "what was given up makes itself heard");
    assert!(
        ran.out.contains("1 sent, 1 put off, 1 refused, 2 given up"),
        "{}",
        ran.out
    );
    let received = server.received();
    assert_eq!(
        (received.len(), received[0].to.as_str()),
        (1, "fine@example.org")
    );
    let listed = home.json(&["subscribers", "list", "--json"]);
    let refusals = |name: &str| {
        let readers = listed["readers"].as_array().unwrap();
        let reader = readers.iter().find(|r| r["address"] == name).unwrap();
        reader["refusals"].as_u64().unwrap()
    };
    // Only what is the address's own fault counts against it.
    assert_eq!(names.map(refusals), [1, 0, 0, 0, 0]);
    // What was not sent is new again.
    with_store(&home, async |store| {
        for (name, expected) in names.into_iter().zip([0, 3, 0, 0, 3]) {
            let address = MailAddress::parse(name).unwrap();
            let reader = store.subscriber_at(&address).await.unwrap().unwrap().reader;
            let sent = store
                .sent_to(reader.id, domain::ids::PaperId(0))
                .await
                .unwrap();
            assert_eq!(sent.len(), expected, "{name}");
        }
    });
}

/// Waits until something is so, half a minute at most.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what} took too long");
        std::thread::yield_now();
    }
}

#[test]
fn who_waits_for_a_letter_does_not_wait_for_digests() {
    let server = SmtpServer::start();
    let home = home(&server.settings(""), 3);
    subscribe(&home, &[("slow@example.org", wish(Scope::All))]);
    server.hold("slow@example.org");
    let site = home.start(home.command(&["serve", "--listen", "127.0.0.1:0"]));
    until("the digest", || server.waiting() == 1);
    let form = "address=jane%40example.org&scope=all&rhythm=daily&day=mon&hour=7&zone=UTC&most=20";
    assert_eq!(site.post("/subscribe", form).status, 200);
    until("the question", || server.received().len() == 1);
    let question = server.received().remove(0);
    assert_eq!(question.to, "jane@example.org");
    assert_eq!(server.waiting(), 1, "the digest still waits");
    server.release();
    until("the digest's end", || server.received().len() == 2);
}
