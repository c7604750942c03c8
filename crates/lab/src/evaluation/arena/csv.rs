//! Lines of comma-separated values, one record a line (RFC 4180 without line breaks in fields).

/// The fields of a line, or what is wrong with it.
pub(super) fn fields(line: &str) -> Result<Vec<String>, &'static str> {
    let mut fields = Vec::new();
    let mut rest = line.strip_suffix('\r').unwrap_or(line);
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => in_quotes(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err("something follows a closing quote"),
        }
    }
}

/// A field after its opening quote, and what follows the closing one. A doubled quote is one.
fn in_quotes(text: &str) -> Result<(String, &str), &'static str> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or("a quote is not closed")?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Ok((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert_eq, proptest};

    #[test]
    fn fields_are_cut_at_commas_outside_quotes() {
        let check = |line, expected: &[&str]| assert_eq!(fields(line).unwrap(), expected);
        check("a,b,tie", &["a", "b", "tie"]);
        check("a , b,\r", &["a", "b", ""]);
        check(r#""x, ""y""",b"#, &[r#"x, "y""#, "b"]);
        check("", &[""]);
        assert!(fields(r#""a"#).is_err());
        assert!(fields(r#""a"b,c"#).is_err());
    }

    proptest! {
        #[test]
        fn what_was_quoted_is_read_back(names in proptest::collection::vec("[^\r\n]{0,12}", 1..5)) {
            let quoted: Vec<String> = names
                .iter()
                .map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
                .collect();
            prop_assert_eq!(fields(&quoted.join(",")).unwrap(), names);
        }

        #[test]
        fn nothing_panics(line in ".{0,60}") {
            let _ = fields(&line);
        }
    }
}
