//! Handwritten digits: 1,797 pictures of 8 by 8 (Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits",
//! UCI Machine Learning Repository, 1998; CC BY 4.0).

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use rand::seq::SliceRandom;

use crate::frame::Rng;

/// Pictures with the digit that each shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Digits {
    /// Pixels in rows from the top left, 0 to 1, 64 a picture.
    pub pixels: Vec<[f32; 64]>,
    /// The digit, 0 to 9.
    pub labels: Vec<usize>,
}

/// All pictures, in the order of the file.
pub fn digits() -> &'static Digits {
    static DIGITS: LazyLock<Digits> = LazyLock::new(|| {
        let mut text = String::new();
        GzDecoder::new(&include_bytes!("../../data/digits.csv.gz")[..])
            .read_to_string(&mut text)
            .expect("the file that ships is whole");
        let mut all = Digits::default();
        for line in text.lines() {
            let mut numbers = line.split(',').map(|n| n.parse::<f32>().unwrap_or(0.0));
            let mut pixels = [0.0; 64];
            for pixel in &mut pixels {
                *pixel = numbers.next().unwrap_or(0.0) / 16.0;
            }
            all.pixels.push(pixels);
            all.labels.push(numbers.next().unwrap_or(0.0) as usize);
        }
        all
    });
    &DIGITS
}

impl Digits {
    /// How many pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pictures at these places.
    pub fn at(&self, places: &[usize]) -> Digits {
        Digits {
            pixels: places.iter().map(|&at| self.pixels[at]).collect(),
            labels: places.iter().map(|&at| self.labels[at]).collect(),
        }
    }

    /// A random split: `count` pictures, and the rest.
    pub fn split(&self, count: usize, rng: &mut Rng) -> (Digits, Digits) {
        let mut places: Vec<usize> = (0..self.len()).collect();
        places.shuffle(rng);
        let (first, rest) = places.split_at(count.min(self.len()));
        (self.at(first), self.at(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_all_there() {
        let all = digits();
        assert_eq!(all.len(), 1797);
        let mut counts = [0; 10];
        for &label in &all.labels {
            counts[label] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert!(all.pixels.iter().flatten().all(|p| (0.0..=1.0).contains(p)));
    }
}
