//! Which bytes are a model.

use encode::{Encoder, Error};
use proptest::prelude::*;

use crate::small_model;

#[track_caller]
fn check_refused(bytes: Vec<u8>, reason: &str) {
    let error = Encoder::from_bytes(bytes).unwrap_err().to_string();
    assert!(error.contains(reason), "{error:?} does not say {reason:?}");
}

#[test]
fn a_model_is_read_back_as_it_was_written() {
    let encoder = Encoder::from_bytes(small_model()).unwrap();
    assert_eq!(encoder.dim(), 256);
    assert_eq!(encoder.prefixes(), [32, 64, 128, 256]);
    let vocabulary: Vec<&str> = encoder.tokenizer().vocabulary().collect();
    assert_eq!(vocabulary, crate::TOKENS);
    // The row of a word alone, at unit length, is as it was but for rounding to 255 steps.
    let found = encoder.encode("neural");
    let sines: Vec<f32> = (0..256).map(|n| (n as f32).sin()).collect();
    let length = sines.iter().map(|x| x * x).sum::<f32>().sqrt();
    for (found, sine) in found.iter().zip(&sines) {
        assert!((found - sine / length).abs() <= 0.6 / 127.0 / length);
    }
}

#[test]
fn an_id_names_the_model_s_very_bytes() {
    let id = |weight| {
        let model = encode::model::write("m", weight, &["a".to_owned()], &[1.0; 256]).unwrap();
        Encoder::from_bytes(model).unwrap().id().to_owned()
    };
    assert!(id(1.0).starts_with("m-"));
    assert_eq!(id(1.0), id(1.0));
    assert_ne!(id(1.0), id(2.0));
}

#[test]
fn foreign_files_are_refused() {
    check_refused(Vec::new(), "not a model");
    check_refused(b"PK\x03\x04 something else".to_vec(), "not a model");
    check_refused(b"BROADENC".to_vec(), "8 bytes");
}

#[test]
fn another_format_is_named() {
    let mut bytes = small_model();
    bytes[8] = 9;
    check_refused(bytes, "format 9");
}

#[test]
fn truncated_and_padded_files_are_refused() {
    let whole = small_model();
    for keep in [63, 64, 100, whole.len() - 1] {
        check_refused(whole[..keep].to_vec(), "header promises");
    }
    let mut longer = whole;
    longer.push(0);
    check_refused(longer, "header promises");
}

#[test]
fn sizes_that_would_overflow_are_refused() {
    let mut bytes = small_model();
    bytes[12..24].fill(0xff);
    check_refused(bytes, "header promises");
}

#[test]
fn every_changed_byte_of_the_body_is_noticed() {
    let whole = small_model();
    for at in (28..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        check_refused(bytes, "checksum");
    }
}

#[test]
fn whole_files_without_sense_are_refused() {
    let resealed = |at: usize, with: &[u8]| {
        let mut bytes = small_model();
        bytes[at..at + with.len()].copy_from_slice(with);
        let body = bytes.len() - 4;
        let sum = crc32fast::hash(&bytes[..body]);
        bytes[body..].copy_from_slice(&sum.to_le_bytes());
        bytes
    };
    check_refused(resealed(24, &f32::NAN.to_le_bytes()), "titles weigh");
    check_refused(resealed(28, &[0xff]), "name");
    check_refused(resealed(64, &u32::MAX.to_le_bytes()), "token 0");
    check_refused(resealed(64, &0_u32.to_le_bytes()), "token 0");
    let text = 64 + 4 * crate::TOKENS.len();
    check_refused(resealed(text, &[0xff]), "UTF-8");
    let scales = text + crate::TOKENS.concat().len();
    check_refused(resealed(scales, &f32::INFINITY.to_le_bytes()), "row 0");
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let write = |tokens: &[&str], numbers: usize| {
        let tokens: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
        encode::model::write("m", 1.0, &tokens, &vec![0.5; numbers])
    };
    assert!(write(&["a", "b"], 512).is_ok());
    assert!(write(&["a", "b"], 511).is_err());
    assert!(write(&[], 0).is_err());
    assert!(write(&["a", ""], 512).is_err());
}

#[test]
fn a_missing_file_is_named() {
    let error = Encoder::open(std::path::Path::new("/no/such/model.bin")).unwrap_err();
    assert!(matches!(error, Error::Read { .. }));
    assert!(error.to_string().contains("/no/such/model.bin"));
}

#[test]
fn a_file_is_as_good_as_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.bin");
    std::fs::write(&path, small_model()).unwrap();
    let opened = Encoder::open(&path).unwrap();
    assert_eq!(
        opened.id(),
        Encoder::from_bytes(small_model()).unwrap().id()
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), marked in any::<bool>()) {
        if marked && bytes.len() >= 12 {
            bytes[..12].copy_from_slice(b"BROADENC\x01\0\0\0");
        }
        prop_assert!(Encoder::from_bytes(bytes).is_err());
    }
}
