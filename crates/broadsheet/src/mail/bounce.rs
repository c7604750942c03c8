//! What mail servers send back: delivery reports (RFC 3464) and complaints (ARF, RFC 5965).
//!
//! Anybody can write such a message, and who is believed can have any reader's mail stopped. So a report counts only
//! if it names one of our letters by the id that we signed, which nobody knows but who was sent the letter. Whoever
//! runs this can say that a report is to be believed without.

use domain::address::MailAddress;
use domain::text::one_line;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// Longest message that is read, in bytes.
pub(crate) const REPORT_LEN_MAX: usize = 4 << 20;
/// Most parts that are looked at, and levels of messages within messages.
const PARTS_MAX: usize = 100;
const DEPTH_MAX: usize = 4;
/// Most addresses of one report.
const RECIPIENTS_MAX: usize = 100;
/// Length of what is kept of a server's words, in characters.
const NOTE_CHARS: usize = 300;

/// What a report says of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// It could not be delivered.
    Bounce {
        /// For good (status 5.X.X), and not only until later.
        permanent: bool,
        /// To whom, as far as the report says.
        recipient: Option<MailAddress>,
        /// The server's words, on one line.
        note: String,
    },
    /// Its reader has called it spam.
    Complaint {
        /// Who, as far as the report says.
        recipient: Option<MailAddress>,
    },
}

/// What a message from a mail server says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reports {
    /// The `Message-ID`s of letters that it brings back or names.
    pub(crate) message_ids: Vec<String>,
    /// What it says; empty where it is no report.
    pub(crate) reports: Vec<Report>,
}

/// Reads a message. What is no report has none; nothing is an error.
pub(crate) fn read_reports(bytes: &[u8]) -> Reports {
    let mut found = Reports::default();
    let bytes = &bytes[..bytes.len().min(REPORT_LEN_MAX)];
    if let Some(message) = MessageParser::default().parse(bytes) {
        look(&message, 0, &mut found);
    }
    found.message_ids.sort_unstable();
    found.message_ids.dedup();
    found
}

fn look(message: &Message<'_>, depth: usize, found: &mut Reports) {
    for part in message.parts.iter().take(PARTS_MAX) {
        let kind = part.content_type().map(|content_type| {
            let subtype = content_type.subtype().unwrap_or_default();
            format!("{}/{subtype}", content_type.ctype()).to_ascii_lowercase()
        });
        match (kind.as_deref(), &part.body) {
            (Some("message/delivery-status" | "message/global-delivery-status"), _) => {
                delivery_status(&String::from_utf8_lossy(part.contents()), found);
            }
            (Some("message/feedback-report"), _) => {
                feedback(&String::from_utf8_lossy(part.contents()), found);
            }
            (Some("text/rfc822-headers" | "message/rfc822-headers"), _) => {
                let text = String::from_utf8_lossy(part.contents());
                returned(&fields(&text), found);
            }
            (_, PartType::Message(inner)) if depth < DEPTH_MAX => {
                found
                    .message_ids
                    .extend(inner.message_id().map(str::to_string));
                look(inner, depth + 1, found);
            }
            _ => {}
        }
    }
}

/// The id of a letter of which only the headers came back.
fn returned(fields: &[(String, String)], found: &mut Reports) {
    found.message_ids.extend(value(fields, "message-id"));
}

/// RFC 3464, section 2: one group of fields for the message, then one for each address, with empty lines between.
fn delivery_status(text: &str, found: &mut Reports) {
    for group in groups(text).skip(1).take(RECIPIENTS_MAX) {
        let group = fields(&group);
        let action = value(&group, "action").unwrap_or_default();
        let status = value(&group, "status").unwrap_or_default();
        let failed = action.eq_ignore_ascii_case("failed");
        let delayed = action.eq_ignore_ascii_case("delayed");
        if !failed && !delayed {
            continue;
        }
        let recipient = value(&group, "original-recipient")
            .and_then(|text| address(&text))
            .or_else(|| value(&group, "final-recipient").and_then(|text| address(&text)));
        let words = value(&group, "diagnostic-code").unwrap_or_default();
        let note = one_line(&format!("{status} {words}"));
        found.reports.push(Report::Bounce {
            permanent: failed && status.starts_with('5'),
            recipient,
            note: note.trim().chars().take(NOTE_CHARS).collect(),
        });
    }
}

/// RFC 5965, section 3: only complaints count; other feedback is of no interest here.
fn feedback(text: &str, found: &mut Reports) {
    let fields = fields(text);
    let kind = value(&fields, "feedback-type").unwrap_or_default();
    if !["abuse", "fraud", "opt-out", "opt-out-list", "not-spam"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
        || kind.eq_ignore_ascii_case("not-spam")
    {
        return;
    }
    let recipient = value(&fields, "original-rcpt-to").and_then(|text| address(&text));
    found.reports.push(Report::Complaint { recipient });
}

/// The address in `rfc822;jane@example.org`, `<jane@example.org>` or bare.
fn address(text: &str) -> Option<MailAddress> {
    let bare = text.split_once(';').map_or(text, |(_, address)| address);
    let bare = bare.trim().trim_start_matches('<').trim_end_matches('>');
    MailAddress::parse(bare).ok()
}

/// Groups of lines between empty lines.
fn groups(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        while lines.next_if(|line| line.trim().is_empty()).is_some() {}
        let mut group = String::new();
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
            group.push_str(line);
            group.push('\n');
        }
        (!group.is_empty()).then_some(group)
    })
}

/// Names in lower case and values of the fields of a header, continued lines joined.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().take(1000) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                if !value.is_empty() {
                    value.push(' ');
                }
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_string()));
        }
    }
    fields
}

fn value(fields: &[(String, String)], name: &str) -> Option<String> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "letter.7.0123456789abcdef01234567@papers.example.org";

    fn report(parts: &[(&str, &str)]) -> String {
        let mut text = "From: MAILER-DAEMON@mx.example.net\r\nTo: bounces@example.org\r\nSubject: returned\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=\"b\"\r\n\r\n"
            .to_string();
        for (kind, body) in parts {
            text.push_str(&format!("--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n"));
        }
        text + "--b--\r\n"
    }

    const SAID: (&str, &str) = ("text/plain", "I am sorry to inform you.");
    const STATUS: (&str, &str) = (
        "message/delivery-status",
        "Reporting-MTA: dns; mx.example.net\r\nArrival-Date: Tue, 24 Nov 2026 07:00:00 +0000\r\n\r\n\
         Final-Recipient: rfc822; jane@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <jane@example.org>:\r\n Recipient address rejected\r\n",
    );

    fn original() -> String {
        format!(
            "From: papers@example.org\r\nTo: jane@example.org\r\nMessage-ID: <{ID}>\r\nSubject: 20 papers\r\n\r\nBody\r\n"
        )
    }

    #[test]
    fn a_bounce_with_the_whole_letter() {
        let original = original();
        let found = read_reports(report(&[SAID, STATUS, ("message/rfc822", &original)]).as_bytes());
        assert_eq!(found.message_ids, [ID]);
        assert_eq!(
            found.reports,
            [Report::Bounce {
                permanent: true,
                recipient: MailAddress::parse("jane@example.org").ok(),
                note: "5.1.1 smtp; 550 5.1.1 <jane@example.org>: Recipient address rejected"
                    .to_string(),
            }]
        );
    }

    #[test]
    fn a_bounce_with_headers_alone() {
        let headers = format!("Received: from x\r\n\tby y\r\nMESSAGE-ID:\r\n <{ID}>\r\n");
        let found = read_reports(report(&[STATUS, ("text/rfc822-headers", &headers)]).as_bytes());
        assert_eq!(found.message_ids, [format!("<{ID}>")]);
        assert_eq!(found.reports.len(), 1);
    }

    #[test]
    fn a_delay_is_not_for_good() {
        let delayed = STATUS
            .1
            .replace("failed", "delayed")
            .replace("5.1.1", "4.4.1");
        let found = read_reports(report(&[("message/delivery-status", &delayed)]).as_bytes());
        assert!(matches!(
            found.reports[..],
            [Report::Bounce {
                permanent: false,
                ..
            }]
        ));
        let relayed = STATUS.1.replace("failed", "relayed");
        assert_eq!(
            read_reports(report(&[("message/delivery-status", &relayed)]).as_bytes()).reports,
            []
        );
    }

    #[test]
    fn a_complaint() {
        let original = original();
        let feedback = "Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n\
             Original-Rcpt-To: <jane@example.org>\r\n";
        let parts = [
            SAID,
            ("message/feedback-report", feedback),
            ("message/rfc822", &original),
        ];
        let found = read_reports(report(&parts).as_bytes());
        assert_eq!(found.message_ids, [ID]);
        let recipient = MailAddress::parse("jane@example.org").ok();
        assert_eq!(found.reports, [Report::Complaint { recipient }]);
        let praise = feedback.replace("abuse", "not-spam");
        assert_eq!(
            read_reports(report(&[("message/feedback-report", &praise)]).as_bytes()).reports,
            []
        );
    }

    #[test]
    fn other_mail_says_nothing() {
        for text in [
            "",
            "hello",
            "Subject: Out of office\r\n\r\nI am away.",
            "\0\0\0",
            &report(&[SAID]),
        ] {
            assert_eq!(read_reports(text.as_bytes()).reports, [], "{text:?}");
        }
        // Messages in messages in messages end somewhere.
        let nested = (0..200).fold(original(), |inner, n| {
            let outer = report(&[("message/rfc822", &inner)]);
            outer
                .replace("\"b\"", &format!("\"b{n}\""))
                .replace("--b\r\n", &format!("--b{n}\r\n"))
                .replace("--b--", &format!("--b{n}--"))
        });
        assert_eq!(read_reports(nested.as_bytes()).reports, []);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), cut in 0usize..800) {
            read_reports(&bytes);
            let original = original();
            let whole = report(&[STATUS, ("message/rfc822", &original)]).into_bytes();
            let mut torn = whole[..cut.min(whole.len())].to_vec();
            torn.extend(&bytes);
            read_reports(&torn);
        }
    }
}
