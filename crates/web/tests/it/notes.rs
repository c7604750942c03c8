//! Notes: what other parts of the site send to one person.

use domain::address::MailAddress;
use store::{Asked, LetterKind};
use web::mail::note::{self, Note, send_note};

use crate::mail::{letters, site, subscribe};
use crate::site::TestSite;

fn login_link() -> Note {
    Note {
        subject: "Your link\r\nBcc: all@example.org".to_string(),
        lines: vec!["Somebody asked to log in. ".repeat(40); 9],
        link_words: "Log in".to_string(),
        path: "login/abc?next=%2F".to_string(),
        until: "2026-11-23T08:15:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_note_is_bounded_and_on_its_way() {
    let site = site().await;
    let jane = MailAddress::parse("jane@example.org").unwrap();
    for _ in 0..note::BOUNDS.a_day {
        let asked = send_note(&site.app, &jane, &login_link()).await.unwrap();
        assert_eq!(asked, Asked::Letter(LetterKind::Note));
    }
    let more = send_note(&site.app, &jane, &login_link()).await.unwrap();
    assert_eq!(more, Asked::Enough);
    let john = MailAddress::parse("john@example.org").unwrap();
    let asked = send_note(&site.app, &john, &login_link()).await.unwrap();
    assert_eq!(asked, Asked::Letter(LetterKind::Note));
    let letters = letters(&site).await;
    assert_eq!(letters.len(), note::BOUNDS.a_day as usize + 1);
    let kept: Note = serde_json::from_str(&letters[0].content).unwrap();
    assert_eq!(kept.subject, "Your link Bcc: all@example.org");
    assert_eq!(
        (kept.lines.len(), kept.path.as_str()),
        (8, "/login/abc?next=%2F")
    );
    assert!(kept.lines[0].chars().count() <= 600);
    // Notes are no reason to refuse a subscription, nor the other way round.
    subscribe(&site, "jane@example.org").await;
    assert_eq!(self::letters(&site).await[0].kind, LetterKind::Confirm);
}

#[tokio::test]
async fn without_mail_there_are_no_notes() {
    let site = TestSite::empty().await;
    let jane = MailAddress::parse("jane@example.org").unwrap();
    assert!(send_note(&site.app, &jane, &login_link()).await.is_err());
}
