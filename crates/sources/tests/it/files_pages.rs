//! Saved Daily Papers pages, as text and as HTML.

use proptest::prelude::*;
use sources::files::{Format, parse_one};

use crate::files::{check, context, import};

#[test]
fn papers_are_told_from_the_page_around_them() {
    check(
        include_bytes!("../fixtures/files/page.txt"),
        "[saved-page]

         title: A Small Study of Falling Leaves: Part II
         abstract: Leaves fall in autumn. We measure how they do so in 3,000 gardens, compare four models of the wind and find that the simplest of them describes nine in ten leaves. Code: https://example.org/leaves.
         authors total: 12
         featured: 2026-08-07T00:00:00Z

         title: Can Clocks Dream?
         abstract: We ask whether clocks dream. Nobody knows, and the question is older than clocks are, but we propose a test that needs only a lamp and a patient observer of the night, and we run it on 17 clocks over two years, with care for their rest, their oil and the changing seasons, and report every tick. A second paragraph goes on about the lamp, which was a plain one, about the observer, who was patient indeed, and about the night, which came every evening as it should.
         featured: 2026-08-07T00:00:00Z

         title: Titles Can Be Wrapped Over Lines
         abstract: Abstracts can be wrapped as well, as mail programs and terminal browsers do it, at a fixed number of columns, so that no line is long although the text is, and then the lines that stand together are one text, with spaces where the lines end.
         featured: 2026-08-07T00:00:00Z

         title: Only a Title
         authors total: 4
         featured: 2026-08-07T00:00:00Z",
    );
}

#[test]
fn a_page_without_empty_lines_is_read_too() {
    let prose =
        "We show something long enough to be told from a title by its length alone. ".repeat(5);
    let page = format!("Daily Papers\nThu, Aug 7\nFirst Title\n{prose}\nSecond Title\n{prose}\n");
    let got = import(page.as_bytes());
    assert!(
        got.contains("title: First Title\nabstract: We show"),
        "{got}"
    );
    assert!(
        got.contains("title: Second Title\nabstract: We show"),
        "{got}"
    );
}

#[test]
fn a_page_without_papers_says_so() {
    check(
        "Daily Papers\n\nNothing today\n",
        "[saved-page]\n\nended: in is damaged after record 0: no paper can be recognised on the page; the records before that are sound",
    );
}

const PAGE_DATA: &str = r#"{"dateString":"2026-08-20","dailyPapers":[
    {"paper":{"id":"2608.00001","title":"A \"B\" & C","summary":"S<1>.","submittedOnDailyAt":"2026-08-21T00:00:00.000Z"},"title":"x"},
    {"paper":{"id":"2608.00002","title":"D"}},{"paper":{"id":"none","title":"E"}}],"other":[1]}"#;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[test]
fn a_saved_page_carries_its_data() {
    let expected = "[saved-page-html]

         id: 2608.00001
         title: A \"B\" & C
         abstract: S<1>.
         featured: 2026-08-21T00:00:00Z

         id: 2608.00002
         title: D
         featured: 2026-08-20T00:00:00Z

         set aside in, item 3: `none` is not an arXiv id; ids look like 2305.19435 or math/9201207";
    let data = escaped(PAGE_DATA);
    check(
        format!(
            "<!DOCTYPE html><html><script>if (1<2) {{ x(\"</div>\") }}</script><p title='a>b'>\
             <div class=\"SVELTE_HYDRATER contents\" data-target=\"Banner\" data-props=\"{{}}\"></div>\
             <div class=\"SVELTE_HYDRATER contents\" data-target=\"DailyPapers\" data-props=\"{data}\"></div>"
        ),
        expected,
    );
    // The order of attributes is the browser's affair.
    check(
        format!("\u{feff}<html><div data-props='{data}' data-target=DailyPapers>"),
        expected,
    );
}

#[test]
fn a_papers_own_page_carries_one() {
    let data =
        escaped(r#"{"paper":{"id":"2608.00007","title":"Alone","upvotes":3},"comments":[]}"#);
    check(
        format!("<html><div data-target=\"PaperContent\" data-props=\"{data}\">"),
        "[saved-page-html]

         id: 2608.00007
         title: Alone
         readings: daily-upvotes Some(3) at 2026-11-23T08:00:00Z",
    );
    check(
        "<html><body>Nothing</body></html>",
        "[saved-page-html]\n\nended: in is damaged after record 0: the page holds no Daily Papers data; \
         if papers can be seen on it, save it as text; the records before that are sound",
    );
}

proptest! {
    #[test]
    fn any_page_is_safe(lines in prop::collection::vec("(· 3 authors|Submitted by|Aug 7|[0-9]{1,3}|([A-Za-z]{1,9} ?){1,8}|(word ){30}end\\.|\\PC{0,30})?", 0..30)) {
        let _ = import(format!("Daily Papers\n{}", lines.join("\n")).as_bytes());
    }

    #[test]
    fn any_html_is_safe(html in "(<div|<!--|-->|data-target=\"DailyPapers\"|data-props=|['\"<>&;{}\\[\\]]|dailyPapers|\\PC){0,40}") {
        let _ = import(format!("<html>{html}").as_bytes());
    }

    #[test]
    fn any_bytes_set_aside_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in Format::ALL {
            let parsed = parse_one(format, &bytes, &context());
            prop_assert_eq!(parsed.records, 1);
        }
    }
}
