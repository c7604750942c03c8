//! The little of LaTeX that matters for finding words: which commands are letters, which are markup, which are names.

/// What a command means for the word it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Belongs to the letter that follows (`\"o`, `\v{c}`): the word goes on without it.
    Accent,
    /// Is itself a letter or two (`\o`, `\ss`, `\ell`).
    Letters(&'static str),
    /// Changes how the following looks (`\textit`, `\mathbf`): the word goes on without it.
    Markup,
    /// Refers to something (`\cite{...}`): its argument is no text.
    Reference,
    /// Names a symbol (`\alpha`) or an author's macro: its name is a word.
    Name,
}

/// The meaning of a command of ASCII letters, given without its backslash.
pub(crate) fn command(name: &str) -> Command {
    match name {
        "H" | "v" | "c" | "u" | "k" | "r" | "b" | "d" | "t" => Command::Accent,
        "o" | "O" => Command::Letters("o"),
        "l" | "L" | "ell" => Command::Letters("l"),
        "ss" => Command::Letters("ss"),
        "ae" | "AE" => Command::Letters("ae"),
        "oe" | "OE" => Command::Letters("oe"),
        "aa" | "AA" => Command::Letters("a"),
        "i" | "j" => Command::Letters(if name == "i" { "i" } else { "j" }),
        "varepsilon" => Command::Letters("epsilon"),
        "varphi" => Command::Letters("phi"),
        "cite" | "citep" | "citet" | "ref" | "eqref" | "label" | "begin" | "end" => {
            Command::Reference
        }
        _ if MARKUP.contains(&name) => Command::Markup,
        _ => Command::Name,
    }
}

/// Commands that only change looks, spacing or size.
const MARKUP: &[&str] = &[
    "textit",
    "textbf",
    "textsc",
    "texttt",
    "textrm",
    "textsf",
    "textsl",
    "textup",
    "text",
    "emph",
    "underline",
    "mathrm",
    "mathbf",
    "mathcal",
    "mathbb",
    "mathit",
    "mathsf",
    "mathtt",
    "mathfrak",
    "mathscr",
    "boldsymbol",
    "bm",
    "operatorname",
    "mbox",
    "hbox",
    "rm",
    "bf",
    "it",
    "em",
    "tt",
    "sc",
    "sl",
    "cal",
    "left",
    "right",
    "big",
    "Big",
    "bigg",
    "Bigg",
    "frac",
    "tfrac",
    "dfrac",
    "sqrt",
    "hat",
    "widehat",
    "tilde",
    "widetilde",
    "bar",
    "overline",
    "vec",
    "dot",
    "ddot",
    "quad",
    "qquad",
    "ldots",
    "dots",
    "cdots",
    "cdot",
    "displaystyle",
    "textstyle",
    "limits",
    "url",
    "href",
    "footnote",
    "small",
    "large",
    "xspace",
];

/// The name of a Greek letter, so that `β`, `$\beta$` and `beta` are one word.
pub(crate) fn greek(letter: char) -> Option<&'static str> {
    Some(match letter {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' => "epsilon",
        'ζ' => "zeta",
        'η' => "eta",
        'θ' => "theta",
        'ι' => "iota",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' => "mu",
        'ν' => "nu",
        'ξ' => "xi",
        'ο' => "omicron",
        'π' => "pi",
        'ρ' => "rho",
        'σ' | 'ς' => "sigma",
        'τ' => "tau",
        'υ' => "upsilon",
        'φ' => "phi",
        'χ' => "chi",
        'ψ' => "psi",
        'ω' => "omega",
        _ => return None,
    })
}
