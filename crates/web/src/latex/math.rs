//! Formulas: as MathML where the formula is understood, else as a readable line.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pulldown_latex::config::DisplayMode;
use pulldown_latex::{Parser, RenderConfig, Storage, push_mathml};

use super::mathml::sanitized;

/// Longest formula that is rendered, in bytes. Those of abstracts rarely reach 300.
const FORMULA_LEN_MAX: usize = 1500;

/// Most parser events of one formula.
const EVENTS_MAX: usize = 4000;

/// Commands that define commands. They can make a short formula grow without end, and no abstract needs them.
const DEFINING: [&str; 9] = [
    "\\def",
    "\\gdef",
    "\\edef",
    "\\xdef",
    "\\let",
    "\\futurelet",
    "\\newcommand",
    "\\renewcommand",
    "\\providecommand",
];

/// The formula as MathML, or `None` where it is too large or not understood.
pub(super) fn mathml(formula: &str, display: bool) -> Option<String> {
    // `\left` and `\leq` begin like `\let`, so the whole word is compared.
    let defines = |command: &str| {
        formula.match_indices(command).any(|(at, found)| {
            !formula[at + found.len()..].starts_with(|c: char| c.is_ascii_alphabetic())
        })
    };
    if formula.len() > FORMULA_LEN_MAX || DEFINING.into_iter().any(defines) {
        return None;
    }
    // The parser is a stranger's and meets strangers' bytes: should it panic, the source is shown.
    catch_unwind(AssertUnwindSafe(|| rendered(formula, display))).ok()?
}

fn rendered(formula: &str, display: bool) -> Option<String> {
    let storage = Storage::new();
    let mut events = Vec::new();
    for event in Parser::new(formula, &storage) {
        if events.len() >= EVENTS_MAX {
            return None;
        }
        events.push(Ok::<_, std::convert::Infallible>(event.ok()?));
    }
    let config = RenderConfig {
        display_mode: if display {
            DisplayMode::Block
        } else {
            DisplayMode::Inline
        },
        ..RenderConfig::default()
    };
    let mut out = String::new();
    push_mathml(&mut out, events.into_iter(), config).ok()?;
    sanitized(&out)
}

/// Commands that have a character; those not named here lose their backslash.
const SYMBOLS: &[(&str, &str)] = &[
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("varepsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("upsilon", "υ"),
    ("phi", "φ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Xi", "Ξ"),
    ("Pi", "Π"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("ell", "ℓ"),
    ("infty", "∞"),
    ("partial", "∂"),
    ("nabla", "∇"),
    ("times", "×"),
    ("cdot", "·"),
    ("cdots", "⋯"),
    ("ldots", "…"),
    ("dots", "…"),
    ("pm", "±"),
    ("sim", "∼"),
    ("approx", "≈"),
    ("equiv", "≡"),
    ("neq", "≠"),
    ("ne", "≠"),
    ("le", "≤"),
    ("leq", "≤"),
    ("ge", "≥"),
    ("geq", "≥"),
    ("ll", "≪"),
    ("gg", "≫"),
    ("in", "∈"),
    ("subset", "⊂"),
    ("subseteq", "⊆"),
    ("cup", "∪"),
    ("cap", "∩"),
    ("to", "→"),
    ("rightarrow", "→"),
    ("leftarrow", "←"),
    ("mapsto", "↦"),
    ("sum", "∑"),
    ("prod", "∏"),
    ("int", "∫"),
    ("sqrt", "√"),
    ("forall", "∀"),
    ("exists", "∃"),
    ("otimes", "⊗"),
    ("oplus", "⊕"),
    ("odot", "⊙"),
    ("langle", "⟨"),
    ("rangle", "⟩"),
    ("circ", "∘"),
    ("star", "⋆"),
    ("dagger", "†"),
    ("prime", "′"),
    ("quad", " "),
    ("qquad", " "),
];

/// Commands that only say how something is set.
const SETTING: &[&str] = &[
    "mathbb",
    "mathbf",
    "mathcal",
    "mathfrak",
    "mathit",
    "mathrm",
    "mathsf",
    "mathscr",
    "mathtt",
    "boldsymbol",
    "bm",
    "operatorname",
    "text",
    "textbf",
    "textit",
    "textrm",
    "textsc",
    "texttt",
    "rm",
    "bf",
    "it",
    "cal",
    "left",
    "right",
    "big",
    "Big",
    "bigl",
    "bigr",
    "displaystyle",
    "textstyle",
    "limits",
    "nolimits",
];

/// The formula as one line of text: `\mathbb{R}^{n}` as `R^n`, `\frac{1}{2}` as `1/2`.
pub(super) fn line(formula: &str) -> String {
    let mut out = String::with_capacity(formula.len());
    let mut rest = formula;
    // A fraction's bar goes where its first group ends, at this depth of braces.
    let (mut depth, mut bars) = (0usize, Vec::new());
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let end = rest
                    .find(|c: char| !c.is_ascii_alphabetic())
                    .unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                rest = after;
                if name.is_empty() {
                    rest = escaped(rest, &mut out);
                } else if SETTING.contains(&name) {
                    rest = rest.trim_start();
                } else if matches!(name, "frac" | "tfrac" | "dfrac") {
                    bars.push(depth);
                    rest = rest.trim_start();
                } else {
                    let symbol = SYMBOLS.iter().find(|(n, _)| *n == name);
                    out.push_str(symbol.map_or(name, |(_, s)| s));
                }
            }
            '^' | '_' => {
                rest = match small_number(c, rest) {
                    Some((number, after)) => {
                        out.push_str(&number);
                        after
                    }
                    None => {
                        out.push(c);
                        rest
                    }
                };
            }
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if bars.last() == Some(&depth) && rest.starts_with('{') {
                    bars.pop();
                    out.push('/');
                }
            }
            '~' | '&' => out.push(' '),
            c => out.push(c),
        }
    }
    domain::text::one_line(&out)
}

/// A raised or lowered number (`^2`, `_{12}`, `^{-3}`) in Unicode's small figures, and what follows it.
fn small_number(mark: char, text: &str) -> Option<(String, &str)> {
    let (number, after) = match text.strip_prefix('{') {
        Some(inside) => inside.split_once('}')?,
        None => text.split_at_checked(1)?,
    };
    let figures = if mark == '^' {
        ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '⁻']
    } else {
        ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉', '₋']
    };
    let figure = |c: char| match c {
        '-' => Some(figures[10]),
        c => figures.get(usize::try_from(c.to_digit(10)?).ok()?).copied(),
    };
    let small: Option<String> = number.chars().map(figure).collect();
    small
        .filter(|s| !s.is_empty() && number != "-")
        .map(|s| (s, after))
}

/// `\%` and its like are the character; the others (`\,` `\;` `\\`) are spaces.
fn escaped<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some(c) = rest.chars().next() else {
        return rest;
    };
    match c {
        '%' | '&' | '#' | '$' | '_' | '{' | '}' => out.push(c),
        '|' => out.push('‖'),
        '!' => {}
        _ => out.push(' '),
    }
    &rest[c.len_utf8()..]
}
