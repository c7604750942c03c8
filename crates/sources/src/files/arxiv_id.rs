//! arXiv ids that a spreadsheet or data frame took for numbers: `704.0021`, `1001.011`, `1502.0651599999999`.
//!
//! As a number, `0704.0021` lost its leading zero, `1001.0110` its last one, and `1502.06516` may have come back as the
//! nearest binary fraction. The number of digits that an id must have tells what was lost. A paper's own date of
//! submission must agree, or the guess is not taken.

use domain::ids::ExternalId;
use jiff::civil::Date;

use crate::unfit::Unfit;

/// Most months by which an id may be younger than the paper's date. Old manuscripts are submitted late and papers are
/// held by moderators; of the repaired ids in a dump of 250,000, all lie within this.
const MONTHS_LATER_MAX: i32 = 24;
/// Most months by which an id may be older: one, for a submission around the turn of a month.
const MONTHS_EARLIER_MAX: i32 = 1;
/// From how many equal digits on a tail of nines or zeros is taken for a binary fraction's noise.
const NOISE_LEN_MIN: usize = 4;

/// The id of a text, and whether it had to be repaired.
pub(crate) fn read(text: &str, created: Option<Date>) -> Result<(ExternalId, bool), Unfit> {
    let error = match ExternalId::arxiv(text) {
        Ok((id, _version)) => return Ok((id, false)),
        Err(error) => error,
    };
    let Some((guess, (year, month))) = repaired(text.trim()) else {
        return Err(error.into());
    };
    let (id, _version) = ExternalId::arxiv(&guess)?;
    let unsure = |why: String| Unfit::UnsureId {
        id: text.to_string(),
        guess,
        why,
    };
    let Some(created) = created else {
        return Err(unsure(
            "the record has no date to check that against".to_string(),
        ));
    };
    let later = (year - i32::from(created.year())) * 12 + month - i32::from(created.month());
    if (-MONTHS_EARLIER_MAX..=MONTHS_LATER_MAX).contains(&later) {
        Ok((id, true))
    } else {
        Err(unsure(format!("the paper is dated {created}")))
    }
}

/// What a number must have been as an id, with the year and month in which such an id was given.
fn repaired(text: &str) -> Option<(String, (i32, i32))> {
    let (left, right) = text.split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(left) || !digits(right) || !(3..=4).contains(&left.len()) {
        return None;
    }
    let year_month: i32 = left.parse().ok()?;
    let width = if year_month >= 1501 { 5 } else { 4 };
    let number = match right.get(width..) {
        None | Some("") => format!("{right:0<width$}").parse().ok()?,
        Some(tail) => without_noise(right.get(..width)?.parse().ok()?, tail)?,
    };
    let in_range = number > 0 && number < 10_u32.pow(width as u32);
    in_range.then(|| {
        (
            format!("{year_month:04}.{number:0width$}"),
            (2000 + year_month / 100, year_month % 100),
        )
    })
}

/// The number before a tail such as `99999999` or `00000001`; any other tail is no rounding error.
fn without_noise(number: u32, tail: &str) -> Option<u32> {
    let run = |digit: u8| tail.bytes().take_while(|b| *b == digit).count() >= NOISE_LEN_MIN;
    if run(b'9') {
        Some(number + 1)
    } else {
        run(b'0').then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, created: &str, expected: &str) {
        let got = match read(text, created.parse().ok()) {
            Ok((id, true)) => format!("repaired {id}"),
            Ok((id, false)) => id.to_string(),
            Err(why) => format!("unfit: {why}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn what_a_number_lost_is_put_back() {
        check("704.0021", "2007-03-31", "repaired 0704.0021");
        check("704.005", "2007-04-01", "repaired 0704.0050");
        check("804.1", "2008-04-07", "repaired 0804.1000");
        check("1001.011", "2009-12-31", "repaired 1001.0110");
        check("1610.0882", "2016-10-01", "repaired 1610.08820");
        check("1502.0651599999999", "2014-11-23", "repaired 1502.06516");
        check("1501.0403800000001", "2014-12-16", "repaired 1501.04038");
    }

    #[test]
    fn sound_ids_are_not_touched() {
        check("0704.0021", "1999-01-01", "0704.0021");
        check("2305.19435v2", "", "2305.19435");
        check("math/9201207", "", "math/9201207");
    }

    #[test]
    fn doubtful_guesses_are_not_taken() {
        check(
            "704.0021",
            "2015-01-01",
            "unfit: the id `704.0021` may stand for 0704.0021, but the paper is dated 2015-01-01",
        );
        check(
            "704.0021",
            "",
            "unfit: the id `704.0021` may stand for 0704.0021, but the record has no date to check that against",
        );
        for text in [
            "1502.06516123",
            "1501.99999999999",
            "1001.0",
            "12.5",
            "704.00x1",
            "7040021",
            "1513.1",
        ] {
            let guess = read(text, "2015-01-01".parse().ok());
            assert!(guess.is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_id_survives_being_a_number(year in 7u32..26, month in 1u32..=12, number in 1u32..99_999) {
            let year_month = year * 100 + month;
            prop_assume!(year_month >= 704);
            let (width, number) = if year_month >= 1501 { (5, number) } else { (4, number % 9_999 + 1) };
            let id = format!("{year_month:04}.{number:0width$}");
            let as_number: f64 = id.parse().unwrap();
            let created = Date::new(2000 + year as i16, month as i8, 1).unwrap();
            for written in [as_number.to_string(), format!("{as_number:.13}"), id.clone()] {
                prop_assert_eq!(read(&written, Some(created)).unwrap().0.value, id.clone());
            }
        }

        #[test]
        fn any_text_is_safe(text in "[0-9.]{0,30}|\\PC{0,30}") {
            let _ = read(&text, None);
        }
    }
}
