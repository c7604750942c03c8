//! The LaTeX in titles, names and abstracts, made readable: maths as MathML, text commands as HTML or Unicode.
//!
//! Authors write whatever they like, so everything here is bounded and nothing is trusted: what is not understood is
//! shown as its source.

mod accents;
mod links;
mod math;
mod mathml;
mod pieces;
mod text;

use crate::view::Html;
use pieces::{Piece, pieces};

/// Longest text that is looked at, in bytes; what is longer is shown as it is. The longest abstracts have some 6,000.
const TEXT_LEN_MAX: usize = 100_000;

/// A text as HTML with MathML. The result is safe to write into element content, that of links too.
pub fn html(source: &str) -> Html {
    written(source, text::Writer::html())
}

/// Like [`html`], with web addresses as links: for abstracts and comments.
pub fn linked_html(source: &str) -> Html {
    written(source, text::Writer::linked())
}

fn written(source: &str, mut writer: text::Writer) -> Html {
    if source.len() > TEXT_LEN_MAX {
        return Html(crate::view::escape(source));
    }
    for piece in pieces(source) {
        match piece {
            Piece::Text(text) => writer.text(text),
            Piece::Math {
                formula,
                source,
                display,
            } => match math::mathml(formula, display) {
                Some(mathml) => writer.markup(&mathml),
                None => writer.verbatim(source),
            },
        }
    }
    Html(writer.finish())
}

/// A text without any markup: for feeds, mails, `<title>`, and sorting. Formulas become readable lines.
pub fn plain(source: &str) -> String {
    // Most names and many titles hold nothing of LaTeX.
    let special = |b: u8| matches!(b, b'\\' | b'$' | b'{' | b'}' | b'~' | b'`' | b'-' | b'\'');
    if source.len() > TEXT_LEN_MAX || !source.bytes().any(special) {
        return source.to_string();
    }
    let mut writer = text::Writer::plain();
    for piece in pieces(source) {
        match piece {
            Piece::Text(text) => writer.text(text),
            Piece::Math { formula, .. } => writer.verbatim(&math::line(formula)),
        }
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_html(source: &str, expected: &str) {
        assert_eq!(html(source).0, expected);
    }

    #[track_caller]
    fn check_plain(source: &str, expected: &str) {
        assert_eq!(plain(source), expected);
    }

    #[test]
    fn text_mode_is_made_readable() {
        check_plain("Schr\\\"odinger and Erd\\H{o}s", "Schrödinger and Erdős");
        check_plain("{\\'E}tude na\\\"{\\i}ve \\c{c}a", "Étude naïve ça");
        check_plain("``quoted'' -- and---so", "“quoted” – and—so");
        check_plain(
            "Fig.~1, 50\\% of \\$5 \\& \\#3",
            "Fig.\u{a0}1, 50% of $5 & #3",
        );
        check_plain(
            "\\textit{in vivo} {BERT} \\emph{and \\textbf{more}}",
            "in vivo BERT and more",
        );
        check_plain(
            "run --help at http://a.b/~joe",
            "run --help at http://a.b/~joe",
        );
        check_plain("O'Neil's", "O'Neil's");
        check_plain(
            "\\eg, \\textcolor{red}{red} text~\\cite{x}.",
            "e.g., red text\u{a0}.",
        );
        check_plain("unknown \\foo{bar} stays \\", "unknown \\foobar stays \\");
        check_plain("K{\\\"a}hler \\o{} \\L{}\\'od\\'z", "Kähler ø Łódź");
    }

    #[test]
    fn formulas_become_lines() {
        check_plain("in $O(n \\log n)$ time", "in O(n log n) time");
        check_plain("$\\alpha$-\\(\\beta\\) $$x^2$$", "α-β x²");
        check_plain("$\\mathbb{R}^{n}$ and $\\frac{1}{2}$", "R^n and 1/2");
        check_plain("$x_1^{12}$, $10^{-3}$, $a^2_b$", "x₁¹², 10⁻³, a²_b");
        check_plain("costs $5 and $10", "costs $5 and $10");
        check_plain("open $x", "open $x");
    }

    #[test]
    fn html_is_escaped_and_marked() {
        check_html(
            "<b>bold</b> & \"x\"",
            "&lt;b&gt;bold&lt;/b&gt; &amp; &quot;x&quot;",
        );
        check_html("\\emph{a \\textbf{b}} c", "<em>a <strong>b</strong></em> c");
        check_html("\\emph{never closed", "<em>never closed</em>");
        check_html("}} closed too often", " closed too often");
        check_html("\\texttt{<x>}", "<code>&lt;x&gt;</code>");
    }

    #[test]
    fn addresses_become_links() {
        let link = "<a href=\"https://a.org/b_c\" rel=\"nofollow ugc\">https://a.org/b_c</a>";
        for source in [
            "https://a.org/b\\_c",
            "\\url{https://a.org/b_c}",
            "\\texttt{https://a.org/b_c}",
        ] {
            let got = linked_html(source).0;
            assert!(got.contains(link), "{got}");
            assert!(mathml::balanced(&got), "{got}");
        }
        check_html("see https://a.org/", "see https://a.org/");
    }

    #[test]
    fn maths_is_mathml() {
        check_html("$x$", "<math display=\"inline\"><mi>x</mi></math>");
        let less = html("$a < b$").0;
        assert!(less.contains("<mo>&lt;</mo>"), "{less}");
        let bad = html("$\\frac{1}$ <").0;
        assert_eq!(bad, "<code class=\"tex\">$\\frac{1}$</code> &lt;");
    }

    #[test]
    fn formulas_cannot_bring_markup() {
        for source in [
            "$\\operatorname{<script>alert(1)</script>}$",
            "$\\text{<img src=x onerror=alert(1)>}$",
            "$\\href{javascript:alert(1)}{x}$",
            "$\\mathrm{</math><script>}$",
            "$\\begin{array}{c\"onclick=x}<script>\\end{array}$",
        ] {
            let got = html(source).0;
            assert!(!got.contains("<script") && !got.contains("<img"), "{got}");
            assert!(!got.contains("href="), "{got}");
        }
    }

    #[test]
    fn formulas_cannot_explode() {
        let bomb = "$\\def\\a{xx}\\def\\b{\\a\\a}\\def\\c{\\b\\b}\\c$";
        assert!(html(bomb).0.starts_with("<code"));
        for deep in [
            "{",
            "\\hat",
            "\\frac",
            "x^",
            "\\left(",
            "\\sqrt[",
            "\\begin{matrix}",
        ] {
            let formula = format!("${}$", deep.repeat(3000 / deep.len()));
            assert!(html(&formula).0.len() < 200_000);
            let formula = format!("${}$", deep.repeat(900 / deep.len()));
            assert!(html(&formula).0.len() < 200_000);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_tags_balance(source in "[\\\\${}^_a-c <>&\"'`~\\-\\[\\]()%#=émathbfrlet]{0,60}") {
            let got = linked_html(&source).0;
            prop_assert!(mathml::balanced(&got), "{source:?} -> {got}");
            let _ = plain(&source);
        }

        #[test]
        fn formulas_of_real_words(parts in proptest::collection::vec(proptest::sample::select(WORDS), 0..25)) {
            let source = format!("${}$", parts.concat());
            let got = html(&source).0;
            prop_assert!(mathml::balanced(&got), "{source:?} -> {got}");
            let _ = plain(&source);
        }
    }

    const WORDS: &[&str] = &[
        "\\frac",
        "{",
        "}",
        "x",
        "^",
        "_",
        "\\left",
        "\\right",
        "(",
        ")",
        "\\begin{matrix}",
        "\\end{matrix}",
        "&",
        "\\\\",
        "\\text{a<b}",
        "\\mathbb",
        "\\sum",
        "\\limits",
        "\\operatorname",
        "\\not",
        "<",
        "\\color{red}",
        "\\sqrt",
        "[",
        "]",
        "\\hline",
        "\\begin{array}{c|c}",
        "\\end{array}",
        "'",
        "\\,",
        "\\hspace{-1em}",
        "#1",
        "%",
        "\\substack",
        "\\middle",
        "|",
        "é",
        "\\boxed",
        "\\genfrac",
        "\\tag",
        "\\vec",
        "\\begin{cases}",
        "\\end{cases}",
        "~",
        "\\!",
    ];
}
