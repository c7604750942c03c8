//! The body of a form that a browser sends, read leniently: unknown fields are passed over, of a name given twice the
//! first counts but where several are asked for.

use axum::body::Bytes;

/// How many fields are looked at.
const FIELDS_MAX: usize = 64;

/// What a form's fields hold, decoded.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`; anything else has no fields.
    pub fn read(body: &Bytes) -> Self {
        let pairs = url::form_urlencoded::parse(body).take(FIELDS_MAX);
        Form(
            pairs
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect(),
        )
    }

    /// A field's text as it was sent; absent and empty are the same.
    pub fn raw(&self, name: &str) -> &str {
        let value = self.0.iter().find(|(key, _)| key == name);
        value.map(|(_, v)| v.as_str()).unwrap_or_default()
    }

    /// A field's text without white space around it.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// Whether a box is ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// All values of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, v)| v.as_str())
    }
}
