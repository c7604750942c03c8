//! What messages say, in both forms.

use domain::address::MailAddress;
use domain::paper::{Author, Paper};
use domain::subscription::{State, SubscriptionId};
use jiff::civil::Date;
use proptest::prelude::*;

use super::*;
use crate::samples;

fn keys() -> Keys {
    Keys::from_hex(&"ab".repeat(32)).unwrap()
}

fn base() -> BaseUrl {
    BaseUrl("https://papers.example.org".to_string())
}

fn subscription(scope: Scope) -> Subscription {
    let schedule = Schedule::new(Rhythm::Daily, Days::WEEKDAYS, 7, "Europe/Berlin").unwrap();
    Subscription {
        id: SubscriptionId(12),
        reader: ReaderId(5),
        wish: Wish {
            scope,
            schedule,
            papers_max: 20,
            say_nothing: true,
        },
        state: State::Active,
        created: samples::moment("2026-11-01T00:00:00Z"),
        next_at: None,
        edition: 1,
        since: Date::constant(2026, 11, 1),
    }
}

fn written(papers: &[Paper], found: u32, scope: Scope, checked: &Checked) -> Message {
    let (keys, base) = (keys(), base());
    let items: Vec<_> = papers
        .iter()
        .map(|paper| Arc::new(Item::of(paper, &base)))
        .collect();
    let subscription = subscription(scope);
    let message = digest(&Digest {
        site: "Broadsheet",
        links: Links {
            base: &base,
            keys: &keys,
        },
        address: &MailAddress::parse("jane@example.org").unwrap(),
        subscription: &subscription,
        // Monday evening in UTC is Tuesday in Berlin.
        slot: samples::moment("2026-11-23T23:30:00Z"),
        items: &items,
        found,
        checked,
    });
    message.unwrap()
}

fn all_checked() -> Checked {
    Checked {
        sources: 7,
        open: Vec::new(),
    }
}

fn some_open() -> Checked {
    Checked {
        sources: 7,
        open: vec![
            "cs.CV: the announcement of 23 November is short (175 announced but not received)"
                .to_string(),
        ],
    }
}

fn scope() -> Scope {
    Scope::query("cat:cs.CL retrieval").unwrap()
}

#[track_caller]
fn check(name: &str, message: &Message) {
    let Message {
        subject,
        html,
        text,
    } = message;
    let whole = format!("Subject: {subject}\n\n{text}\n{html}");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, whole);
    });
}

#[test]
fn a_digest() {
    let mut second = samples::paper();
    second.title = "Plain Words".to_string();
    second.summary = None;
    second.abstract_text = "We show that $x_1^{12}$ is \\emph{small}. ".repeat(20);
    second.comments = 1;
    second.links.clear();
    let message = written(&[samples::paper(), second], 31, scope(), &some_open());
    check("digest", &message);
}

#[test]
fn nothing_new() {
    let quiet = written(&[], 0, Scope::All, &all_checked());
    check("nothing", &quiet);
}

#[test]
fn short_notes() {
    let (keys, base) = (keys(), base());
    let links = Links {
        base: &base,
        keys: &keys,
    };
    let until = samples::moment("2026-11-25T08:00:00Z");
    let mine = subscription(Scope::categories("cs.CL cs.LG").unwrap());
    check(
        "confirm",
        &confirm("Broadsheet", &links, &mine, until).unwrap(),
    );
    check(
        "manage",
        &manage("Broadsheet", &links, mine.reader, until).unwrap(),
    );
    let login = Note {
        subject: "Log in to Broadsheet".to_string(),
        lines: vec!["Somebody, probably you, wants to log in as <b>jane</b>.".to_string()],
        link_words: "Log in".to_string(),
        path: "/login/0123abc?next=%2Fpapers&again=1".to_string(),
        until,
    };
    check("note", &note("Broadsheet", &base, &login).unwrap());
}

/// Anybody can have this message sent to anybody, so nothing that they typed is in it.
#[test]
fn a_question_carries_no_words_of_strangers() {
    let (keys, base) = (keys(), base());
    let links = Links {
        base: &base,
        keys: &keys,
    };
    let until = samples::moment("2026-11-25T08:00:00Z");
    for scope in [
        Scope::query("win a prize at evil.example").unwrap(),
        Scope::categories("win-a-prize.at-evil.example").unwrap(),
    ] {
        let mine = subscription(scope);
        let Message {
            subject,
            html,
            text,
        } = confirm("Broadsheet", &links, &mine, until).unwrap();
        let managed = manage("Broadsheet", &links, mine.reader, until).unwrap();
        for part in [
            subject,
            html,
            text,
            managed.subject,
            managed.html,
            managed.text,
        ] {
            assert!(!part.contains("prize"), "{part}");
        }
    }
}

/// That all sources were checked is never said where the ledger does not say so.
#[test]
fn certainty_is_not_made_up() {
    let none = Checked::default();
    for (checked, certain) in [(all_checked(), true), (some_open(), false), (none, false)] {
        let message = written(&[], 0, scope(), &checked);
        for part in [&message.html, &message.text, &message.subject] {
            let claims =
                part.contains("is certain:") || part.contains("and all sources were checked");
            assert!(certain || !claims, "{part}");
        }
        assert_eq!(message.subject.starts_with("Nothing new, and all"), certain);
        assert_eq!(
            message.text.contains("have all come in") || message.text.contains("has all come in"),
            certain
        );
    }
}

#[test]
fn titles_cannot_mark_up_or_break_out() {
    let mut paper = samples::paper();
    paper.title =
        "<b>Bold</b> \"claims\" & <script>alert(1)</script>\r\nBcc: all@example.org".to_string();
    paper.authors = vec![Author::named("<i>Eve</i>")];
    paper.abstract_text = "</p><img src=x onerror=alert(1)>".to_string();
    paper.summary = None;
    let message = written(
        &[paper],
        1,
        Scope::query("\"<u>\" & more").unwrap(),
        &all_checked(),
    );
    for tag in ["<b>Bold", "<script", "<img", "<i>Eve", "<u>"] {
        assert!(!message.html.contains(tag), "{tag}");
    }
    assert!(message.html.contains("&#60;script&#62;") || message.html.contains("&lt;script&gt;"));
    assert!(!message.subject.contains(['\r', '\n']));
    assert!(
        message.text.contains("<b>Bold</b>"),
        "plain text shows it as it is"
    );
}

#[test]
fn a_title_of_any_length_is_written() {
    let mut paper = samples::paper();
    paper.title = "Very long titles once ended the whole run ".repeat(500);
    let message = written(&[paper], 1, scope(), &all_checked());
    assert!(message.subject.chars().count() < 110, "{}", message.subject);
    assert!(message.html.len() < 10_000);
}

#[test]
fn subjects_name_the_number_and_the_first_title() {
    let mut paper = samples::paper();
    paper.title = "On the $\\ell_1$-Norm".to_string();
    let papers = vec![paper; 20];
    assert_eq!(
        written(&papers, 143, scope(), &all_checked()).subject,
        "20 papers: On the ℓ₁-Norm"
    );
    assert_eq!(
        written(&papers[..1], 1, scope(), &all_checked()).subject,
        "1 paper: On the ℓ₁-Norm"
    );
}

#[track_caller]
fn check_words(rhythm: Rhythm, days: Days, expected: &str) {
    let schedule = Schedule::new(rhythm, days, 7, "UTC").unwrap();
    assert_eq!(schedule_words(&schedule), expected);
}

#[test]
fn schedules_are_said_in_words() {
    use jiff::civil::Weekday;
    let friday = Days::of([Weekday::Friday]);
    check_words(
        Rhythm::Daily,
        Days::WEEKDAYS,
        "on Monday to Friday from 07:00 (UTC)",
    );
    check_words(
        Rhythm::Daily,
        Days::of(domain::subscription::WEEK),
        "every day from 07:00 (UTC)",
    );
    check_words(
        Rhythm::Daily,
        Days::of([Weekday::Sunday, Weekday::Monday]),
        "on Monday, Sunday from 07:00 (UTC)",
    );
    check_words(Rhythm::Weekly, friday, "every Friday from 07:00 (UTC)");
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let message = written(&[samples::paper()], 1, scope(), &some_open());
    for word in [
        "src=",
        "url(",
        "@import",
        "<link",
        "<table",
        "javascript:",
        "<form",
    ] {
        assert!(!message.html.contains(word), "{word}");
    }
}

proptest! {
    #[test]
    fn lines_stay_short_unless_a_word_is_long(text in "\\PC{0,400}") {
        for line in wrapped(&text).lines() {
            prop_assert!(line.chars().count() <= LINE_CHARS || !line.contains(' '), "{line}");
        }
        let words = |t: &str| t.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        prop_assert_eq!(words(&wrapped(&text)), words(&text));
    }

    #[test]
    fn hostile_papers_are_written(paper in samples::hostile_paper()) {
        let message = written(&[paper], 1, scope(), &all_checked());
        prop_assert!(!message.subject.contains(['\r', '\n', '\0']));
        prop_assert!(!message.text.contains(['\r', '\0']));
        // As many tags open as the template has: what strangers wrote adds none.
        let own = written(&[samples::paper()], 1, scope(), &all_checked());
        let scripts = |html: &str| html.matches("<script").count() + html.matches("<img").count();
        prop_assert_eq!(scripts(&message.html), scripts(&own.html));
    }
}
