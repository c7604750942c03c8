//! Mail by the real program: subscribed, sent, read with another parser, refused, bounced, ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::address::MailAddress;
use domain::subscription::{Days, PAPERS_DEFAULT, Rhythm, Schedule, Scope, WEEK, Wish};
use jiff::{Timestamp, ToSpan};
use mail_parser::{Message, MessageParser};
use serde_json::json;
use store::{NoteBounds, Store};

use crate::program::Home;

/// Papers that were submitted today, as many as wanted, in two categories by turns.
pub(crate) fn todays_papers(count: u32) -> String {
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let words = ["retrieval", "diffusion", "pruning", "alignment"];
    (1..=count).fold(String::new(), |mut lines, n| {
        let word = words[n as usize % words.len()];
        let paper = json!({
            "id": format!("2611.{n:05}"),
            "title": format!("Paper {n} on <b>{word}</b> & $\\alpha$-divergence"),
            "abstract": format!("We study {word} in $O(n^2)$ time. {}", "Nothing else is needed. ".repeat(12)),
            "authors": "Ana García, Björn Lindqvist, Chen Wei, Daria Petrova, Élodie Martin, Farid Haddad",
            "categories": if n % 2 == 0 { "cs.CL" } else { "cs.CV" },
            "created": today,
            "updated": "",
        });
        lines.push_str(&paper.to_string());
        lines.push('\n');
        lines
    })
}

/// A home with settings and papers of today.
pub(crate) fn home(settings: &str, papers: u32) -> Home {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    configure(&home, settings);
    home.ok(&["import", &home.file("today.jsonl", todays_papers(papers))]);
    home
}

pub(crate) fn configure(home: &Home, settings: &str) {
    fs::write(home.data().join("broadsheet.toml"), settings).unwrap();
}

pub(crate) fn folder_settings(home: &Home) -> String {
    format!(
        "base_url = \"https://papers.example.org\"\ntitle = \"Papers\"\n\n[sources]\narxiv = []\ndaily_papers = false\n\n\
         [mail]\ntransport = \"folder\"\nfolder = \"{}\"\nfrom = \"Papers <papers@example.org>\"\n",
        home.path("outbox").display()
    )
}

pub(crate) fn in_folder(papers: u32) -> Home {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    configure(&home, &folder_settings(&home));
    home.ok(&["import", &home.file("today.jsonl", todays_papers(papers))]);
    home
}

/// The database of a home, opened beside the program.
pub(crate) fn with_store<T>(home: &Home, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let url = home.data().join("broadsheet.db").display().to_string();
    runtime.block_on(async {
        let store = Store::open(&url).await.unwrap();
        let done = work(&store).await;
        store.close().await;
        done
    })
}

pub(crate) fn wish(scope: Scope) -> Wish {
    Wish {
        scope,
        schedule: Schedule::new(Rhythm::Daily, Days::of(WEEK), 7, "UTC").unwrap(),
        papers_max: PAPERS_DEFAULT,
        say_nothing: false,
    }
}

/// Subscribes addresses so that their mail is due now.
pub(crate) fn subscribe(home: &Home, readers: &[(&str, Wish)]) {
    let now = Timestamp::now();
    let due = now - 1.minute();
    let since = domain::paper::utc_day(now).saturating_sub(1.day());
    with_store(home, async |store| {
        for (address, wish) in readers {
            let address = MailAddress::parse(address).unwrap();
            store
                .add_subscription(&address, wish, due, since, now)
                .await
                .unwrap()
                .unwrap();
        }
    });
}

pub(crate) fn outbox(home: &Home) -> Vec<PathBuf> {
    let folder = home.path("outbox");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    files.sort();
    files
}

pub(crate) fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

pub(crate) fn parse(text: &str) -> Message<'_> {
    MessageParser::default().parse(text.as_bytes()).unwrap()
}

pub(crate) fn raw<'a>(message: &'a Message<'_>, name: &'a str) -> &'a str {
    message.header_raw(name).map_or("", str::trim)
}

#[test]
fn a_message_is_what_other_programs_read() {
    let home = in_folder(30);
    let query = Scope::query("cat:cs.CL retrieval OR pruning").unwrap();
    subscribe(&home, &[("Jane.Doe@münchen.example", wish(query))]);
    let said = home.ok(&["digest"]);
    assert!(
        said.contains("1 letters made for 1") && said.contains("1 sent,"),
        "{said}"
    );
    let files = outbox(&home);
    assert_eq!(files.len(), 1);
    let text = read(&files[0]);
    assert!(text.is_ascii(), "any mail server takes it");
    assert!(
        text.split("\r\n")
            .all(|line| line.len() <= 998 && !line.contains('\n'))
    );
    let message = parse(&text);
    let to = message.to().unwrap().first().unwrap();
    assert_eq!(to.address(), Some("Jane.Doe@xn--mnchen-3ya.example"));
    let from = message.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("Papers"), Some("papers@example.org"))
    );
    // cs.CL has the papers with even numbers, and every one of them is on one of the two words.
    let subject = message.subject().unwrap();
    assert!(
        subject.starts_with("15 papers: Paper ")
            && subject.contains("<b>pruning</b> & α-divergence"),
        "{subject}"
    );
    assert_eq!(
        (
            message.text_body_count(),
            message.html_body_count(),
            message.attachment_count()
        ),
        (1, 1, 0)
    );
    let (plain, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    assert!(plain.contains("<b>pruning</b> & α-divergence"), "{plain}");
    assert!(
        html.contains("&#60;b&#62;pruning&#60;/b&#62; &#38; α-divergence"),
        "{html}"
    );
    assert!(plain.contains("Ana García, Björn Lindqvist") && plain.contains("O(n²)"));
    assert!(plain.contains("https://papers.example.org/papers/2611.00002"));
    assert_eq!(raw(&message, "Auto-Submitted"), "auto-generated");
    assert_eq!(raw(&message, "Precedence"), "list");
    assert_eq!(raw(&message, "List-Id"), "<digest.papers.example.org>");
    assert_eq!(
        raw(&message, "List-Unsubscribe-Post"),
        "List-Unsubscribe=One-Click"
    );
    let unsubscribe = raw(&message, "List-Unsubscribe");
    assert!(
        unsubscribe.starts_with("<https://papers.example.org/mail/unsubscribe/1-0-")
            && unsubscribe.ends_with('>'),
        "{unsubscribe}"
    );
    assert!(
        plain.contains(unsubscribe.trim_matches(['<', '>'])),
        "the same link is in the text"
    );
    assert!(message.message_id().unwrap().ends_with("@example.org"));
    let age = Timestamp::now().as_second() - message.date().unwrap().to_timestamp();
    assert!((0..120).contains(&age), "{age}");
}

#[test]
fn a_reader_never_gets_a_paper_twice() {
    let home = in_folder(10);
    subscribe(
        &home,
        &[
            (
                "jane@example.org",
                wish(Scope::categories("cs.CL").unwrap()),
            ),
            ("jane@example.org", wish(Scope::All)),
            ("john@example.org", wish(Scope::All)),
        ],
    );
    home.ok(&["digest"]);
    let texts: Vec<String> = outbox(&home).iter().map(|file| read(file)).collect();
    assert_eq!(texts.len(), 3);
    let of = |address: &str| -> Vec<String> {
        texts
            .iter()
            .map(|text| parse(text))
            .filter(|m| m.to().unwrap().first().unwrap().address() == Some(address))
            .flat_map(|m| links(&m.body_text(0).unwrap()))
            .collect()
    };
    for address in ["jane@example.org", "john@example.org"] {
        let mut got = of(address);
        got.sort();
        let all: Vec<String> = (1..=10).map(|n| format!("2611.{n:05}")).collect();
        assert_eq!(
            got, all,
            "{address}: each paper once, whichever letter brings it"
        );
    }
    // Again: nothing is due, and nothing is sent.
    let said = home.ok(&["digest"]);
    assert!(said.contains("0 letters made for 0"), "{said}");
    assert_eq!(outbox(&home).len(), 3);
}

/// The keys of the papers that a text links to.
fn links(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("https://papers.example.org/papers/"))
        .map(str::to_string)
        .collect()
}

#[test]
fn nothing_new_is_said_on_request_and_never_called_certain() {
    let home = in_folder(3);
    let nowhere = Scope::query("zebrafish cartography").unwrap();
    let told = Wish {
        say_nothing: true,
        ..wish(nowhere.clone())
    };
    subscribe(
        &home,
        &[
            ("quiet@example.org", wish(nowhere)),
            ("told@example.org", told),
        ],
    );
    let said = home.ok(&["digest"]);
    assert!(said.contains("1 letters made for 2"), "{said}");
    let text = read(&outbox(&home)[0]);
    let message = parse(&text);
    assert_eq!(
        message.to().unwrap().first().unwrap().address(),
        Some("told@example.org")
    );
    // No source is configured, so nobody can say that all were checked.
    assert_eq!(
        message.subject(),
        Some("Nothing new so far, but not all sources were checked")
    );
    assert!(
        message
            .body_text(0)
            .unwrap()
            .contains("No sources are checked regularly")
    );
}

#[test]
fn a_dry_run_prints_the_message_and_writes_nothing() {
    let home = Home::new();
    // Without settings, on the starter shelf: what somebody would get who has just installed this.
    let text = home.ok(&["digest", "--dry-run", "--for", "someone@example.org"]);
    let message = parse(&text);
    assert_eq!(
        message.to().unwrap().first().unwrap().address(),
        Some("someone@example.org")
    );
    assert!(
        message.subject().unwrap().starts_with("20 papers: "),
        "{:?}",
        message.subject()
    );
    assert!(
        message
            .body_text(0)
            .unwrap()
            .contains("http://127.0.0.1:8080/papers/")
    );
    assert!(
        home.ok(&["subscribers", "list"])
            .contains("Nobody gets mail")
    );

    let home = in_folder(5);
    subscribe(&home, &[("jane@example.org", wish(Scope::All))]);
    let first = home.ok(&["digest", "--dry-run", "--for", "JANE@example.org"]);
    let again = home.ok(&["digest", "--dry-run", "--for", "jane@example.org"]);
    assert_eq!(parse(&first).subject(), parse(&again).subject());
    assert_eq!(links(&parse(&first).body_text(0).unwrap()).len(), 5);
    assert_eq!(outbox(&home).len(), 0);
    // What is sent afterwards is what was shown, but for number and date.
    home.ok(&["digest"]);
    let sent = read(&outbox(&home)[0]);
    assert_eq!(parse(&sent).subject(), parse(&first).subject());
    assert_eq!(
        links(&parse(&sent).body_text(0).unwrap()),
        links(&parse(&first).body_text(0).unwrap())
    );
    let after = home.run(&["digest", "--dry-run", "--for", "jane@example.org"]);
    assert!(
        after.out.is_empty() && after.err.contains("nothing new"),
        "{after:?}"
    );
    assert!(
        home.fails(&["digest", "--dry-run", "--for", "jane"], 1)
            .contains("one @")
    );
    assert!(home.fails(&["digest", "--dry-run"], 2).contains("--for"));
}

#[test]
fn a_note_is_a_short_message_and_comes_in_time_or_not_at_all() {
    let home = in_folder(1);
    let now = Timestamp::now();
    let note = |until: Timestamp| {
        json!({
            "subject": "Log in to Papers Grün",
            "lines": ["Somebody, probably you, wants to log in as <b>jane</b>."],
            "link_words": "Log in",
            "path": "/login/0123abc",
            "until": until,
        })
    };
    let bounds = NoteBounds {
        a_day: 5,
        an_hour: 5,
    };
    with_store(&home, async |store| {
        let jane = MailAddress::parse("jane@example.org").unwrap();
        for content in [
            note(now + 15.minutes()).to_string(),
            note(now - 1.minute()).to_string(),
            "not a note".to_string(),
        ] {
            store
                .queue_note(&jane, &content, bounds, now)
                .await
                .unwrap();
        }
    });
    // What cannot be read makes itself heard, and keeps no other waiting.
    let ran = home.run(&["digest"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("1 sent, 0 put off, 0 refused, 1 given up, 1 not wanted"),
        "{}",
        ran.out
    );
    let files = outbox(&home);
    assert_eq!(files.len(), 1);
    let text = read(&files[0]);
    let message = parse(&text);
    assert_eq!(message.subject(), Some("Log in to Papers Grün"));
    let (plain, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
    let mut lines = plain.lines();
    assert!(
        lines.any(|line| line == "https://papers.example.org/login/0123abc"),
        "{plain}"
    );
    assert!(html.contains("&#60;b&#62;jane&#60;/b&#62;"), "{html}");
    for header in ["List-Id", "List-Unsubscribe", "Precedence"] {
        assert_eq!(raw(&message, header), "", "a note is of no list");
    }
    assert_eq!(raw(&message, "Auto-Submitted"), "auto-generated");
}

#[test]
fn switched_off_it_says_how_to_switch_it_on() {
    let home = Home::new();
    let said = home.fails(&["digest"], 1);
    assert!(said.contains("mail.transport"), "{said}");
    let server = home.serve();
    assert!(server.page("/subscribe").contains("switched off"));
}

#[test]
fn from_the_form_to_the_mailbox_and_out_again() {
    let home = in_folder(8);
    let server = home.serve();
    let form = "address=jane%40example.org&scope=categories&categories=cs.CL&rhythm=daily&day=mon&day=tue&day=wed&day=thu\
                &day=fri&day=sat&day=sun&hour=7&zone=UTC&most=20";
    let asked = server.post("/subscribe", form);
    assert_eq!(asked.status, 200, "{}", asked.body);
    let question = wait_for(&home, 1);
    let message = parse(&question);
    assert_eq!(message.subject(), Some("Do you want mail from Papers?"));
    assert_eq!(
        (
            raw(&message, "List-Unsubscribe"),
            raw(&message, "Precedence")
        ),
        ("", "")
    );
    let link = path_of(&message.body_text(0).unwrap(), "/mail/confirm/");
    assert!(server.page(&link).contains("Do you want this mail?"));
    let yes = server.post(&link, "answer=yes");
    assert!(
        yes.status == 200 && yes.body.contains("You are subscribed"),
        "{}",
        yes.body
    );
    // Make it due now instead of tomorrow morning.
    make_due(&home);
    home.ok(&["digest"]);
    let digest = read(&outbox(&home)[1]);
    let message = parse(&digest);
    assert_eq!(links(&message.body_text(0).unwrap()).len(), 4);
    let manage = path_of(&message.body_text(0).unwrap(), "/mail/manage/");
    assert!(server.page(&manage).contains("jane@example.org"));
    // The link in the header, as a mail program uses it.
    let unsubscribe = path_of(raw(&message, "List-Unsubscribe"), "/mail/unsubscribe/");
    assert!(server.page(&unsubscribe).contains("End this mail?"));
    let done = server.post(&unsubscribe, "List-Unsubscribe=One-Click");
    assert!(
        done.status == 200 && done.body.contains("You are unsubscribed"),
        "{}",
        done.body
    );
    assert!(server.page(&manage).contains("there is no subscription"));
    let metrics = server.page("/metrics");
    for name in [
        "mail_letters_total{kind=\"confirm\",outcome=\"sent\"}",
        "mail_requests_total",
        "mail_unsubscribed_total",
        "mail_unsent",
    ] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    let (_, log) = server.terminate();
    assert!(
        !log.contains("jane"),
        "no reader's address in the log: {log}"
    );
}

fn make_due(home: &Home) {
    with_store(home, async |store| {
        let address = MailAddress::parse("jane@example.org").unwrap();
        let reader = store.subscriber_at(&address).await.unwrap().unwrap();
        let subscription = &reader.subscriptions[0];
        let now = Timestamp::now();
        let due = Some(now - 1.minute());
        let since = subscription.since;
        assert!(
            store
                .pause_subscription(subscription.id, reader.reader.id, due, since, now)
                .await
                .unwrap()
        );
    });
}

/// Waits for the so-manieth message in the outbox, half a minute at most.
fn wait_for(home: &Home, count: usize) -> String {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let files = outbox(home);
        let whole: Vec<_> = files
            .iter()
            .filter(|f| f.extension().is_some_and(|e| e == "eml"))
            .collect();
        if whole.len() >= count {
            return read(whole[count - 1]);
        }
        assert!(
            Instant::now() < end,
            "the server sent {} messages",
            whole.len()
        );
        std::thread::yield_now();
    }
}

/// The path of the first link to such a place in a text.
fn path_of(text: &str, place: &str) -> String {
    let from = text
        .find(place)
        .unwrap_or_else(|| panic!("{place} in {text}"));
    let rest = &text[from..];
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(rest.len());
    rest[..end].to_string()
}
