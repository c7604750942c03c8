//! The model's file: vocabulary and rows in one piece, checked as a whole before anything of it is used.
//!
//! All numbers are little endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `BROADENC` |
//! | 4 | [`FORMAT`] |
//! | 4 | rows, the size of the vocabulary |
//! | 4 | numbers in a row, [`DIM`] |
//! | 4 | bytes of the vocabulary's text |
//! | 4 | f32: how much a title's token counts beside an abstract's |
//! | 36 | name, padded with zeros |
//! | 4 × rows | where each token's text ends |
//! | text | the tokens, one after the other, UTF-8 |
//! | 4 × rows | f32: scale of each row |
//! | DIM × rows | i8: the rows; a row's number is its byte times its scale |
//! | 4 | CRC-32 of all bytes before |

use std::ops::Range;

use crate::Error;

/// The form of file that this program writes and reads.
pub const FORMAT: u32 = 1;
/// Numbers in a vector.
pub const DIM: usize = 256;
/// The prefixes of a vector that are vectors themselves, once brought to unit length.
pub const PREFIXES: [usize; 4] = [32, 64, 128, 256];

const MARK: &[u8; 8] = b"BROADENC";
const NAME_BYTES: usize = 36;
const HEADER: usize = 64;
const CHECKSUM: usize = 4;
/// Beyond this a file is not believed: four times the largest vocabulary worth training.
const MAX_ROWS: usize = 1 << 18;

/// Where things lie in a file that was checked.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) name: String,
    pub(crate) checksum: u32,
    pub(crate) rows: usize,
    pub(crate) title_weight: f32,
    ends: Range<usize>,
    text: Range<usize>,
    scales: Range<usize>,
    weights: Range<usize>,
}

impl Layout {
    /// Checks `bytes` as a whole: mark, format, lengths, checksum, and that its numbers make sense.
    pub(crate) fn read(bytes: &[u8]) -> Result<Layout, Error> {
        if !bytes.starts_with(MARK) {
            return Err(Error::Foreign);
        }
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if bytes.len() < HEADER + CHECKSUM {
            let expected = (HEADER + CHECKSUM) as u64;
            return Err(Error::Length { expected, found });
        }
        let format = u32_at(bytes, 8);
        if format != FORMAT {
            return Err(Error::Format { found: format });
        }
        let [rows, dim, text] = [12, 16, 20].map(|at| u32_at(bytes, at));
        // A row has its end, its scale and its numbers; what does not fit 64 bits is no file's length.
        let expected = (u64::from(dim) + 8)
            .saturating_mul(u64::from(rows))
            .saturating_add((HEADER + CHECKSUM) as u64 + u64::from(text));
        if expected != found {
            return Err(Error::Length { expected, found });
        }
        let body = bytes.len() - CHECKSUM;
        let (expected, found) = (u32_at(bytes, body), crc32fast::hash(&bytes[..body]));
        if expected != found {
            return Err(Error::Checksum { expected, found });
        }
        Layout::sensible(bytes, found)
    }

    /// The second half of reading: lengths and checksum hold, so the numbers are those that a trainer wrote.
    fn sensible(bytes: &[u8], checksum: u32) -> Result<Layout, Error> {
        let [rows, dim, text] = [12, 16, 20].map(|at| u32_at(bytes, at) as usize);
        if dim != DIM {
            return Err(content(format!("its rows have {dim} numbers, not {DIM}")));
        }
        if rows == 0 || rows > MAX_ROWS {
            return Err(content(format!("{rows} rows, not 1 to {MAX_ROWS}")));
        }
        let title_weight = f32_at(bytes, 24);
        if !(title_weight.is_finite() && title_weight > 0.0) {
            return Err(content(format!("titles weigh {title_weight}")));
        }
        let name = bytes[28..28 + NAME_BYTES].split(|b| *b == 0).next();
        let name = std::str::from_utf8(name.unwrap_or_default())
            .map_err(|_| content("its name is not text".to_owned()))?;
        let ends = HEADER..HEADER + 4 * rows;
        let text = ends.end..ends.end + text;
        let scales = text.end..text.end + 4 * rows;
        let weights = scales.end..scales.end + DIM * rows;
        let layout = Layout {
            name: name.to_owned(),
            checksum,
            rows,
            title_weight,
            ends,
            text,
            scales,
            weights,
        };
        if let Some(row) = layout.scales(bytes).position(|scale| !scale.is_finite()) {
            return Err(content(format!("row {row} has no finite scale")));
        }
        Ok(layout)
    }

    /// The tokens' texts, in the order of their rows.
    pub(crate) fn tokens<'a>(&self, bytes: &'a [u8]) -> Result<Vec<&'a str>, Error> {
        let text = std::str::from_utf8(&bytes[self.text.clone()])
            .map_err(|_| content("its vocabulary is not UTF-8".to_owned()))?;
        let mut start = 0;
        let mut tokens = Vec::with_capacity(self.rows);
        for (row, end) in bytes[self.ends.clone()].chunks_exact(4).enumerate() {
            let end = u32_at(end, 0) as usize;
            match text.get(start..end) {
                Some(token) if !token.is_empty() => tokens.push(token),
                _ => return Err(content(format!("token {row} has no text"))),
            }
            start = end;
        }
        if start != text.len() {
            return Err(content("text is left over after the last token".to_owned()));
        }
        Ok(tokens)
    }

    /// The scale of each row.
    pub(crate) fn scales(&self, bytes: &[u8]) -> impl Iterator<Item = f32> {
        bytes[self.scales.clone()]
            .chunks_exact(4)
            .map(|four| f32_at(four, 0))
    }

    /// The rows' numbers, one byte each, to be read as i8.
    pub(crate) fn weights<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.weights.clone()]
    }
}

/// Writes a model: `rows` holds [`DIM`] numbers for each of `tokens`. Numbers are rounded to 255 steps a row.
///
/// # Errors
/// When the parts do not fit each other or would be refused on reading.
pub fn write(
    name: &str,
    title_weight: f32,
    tokens: &[String],
    rows: &[f32],
) -> Result<Vec<u8>, Error> {
    if rows.len() != tokens.len() * DIM {
        return Err(content(format!(
            "{} numbers for {} tokens",
            rows.len(),
            tokens.len()
        )));
    }
    if name.len() > NAME_BYTES {
        return Err(content(format!("its name has over {NAME_BYTES} bytes")));
    }
    let text: String = tokens.concat();
    let number = |n: usize| u32::try_from(n).map_err(|_| content(format!("{n} is too large")));
    let mut bytes = Vec::with_capacity(HEADER + text.len() + rows.len() + 8 * tokens.len() + 4);
    bytes.extend_from_slice(MARK);
    for header in [
        FORMAT,
        number(tokens.len())?,
        DIM as u32,
        number(text.len())?,
    ] {
        bytes.extend_from_slice(&header.to_le_bytes());
    }
    bytes.extend_from_slice(&title_weight.to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes.resize(HEADER, 0);
    let mut end = 0;
    for token in tokens {
        end += token.len();
        bytes.extend_from_slice(&number(end)?.to_le_bytes());
    }
    bytes.extend_from_slice(text.as_bytes());
    let scales: Vec<f32> = rows.chunks_exact(DIM).map(scale_of).collect();
    for scale in &scales {
        bytes.extend_from_slice(&scale.to_le_bytes());
    }
    for (row, scale) in rows.chunks_exact(DIM).zip(&scales) {
        bytes.extend(row.iter().map(|x| to_step(*x, *scale).cast_unsigned()));
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    Layout::read(&bytes)?.tokens(&bytes)?;
    Ok(bytes)
}

/// The scale with which a row's largest number becomes the largest step.
fn scale_of(row: &[f32]) -> f32 {
    row.iter().fold(0.0_f32, |max, x| max.max(x.abs())) / 127.0
}

/// The nearest of the 255 steps.
fn to_step(x: f32, scale: f32) -> i8 {
    if scale > 0.0 {
        (x / scale).round() as i8
    } else {
        0
    }
}

/// Four bytes at `at`, which the caller knows to be there.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// As [`u32_at`], as a float.
fn f32_at(bytes: &[u8], at: usize) -> f32 {
    f32::from_bits(u32_at(bytes, at))
}

fn content(reason: String) -> Error {
    Error::Content(reason)
}
