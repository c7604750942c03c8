//! The file format: one header, a table of parts, the parts. Mapped and used where it lies.
//!
//! ```text
//! file   = header entry* (padding part)*            all numbers little-endian
//! header = magic:"ANNINDEX" version:u32 kind:byte[4] parts:u32 zero:u32 length:u64 table_crc:u32 header_crc:u32
//! entry  = tag:byte[4] crc:u32 offset:u64 length:u64
//! part   = byte[length]                             at its offset, a multiple of 64
//! ```
//! `length` in the header is that of the whole file. `header_crc` covers the header before it, `table_crc` the
//! entries. Checksums are CRC-32.
//!
//! **What is verified when.** Opening verifies magic, version, kind, lengths, both checksums, that every part
//! lies inside the file, aligned and apart from the others, and the checksums of all parts but the bulk ones
//! ([`Container::open`] names them). The bulk (codes, one entry a vector) is verified by [`Container::verify`],
//! which reads the whole file: some milliseconds a megabyte from a cold disk. Every bit pattern of a bulk part
//! is memory-safe to search: damage there can change scores, never bounds.
//!
//! Files are written under another name, flushed, and renamed; they are never changed afterwards.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use bytemuck::{AnyBitPattern, NoUninit};

use crate::error::{Error, Fault, io, tag_name};

#[cfg(not(target_endian = "little"))]
compile_error!("index files are little-endian and used in place");

const MAGIC: &[u8; 8] = b"ANNINDEX";
const VERSION: u32 = 1;
const HEADER: usize = 40;
const ENTRY: usize = 24;
const ALIGN: usize = 64;
/// More parts than any kind of file has.
const MAX_PARTS: u32 = 64;
/// The part that names what made the vectors.
const LABEL: [u8; 4] = *b"LABL";
/// Bytes of a label, at most.
pub const MAX_LABEL: usize = 256;

/// Collects parts and writes them as one file.
pub struct Writer<'a> {
    kind: [u8; 4],
    parts: Vec<([u8; 4], std::borrow::Cow<'a, [u8]>)>,
}

impl<'a> Writer<'a> {
    /// A file of this kind without parts.
    pub fn new(kind: [u8; 4]) -> Writer<'a> {
        Writer {
            kind,
            parts: Vec::new(),
        }
    }

    /// Adds a part of plain numbers.
    pub fn part<T: NoUninit>(&mut self, tag: [u8; 4], values: &'a [T]) {
        self.parts.push((tag, bytemuck::cast_slice(values).into()));
    }

    /// Adds a part of bytes made for it.
    pub fn owned(&mut self, tag: [u8; 4], bytes: Vec<u8>) {
        self.parts.push((tag, bytes.into()));
    }

    /// Adds the label of what made the vectors.
    pub(crate) fn label(&mut self, label: &str) {
        self.owned(LABEL, label.as_bytes().to_vec());
    }

    /// Header and table, and each part's offset.
    fn head(&self) -> (Vec<u8>, Vec<usize>) {
        let mut at = HEADER + ENTRY * self.parts.len();
        let (mut table, mut offsets) = (Vec::new(), Vec::new());
        for (tag, bytes) in &self.parts {
            at = at.next_multiple_of(ALIGN);
            table.extend_from_slice(tag);
            table.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
            table.extend_from_slice(&(at as u64).to_le_bytes());
            table.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            offsets.push(at);
            at += bytes.len();
        }
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&VERSION.to_le_bytes());
        head.extend_from_slice(&self.kind);
        head.extend_from_slice(&(self.parts.len() as u32).to_le_bytes());
        head.extend_from_slice(&0u32.to_le_bytes());
        head.extend_from_slice(&(at as u64).to_le_bytes());
        head.extend_from_slice(&crc32fast::hash(&table).to_le_bytes());
        head.extend_from_slice(&crc32fast::hash(&head).to_le_bytes());
        head.extend_from_slice(&table);
        (head, offsets)
    }

    /// The file in memory.
    pub fn to_container(&self) -> Container {
        let (head, offsets) = self.head();
        let last = offsets.last().zip(self.parts.last());
        let length = last.map_or(head.len(), |(offset, part)| offset + part.1.len());
        let mut words = vec![0u64; length.div_ceil(8)];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        bytes[..head.len()].copy_from_slice(&head);
        for ((_, part), &offset) in self.parts.iter().zip(&offsets) {
            bytes[offset..offset + part.len()].copy_from_slice(part);
        }
        let parts = offsets.into_iter().zip(&self.parts);
        let parts = parts.map(|(offset, (tag, part))| Part {
            tag: *tag,
            crc: crc32fast::hash(part),
            start: offset,
            end: offset + part.len(),
        });
        Container {
            parts: parts.collect(),
            backing: Backing::Owned(words, length),
            name: "memory".into(),
        }
    }

    /// Writes the file under a temporary name, flushes it, and renames it to `path`.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        save_bytes(self.to_container().file_bytes(), path)
    }
}

/// Writes bytes under a temporary name, flushes them, and renames them to `path`.
pub(crate) fn save_bytes(bytes: &[u8], path: &Path) -> Result<(), Error> {
    let temporary = path.with_extension("tmp");
    let mut file = io(&temporary, File::create(&temporary))?;
    io(&temporary, file.write_all(bytes))?;
    io(&temporary, file.sync_all())?;
    io(path, std::fs::rename(&temporary, path))?;
    // The rename itself is durable once the folder is.
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        io(path, folder.sync_all())?;
    }
    Ok(())
}

/// Where a file's bytes live.
enum Backing {
    Mapped(memmap2::Mmap),
    /// Whole words, so that parts are aligned as in a mapping.
    Owned(Vec<u64>, usize),
}

impl Backing {
    fn owned(bytes: &[u8]) -> Backing {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Backing::Owned(words, bytes.len())
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Backing::Mapped(map) => map,
            Backing::Owned(words, len) => &bytemuck::cast_slice(words)[..*len],
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Part {
    tag: [u8; 4],
    crc: u32,
    start: usize,
    end: usize,
}

/// An opened file: its parts, checked as told above.
pub struct Container {
    parts: Vec<Part>,
    backing: Backing,
    name: String,
}

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Container")
            .field("name", &self.name)
            .field("parts", &self.parts)
            .finish()
    }
}

impl Container {
    /// Maps a file of this kind and checks it; the parts named `bulk` are left to [`Container::verify`].
    pub fn open(path: &Path, kind: [u8; 4], bulk: &[[u8; 4]]) -> Result<Container, Error> {
        let file = io(path, File::open(path))?;
        #[allow(unsafe_code)] // mapping a file
        // SAFETY: the map is read-only. Files of an index are never changed in place, only replaced by
        // rename (module documentation), so the bytes under the map stay as they are; the folder belongs
        // to the index. Every bit pattern is valid for the plain numbers that parts are read as.
        let map = io(path, unsafe { memmap2::Mmap::map(&file) })?;
        Container::check(Backing::Mapped(map), path.display().to_string(), kind, bulk)
    }

    /// Checks a file that is already in memory.
    pub fn from_bytes(bytes: &[u8], kind: [u8; 4], bulk: &[[u8; 4]]) -> Result<Container, Error> {
        Container::check(Backing::owned(bytes), "memory".into(), kind, bulk)
    }

    fn check(
        backing: Backing,
        name: String,
        kind: [u8; 4],
        bulk: &[[u8; 4]],
    ) -> Result<Container, Error> {
        let parts = read_table(backing.bytes(), kind);
        let parts = parts.map_err(|fault| Error::Refused {
            name: name.clone(),
            fault,
        })?;
        let container = Container {
            parts,
            backing,
            name,
        };
        for part in &container.parts {
            if !bulk.contains(&part.tag) {
                container.verify_part(part)?;
            }
        }
        Ok(container)
    }

    /// Verifies the checksum of every part: reads the whole file.
    pub fn verify(&self) -> Result<(), Error> {
        self.parts
            .iter()
            .try_for_each(|part| self.verify_part(part))
    }

    fn verify_part(&self, part: &Part) -> Result<(), Error> {
        if crc32fast::hash(&self.backing.bytes()[part.start..part.end]) == part.crc {
            return Ok(());
        }
        Err(self.refuse(Fault::Checksum(format!("part {:?}", tag_name(part.tag)))))
    }

    /// The error that names this file.
    pub fn refuse(&self, fault: Fault) -> Error {
        Error::Refused {
            name: self.name.clone(),
            fault,
        }
    }

    /// The bytes of a part.
    pub fn bytes(&self, tag: [u8; 4]) -> Result<&[u8], Error> {
        let part = self.parts.iter().find(|part| part.tag == tag);
        let part = part.ok_or_else(|| self.refuse(Fault::Missing(tag_name(tag))))?;
        Ok(&self.backing.bytes()[part.start..part.end])
    }

    /// A part as exactly `count` plain numbers.
    pub fn numbers<T: AnyBitPattern>(&self, tag: [u8; 4], count: usize) -> Result<&[T], Error> {
        let bytes = self.bytes(tag)?;
        let values: &[T] = bytemuck::try_cast_slice(bytes)
            .map_err(|e| self.refuse(Fault::inconsistent(tag, e.to_string())))?;
        if values.len() != count {
            let reason = format!("{} entries where {count} are needed", values.len());
            return Err(self.refuse(Fault::inconsistent(tag, reason)));
        }
        Ok(values)
    }

    /// The label of what made the vectors.
    pub(crate) fn label(&self) -> Result<String, Error> {
        let bytes = self.bytes(LABEL)?;
        let label = std::str::from_utf8(bytes)
            .ok()
            .filter(|_| bytes.len() <= MAX_LABEL);
        let label = label.ok_or_else(|| self.refuse(Fault::inconsistent(LABEL, "not a label")))?;
        Ok(label.to_owned())
    }

    /// The tags of all parts, in the order of the file.
    pub fn tags(&self) -> impl Iterator<Item = [u8; 4]> {
        self.parts.iter().map(|part| part.tag)
    }

    /// Where a part lies, for reading it later with [`Container::at`].
    pub(crate) fn range(&self, tag: [u8; 4]) -> Result<std::ops::Range<usize>, Error> {
        let part = self.parts.iter().find(|part| part.tag == tag);
        let part = part.ok_or_else(|| self.refuse(Fault::Missing(tag_name(tag))))?;
        Ok(part.start..part.end)
    }

    /// The bytes of a range that [`Container::range`] gave.
    pub(crate) fn at(&self, range: &std::ops::Range<usize>) -> &[u8] {
        &self.backing.bytes()[range.clone()]
    }

    /// The same file with one more part, or with that part replaced.
    pub(crate) fn with_part(&self, kind: [u8; 4], tag: [u8; 4], bytes: &[u8]) -> Container {
        let mut writer = Writer::new(kind);
        for part in self.parts.iter().filter(|part| part.tag != tag) {
            writer.part(part.tag, &self.backing.bytes()[part.start..part.end]);
        }
        writer.part(tag, bytes);
        writer.to_container()
    }

    /// Whether there is such a part.
    pub(crate) fn has(&self, tag: [u8; 4]) -> bool {
        self.parts.iter().any(|part| part.tag == tag)
    }

    /// The length of the whole file.
    pub fn len(&self) -> usize {
        self.backing.bytes().len()
    }

    /// Whether the file is empty (it never is).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes, as they would be on disk.
    pub fn file_bytes(&self) -> &[u8] {
        self.backing.bytes()
    }
}

/// A little-endian number at `at`; the caller has checked that it is there.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

fn tag_at(bytes: &[u8], at: usize) -> [u8; 4] {
    u32_at(bytes, at).to_le_bytes()
}

/// Checks header and table of strange bytes and gives the parts.
fn read_table(bytes: &[u8], kind: [u8; 4]) -> Result<Vec<Part>, Fault> {
    if bytes.len() < HEADER || &bytes[..8] != MAGIC {
        return Err(Fault::Foreign);
    }
    let version = u32_at(bytes, 8);
    if version != VERSION {
        return Err(Fault::Version {
            found: version,
            expected: VERSION,
        });
    }
    if crc32fast::hash(&bytes[..HEADER - 4]) != u32_at(bytes, HEADER - 4) {
        return Err(Fault::Checksum("the header".into()));
    }
    if tag_at(bytes, 12) != kind {
        let (found, expected) = (tag_name(tag_at(bytes, 12)), tag_name(kind));
        return Err(Fault::Kind { found, expected });
    }
    let (length, found) = (u64_at(bytes, 24), bytes.len() as u64);
    if length != found {
        return Err(Fault::Length {
            expected: length,
            found,
        });
    }
    let count = u32_at(bytes, 16);
    let table_end = HEADER + ENTRY * count.min(MAX_PARTS) as usize;
    if count > MAX_PARTS || table_end > bytes.len() {
        return Err(Fault::inconsistent(
            *b"HEAD",
            format!("a table of {count} parts"),
        ));
    }
    let table = &bytes[HEADER..table_end];
    if crc32fast::hash(table) != u32_at(bytes, 32) {
        return Err(Fault::Checksum("the table of parts".into()));
    }
    let mut free = table_end as u64;
    let mut parts = Vec::with_capacity(count as usize);
    for entry in table.chunks_exact(ENTRY) {
        let tag = tag_at(entry, 0);
        let (start, length) = (u64_at(entry, 8), u64_at(entry, 16));
        let end = start.checked_add(length).filter(|&end| end <= found);
        let (Some(end), true) = (end, start >= free && start % ALIGN as u64 == 0) else {
            return Err(Fault::inconsistent(
                tag,
                format!("{length} bytes at {start}"),
            ));
        };
        free = end;
        parts.push(Part {
            tag,
            crc: u32_at(entry, 4),
            start: start as usize,
            end: end as usize,
        });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: [u8; 4] = *b"TEST";

    fn sample() -> Vec<u8> {
        let mut writer = Writer::new(KIND);
        writer.part(*b"AAAA", &[1u32, 2, 3]);
        writer.part(*b"BBBB", &[1.5f32; 100]);
        writer.owned(*b"BULK", vec![7; 1000]);
        writer.to_container().file_bytes().to_vec()
    }

    fn open(bytes: &[u8]) -> Result<Container, Error> {
        Container::from_bytes(bytes, KIND, &[*b"BULK"])
    }

    #[track_caller]
    fn check_fault(bytes: &[u8], expected: Fault) {
        match open(bytes) {
            Err(Error::Refused { fault, .. }) => assert_eq!(fault, expected),
            other => panic!("{other:?} where {expected:?} was expected"),
        }
    }

    #[test]
    fn parts_come_back() {
        let container = open(&sample()).unwrap();
        assert_eq!(container.numbers::<u32>(*b"AAAA", 3).unwrap(), [1, 2, 3]);
        assert_eq!(container.numbers::<f32>(*b"BBBB", 100).unwrap(), [1.5; 100]);
        assert!(container.numbers::<f32>(*b"BBBB", 99).is_err());
        assert!(container.bytes(*b"NONE").is_err());
        container.verify().unwrap();
    }

    #[test]
    fn a_saved_file_is_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.ann");
        let mut writer = Writer::new(KIND);
        writer.part(*b"AAAA", &[1u8, 2, 3]);
        writer.save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes, writer.to_container().file_bytes());
        Container::open(&path, KIND, &[]).unwrap().verify().unwrap();
    }

    #[test]
    fn foreign_files_are_refused_with_their_reason() {
        check_fault(b"", Fault::Foreign);
        check_fault(&[0; 100], Fault::Foreign);
        let good = sample();
        let mut other = good.clone();
        other[8] = 9;
        check_fault(
            &other,
            Fault::Version {
                found: 9,
                expected: VERSION,
            },
        );
        let (expected, found) = (good.len() as u64, good.len() as u64 - 1);
        check_fault(&good[..good.len() - 1], Fault::Length { expected, found });
        let kind = Fault::Kind {
            found: "TEST".into(),
            expected: "ELSE".into(),
        };
        match Container::from_bytes(&good, *b"ELSE", &[]) {
            Err(Error::Refused { fault, .. }) => assert_eq!(fault, kind),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn damage_in_the_bulk_is_found_by_verification() {
        let mut bytes = sample();
        *bytes.last_mut().unwrap() ^= 1;
        let container = open(&bytes).unwrap();
        assert!(container.verify().is_err());
    }

    proptest! {
        #[test]
        fn any_damage_outside_the_bulk_is_refused(at in 0usize..592, bit in 0u8..8) {
            let mut bytes = sample();
            // Header and table, padding, 12 bytes of AAAA, padding, 400 bytes of BBBB.
            let padding = (HEADER + 3 * ENTRY..128).contains(&at) || (140..192).contains(&at);
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(open(&bytes).is_ok(), padding);
        }

        #[test]
        fn strange_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), ours: bool) {
            if ours && bytes.len() >= 12 {
                bytes[..8].copy_from_slice(MAGIC);
                bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
            }
            if bytes.len() >= HEADER {
                let crc = crc32fast::hash(&bytes[..HEADER - 4]);
                bytes[HEADER - 4..HEADER].copy_from_slice(&crc.to_le_bytes());
            }
            let _ = open(&bytes);
        }
    }
}
