//! The model's file, all numbers little-endian:
//!
//! ```text
//! file    = "BSINTER1" encoder learned u32:dim u32:traits u32:knots
//!           dim * f32:weight  dim * f32:centre  f32:familiar_min
//!           traits * (f32:mean f32:deviation f32:weight)  knots * (f32:number f32:low f32:middle f32:high)
//!           u32:crc32 of all before
//! encoder = u32:length bytes                      the id of the encoder whose vectors were learned from
//! learned = u32:papers i32:first_day i32:last_day days since 1970-01-01
//! ```

use std::ops::Range;

use super::traits::TRAITS;

const MAGIC: &[u8; 8] = b"BSINTER1";
/// Bounds of what a file may ask for.
const DIM: Range<usize> = 1..4_097;
const KNOTS: Range<usize> = 2..257;
const ENCODER_LEN_MAX: usize = 200;

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not begin as such files do.
    #[error("this is no model of predicted interest, or one of another version")]
    NotAModel,
    /// It ends too early, or goes on too long.
    #[error("the model of predicted interest has {found} bytes and should have {expected}")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there should be, as far as it could be read.
        expected: usize,
    },
    /// Its bytes are not those that were written.
    #[error(
        "the model of predicted interest is damaged: its checksum is {found:08x}, not {expected:08x}"
    )]
    Checksum {
        /// Of the bytes as they are.
        found: u32,
        /// As it was written.
        expected: u32,
    },
    /// A number is not what it can be.
    #[error("the model of predicted interest has an impossible {0}")]
    Value(&'static str),
}

/// A trait as it was learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learned {
    /// Its mean over the papers that were learned from.
    pub mean: f32,
    /// Its standard deviation, above 0.
    pub deviation: f32,
    /// What one standard deviation more weighs.
    pub weight: f32,
}

impl Learned {
    /// What a value adds to the model's number.
    pub fn weigh(&self, value: f64) -> f64 {
        (value - f64::from(self.mean)) / f64::from(self.deviation) * f64::from(self.weight)
    }
}

/// At which places papers of a number stood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knot {
    /// The model's number.
    pub number: f32,
    /// One place in ten lies below.
    pub low: f32,
    /// One in two.
    pub middle: f32,
    /// Nine in ten.
    pub high: f32,
}

/// Everything that the file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The id of the encoder whose vectors were learned from.
    pub encoder: String,
    /// How many papers were learned from.
    pub papers: u32,
    /// Their first day, in days since 1970-01-01.
    pub first_day: i32,
    /// Their last day.
    pub last_day: i32,
    /// One a number of the vector.
    pub weights: Vec<f32>,
    /// The mean direction of the vectors, of unit length.
    pub centre: Vec<f32>,
    /// A text whose cosine with the centre is smaller is unlike those that were learned from.
    pub familiar_min: f32,
    /// In the order of [`super::traits::NAMES`].
    pub traits: [Learned; TRAITS],
    /// By rising number.
    pub knots: Vec<Knot>,
}

/// The file of a model.
pub fn write(parts: &Parts) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let int = |bytes: &mut Vec<u8>, n: usize| {
        bytes.extend(u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
    };
    int(&mut bytes, parts.encoder.len());
    bytes.extend(parts.encoder.bytes());
    bytes.extend(parts.papers.to_le_bytes());
    bytes.extend(parts.first_day.to_le_bytes());
    bytes.extend(parts.last_day.to_le_bytes());
    int(&mut bytes, parts.weights.len());
    int(&mut bytes, TRAITS);
    int(&mut bytes, parts.knots.len());
    let traits = parts
        .traits
        .iter()
        .flat_map(|t| [t.mean, t.deviation, t.weight]);
    let knots = parts
        .knots
        .iter()
        .flat_map(|k| [k.number, k.low, k.middle, k.high]);
    let numbers = parts.weights.iter().chain(&parts.centre).copied();
    let numbers = numbers
        .chain([parts.familiar_min])
        .chain(traits)
        .chain(knots);
    numbers.for_each(|number| bytes.extend(number.to_le_bytes()));
    let checksum = crc32fast::hash(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// What is still to be read.
struct Rest<'b> {
    bytes: &'b [u8],
    whole: usize,
}

impl<'b> Rest<'b> {
    fn take(&mut self, len: usize) -> Result<&'b [u8], Error> {
        let Some((taken, rest)) = self.bytes.split_at_checked(len) else {
            let read = self.whole - self.bytes.len();
            return Err(Error::Length {
                found: self.whole,
                expected: read.saturating_add(len),
            });
        };
        self.bytes = rest;
        Ok(taken)
    }

    fn four(&mut self) -> Result<[u8; 4], Error> {
        let mut four = [0; 4];
        four.copy_from_slice(self.take(4)?);
        Ok(four)
    }

    fn int(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.four()?))
    }

    /// A number of things, within bounds.
    fn count(&mut self, bounds: &Range<usize>, what: &'static str) -> Result<usize, Error> {
        let count = usize::try_from(self.int()?).unwrap_or(usize::MAX);
        bounds
            .contains(&count)
            .then_some(count)
            .ok_or(Error::Value(what))
    }

    fn real(&mut self) -> Result<f32, Error> {
        let number = f32::from_le_bytes(self.four()?);
        number
            .is_finite()
            .then_some(number)
            .ok_or(Error::Value("number"))
    }

    fn reals(&mut self, count: usize) -> Result<Vec<f32>, Error> {
        (0..count).map(|_| self.real()).collect()
    }
}

/// The model in these bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, Error> {
    let mut rest = Rest {
        bytes,
        whole: bytes.len(),
    };
    if rest.take(MAGIC.len()).ok() != Some(MAGIC) {
        return Err(Error::NotAModel);
    }
    let encoder_len = rest.count(&(0..ENCODER_LEN_MAX), "name of an encoder")?;
    let encoder = std::str::from_utf8(rest.take(encoder_len)?)
        .map_err(|_| Error::Value("name of an encoder"))?
        .to_string();
    let papers = rest.int()?;
    let first_day = rest.int()?.cast_signed();
    let last_day = rest.int()?.cast_signed();
    let dim = rest.count(&DIM, "length of vectors")?;
    rest.count(&(TRAITS..TRAITS + 1), "number of traits")?;
    let knot_count = rest.count(&KNOTS, "number of knots")?;
    let weights = rest.reals(dim)?;
    let centre = rest.reals(dim)?;
    let familiar_min = rest.real()?;
    let mut traits = [Learned {
        mean: 0.0,
        deviation: 1.0,
        weight: 0.0,
    }; TRAITS];
    for learned in &mut traits {
        *learned = Learned {
            mean: rest.real()?,
            deviation: rest.real()?,
            weight: rest.real()?,
        };
    }
    let mut knots = Vec::with_capacity(knot_count);
    for _ in 0..knot_count {
        knots.push(Knot {
            number: rest.real()?,
            low: rest.real()?,
            middle: rest.real()?,
            high: rest.real()?,
        });
    }
    check_end(&mut rest, bytes)?;
    check_values(&traits, &knots)?;
    Ok(Parts {
        encoder,
        papers,
        first_day,
        last_day,
        weights,
        centre,
        familiar_min,
        traits,
        knots,
    })
}

/// The checksum, and nothing after it.
fn check_end(rest: &mut Rest<'_>, bytes: &[u8]) -> Result<(), Error> {
    let found = crc32fast::hash(&bytes[..bytes.len() - rest.bytes.len()]);
    let expected = rest.int()?;
    if !rest.bytes.is_empty() {
        return Err(Error::Length {
            found: bytes.len(),
            expected: bytes.len() - rest.bytes.len(),
        });
    }
    if found != expected {
        return Err(Error::Checksum { found, expected });
    }
    Ok(())
}

fn check_values(traits: &[Learned], knots: &[Knot]) -> Result<(), Error> {
    if traits.iter().any(|learned| learned.deviation <= 0.0) {
        return Err(Error::Value("deviation of a trait"));
    }
    let rising = knots.windows(2).all(|pair| pair[0].number < pair[1].number);
    let place = |p: f32| (0.0..=100.0).contains(&p);
    let sound = |knot: &Knot| {
        place(knot.low) && place(knot.high) && knot.low <= knot.middle && knot.middle <= knot.high
    };
    if !rising || !knots.iter().all(sound) {
        return Err(Error::Value("knot"));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn parts() -> Parts {
        let knot = |number: f32| Knot {
            number,
            low: 10.0,
            middle: 50.0,
            high: 90.0,
        };
        Parts {
            encoder: "test-00000000".to_string(),
            papers: 1_234,
            first_day: -1,
            last_day: 20_000,
            weights: vec![0.5, -0.25, 0.0],
            centre: vec![1.0, 0.0, 0.0],
            familiar_min: 0.2,
            traits: [Learned {
                mean: 1.0,
                deviation: 2.0,
                weight: 0.1,
            }; TRAITS],
            knots: vec![knot(-1.0), knot(1.0)],
        }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&write(&parts())), Ok(parts()));
    }

    /// The file after something was done to it before its checksum was made.
    fn with(change: impl Fn(&mut Parts)) -> Result<Parts, Error> {
        let mut changed = parts();
        change(&mut changed);
        read(&write(&changed))
    }

    #[test]
    fn impossible_values_are_named() {
        assert_eq!(
            with(|p| p.weights[0] = f32::NAN),
            Err(Error::Value("number"))
        );
        assert_eq!(
            with(|p| p.traits[3].deviation = 0.0),
            Err(Error::Value("deviation of a trait"))
        );
        assert_eq!(with(|p| p.knots.reverse()), Err(Error::Value("knot")));
        assert_eq!(with(|p| p.knots[0].low = 60.0), Err(Error::Value("knot")));
        assert_eq!(with(|p| p.knots[1].high = 101.0), Err(Error::Value("knot")));
        assert_eq!(
            with(|p| p.knots.truncate(1)),
            Err(Error::Value("number of knots"))
        );
        assert_eq!(
            with(|p| p.encoder = "x".repeat(200)),
            Err(Error::Value("name of an encoder"))
        );
    }

    #[test]
    fn other_files_and_cut_ones_are_told_apart() {
        let bytes = write(&parts());
        assert_eq!(read(b"BSINTER2 and so on"), Err(Error::NotAModel));
        assert_eq!(read(b""), Err(Error::NotAModel));
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(
            read(&longer),
            Err(Error::Length {
                found: bytes.len() + 1,
                expected: bytes.len()
            })
        );
        for len in MAGIC.len()..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "cut to {len}");
        }
    }

    proptest! {
        #[test]
        fn no_flipped_bit_goes_unseen(at in 0usize..400, bit in 0u8..8) {
            let mut bytes = write(&parts());
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_an_error_and_no_panic(tail in prop::collection::vec(any::<u8>(), 0..300), magic: bool) {
            let mut bytes = if magic { MAGIC.to_vec() } else { Vec::new() };
            bytes.extend(tail);
            prop_assert!(read(&bytes).is_err());
        }
    }
}
