//! Checkpoints: where a training stands, in a file that a later run goes on from.
//!
//! A file is in safetensors' format, so that other programs can look into it. Its metadata says the layout's version, whose
//! training it is, how many steps are done, and a checksum (CRC-32) of all of this and of every number.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use flate2::Crc;
use ndarray::Array2;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// The layout that is written and read.
const VERSION: &str = "1";
/// The largest file that is read: networks here have thousands of weights.
const BYTES_MAX: u64 = 64 << 20;

/// The file of one training.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: PathBuf,
    of: String,
}

/// Where a training stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// Steps that are done.
    pub step: usize,
    /// Named numbers: weights, and what the optimiser keeps.
    pub arrays: Vec<(String, Array2<f32>)>,
}

impl Checkpoint {
    /// The file for a training, in a folder. `of` says all that must be the same for going on.
    pub(super) fn new(folder: &Path, of: &str) -> Checkpoint {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = of.chars().map(plain).collect();
        Checkpoint {
            path: folder.join(format!("{name}.safetensors")),
            of: of.to_owned(),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the training stood; `None` when nothing has been kept yet.
    ///
    /// # Errors
    /// When the file cannot be read, is of another layout or another training, or is damaged. Each says the way out.
    pub fn read(&self) -> Result<Option<Saved>> {
        let shown = self.path.display();
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
        };
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {shown}"))?;
        ensure!(
            bytes.len() as u64 <= BYTES_MAX,
            "{shown} is larger than a checkpoint can be ({} MiB)",
            BYTES_MAX >> 20
        );
        let saved = self.decoded(&bytes).with_context(|| {
            format!("{shown} cannot be gone on from; delete it to train from the start")
        })?;
        Ok(Some(saved))
    }

    fn decoded(&self, bytes: &[u8]) -> Result<Saved> {
        let (_, head) = SafeTensors::read_metadata(bytes).context("it is no checkpoint")?;
        let about = head.metadata().as_ref().context("it is no checkpoint")?;
        let told = |key: &str| {
            let told = about.get(key).map(String::as_str);
            told.with_context(|| format!("it is no checkpoint: it has no `{key}`"))
        };
        let version = told("version")?;
        ensure!(
            version == VERSION,
            "it has layout {version}; this program reads layout {VERSION}"
        );
        let of = told("of")?;
        ensure!(of == self.of, "it belongs to `{of}`, not to `{}`", self.of);
        let step = told("step")?.parse().context("its `step` is no number")?;
        let mut arrays = Vec::new();
        for (name, view) in SafeTensors::deserialize(bytes)?.iter() {
            let &[rows, columns] = view.shape() else {
                bail!("`{name}` is no matrix");
            };
            ensure!(view.dtype() == Dtype::F32, "`{name}` is not of f32");
            let numbers = view.data().chunks_exact(4);
            let numbers = numbers.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            let array = Array2::from_shape_vec((rows, columns), numbers.collect())?;
            arrays.push((name.to_owned(), array));
        }
        arrays.sort_by(|a, b| a.0.cmp(&b.0));
        let saved = Saved { step, arrays };
        ensure!(
            told("checksum")? == self.checksum(&saved),
            "it is damaged: its checksum is wrong"
        );
        Ok(saved)
    }

    /// Keeps where the training stands, in place of what was kept before.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn write(&self, step: usize, arrays: Vec<(String, Array2<f32>)>) -> Result<()> {
        let mut saved = Saved { step, arrays };
        saved.arrays.sort_by(|a, b| a.0.cmp(&b.0));
        let about: HashMap<String, String> = [
            ("version", VERSION.to_owned()),
            ("of", self.of.clone()),
            ("step", step.to_string()),
            ("checksum", self.checksum(&saved)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        let parts: Vec<Vec<u8>> = saved.arrays.iter().map(|(_, a)| bytes(a)).collect();
        let views = saved
            .arrays
            .iter()
            .zip(&parts)
            .map(|((name, array), bytes)| {
                let view = TensorView::new(Dtype::F32, array.shape().to_vec(), bytes)?;
                Ok((name.clone(), view))
            });
        let views = views.collect::<Result<Vec<_>>>()?;
        let file = safetensors::serialize(views, Some(about))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let shown = self.path.display();
        std::fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut kept| {
                kept.write_all(&file)?;
                // In one move: whoever ends the program now leaves the old file or the new one.
                Ok(kept.persist(&self.path)?)
            })
            .with_context(|| format!("cannot write {shown}"))?;
        Ok(())
    }

    fn checksum(&self, saved: &Saved) -> String {
        let mut crc = Crc::new();
        crc.update(format!("{VERSION}\n{}\n{}\n", self.of, saved.step).as_bytes());
        for (name, array) in &saved.arrays {
            crc.update(format!("{name} {:?}\n", array.shape()).as_bytes());
            crc.update(&bytes(array));
        }
        format!("{:08x}", crc.sum())
    }
}

fn bytes(array: &Array2<f32>) -> Vec<u8> {
    array.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrays() -> Vec<(String, Array2<f32>)> {
        let array = Array2::from_shape_fn((2, 3), |(i, j)| i as f32 + 0.1 * j as f32);
        vec![
            ("b".to_owned(), array.clone()),
            ("a".to_owned(), array * 2.0),
        ]
    }

    /// A kept checkpoint in a folder of its own.
    fn kept() -> (tempfile::TempDir, Checkpoint) {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::new(&folder.path().join("new"), "paper tiny, seed 1");
        assert_eq!(checkpoint.read().unwrap(), None);
        checkpoint.write(7, arrays()).unwrap();
        (folder, checkpoint)
    }

    fn refused(checkpoint: &Checkpoint) -> String {
        format!("{:#}", checkpoint.read().unwrap_err())
    }

    #[test]
    fn what_is_kept_is_read() {
        let (_folder, checkpoint) = kept();
        let saved = checkpoint.read().unwrap().unwrap();
        let mut expected = arrays();
        expected.reverse();
        assert_eq!((saved.step, saved.arrays), (7, expected));
        let name = checkpoint.path().file_name().unwrap();
        assert_eq!(name, "paper-tiny--seed-1.safetensors");
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let (_folder, checkpoint) = kept();
        let whole = std::fs::read(checkpoint.path()).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x11;
            std::fs::write(checkpoint.path(), &damaged).unwrap();
            let told = refused(&checkpoint);
            assert!(told.contains("delete it"), "byte {at}: {told}");
        }
        for length in [0, 7, whole.len() / 2, whole.len() - 1] {
            std::fs::write(checkpoint.path(), &whole[..length]).unwrap();
            assert!(refused(&checkpoint).contains("delete it"), "{length}");
        }
    }

    #[test]
    fn another_training_is_not_gone_on_with() {
        let (_folder, checkpoint) = kept();
        let other = Checkpoint {
            of: "paper tiny, seed 2".to_owned(),
            ..checkpoint
        };
        assert!(
            refused(&other)
                .contains("belongs to `paper tiny, seed 1`, not to `paper tiny, seed 2`")
        );
    }
}
