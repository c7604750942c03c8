//! Answers kept in a folder, to be served again without a network.
//!
//! One file per answer, `{microseconds}-{number}-{hash of the address}.zst`: the names sort by age. Inside, under
//! zstd, one line of JSON (address, status, headers, time) and then the body as it came.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::digest::hex;
use crate::transport::{Header, Incoming, Outgoing, Transport, TransportError};

/// Longest first line of a recording, in bytes.
const HEAD_LEN_MAX: usize = 64 * 1024;

/// The first line of a recording.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    url: String,
    status: u16,
    headers: Vec<Header>,
    fetched_at: Timestamp,
}

/// Passes calls on and keeps the answers. The oldest go when the folder grows over its bound.
pub struct Recorder {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    folder: PathBuf,
    bytes_max: u64,
    written: AtomicU64,
}

impl Recorder {
    /// Records what `inner` brings into `folder`, which is made if need be, up to `bytes_max` bytes on disk.
    pub fn new(
        inner: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        folder: &Path,
        bytes_max: u64,
    ) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Recorder {
            inner,
            clock,
            folder: folder.to_path_buf(),
            bytes_max,
            written: AtomicU64::new(0),
        })
    }

    fn write(&self, head: &Head, body: &[u8]) -> io::Result<()> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let micros = head.fetched_at.as_microsecond().max(0);
        let name = format!("{micros:020}-{number:06}-{}.zst", key(&head.url));
        let part = self.folder.join(format!("{name}.part"));
        let mut out = zstd::stream::write::Encoder::new(fs::File::create(&part)?, 3)?;
        serde_json::to_writer(&mut out, head)?;
        out.write_all(b"\n")?;
        out.write_all(body)?;
        out.finish()?.sync_all()?;
        // Only the rename makes it visible: a reader never meets half a recording.
        fs::rename(&part, self.folder.join(name))?;
        trim(&self.folder, self.bytes_max)
    }
}

impl Transport for Recorder {
    fn call<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Incoming, TransportError>> {
        Box::pin(async move {
            let incoming = self.inner.call(outgoing).await?;
            let head = Head {
                url: outgoing.url.to_string(),
                status: incoming.status,
                headers: incoming.headers.clone(),
                fetched_at: self.clock.now(),
            };
            // A full disk must not stop the fetching: the answer is here, only its recording is not.
            if let Err(e) = self.write(&head, &incoming.body) {
                tracing::warn!(url = %outgoing.url, "The answer could not be recorded: {e}");
            }
            Ok(incoming)
        })
    }
}

/// Serves recorded answers: for each address in the order recorded, the last one again when asked once more.
pub struct Replay {
    files: HashMap<String, Vec<PathBuf>>,
    served: Mutex<HashMap<String, usize>>,
}

impl Replay {
    /// Opens a folder that a [`Recorder`] wrote.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut files: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for path in recordings(folder)? {
            let stem = path.file_stem().and_then(|s| s.to_str());
            if let Some((_, key)) = stem.and_then(|s| s.rsplit_once('-')) {
                files.entry(key.to_string()).or_default().push(path);
            }
        }
        Ok(Replay {
            files,
            served: Mutex::default(),
        })
    }
}

impl Transport for Replay {
    fn call<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> BoxFuture<'a, Result<Incoming, TransportError>> {
        let key = key(outgoing.url.as_str());
        let answer = match self.files.get(&key) {
            None => Err(TransportError::NotRecorded),
            Some(files) => {
                let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
                let count = served.entry(key).or_insert(0);
                let index = (*count).min(files.len() - 1);
                *count += 1;
                read(&files[index], outgoing)
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

/// Reads one recording, within the bounds of the call.
fn read(path: &Path, outgoing: &Outgoing) -> Result<Incoming, TransportError> {
    let failed =
        |e: &dyn std::fmt::Display| TransportError::Recording(format!("{}: {e}", path.display()));
    let file = fs::File::open(path).map_err(|e| failed(&e))?;
    let decoder = zstd::stream::read::Decoder::new(file).map_err(|e| failed(&e))?;
    let limit = HEAD_LEN_MAX + outgoing.body_max + 1;
    let mut all = Vec::new();
    decoder
        .take(limit as u64)
        .read_to_end(&mut all)
        .map_err(|e| failed(&e))?;
    let end = all
        .iter()
        .position(|b| *b == b'\n')
        .ok_or_else(|| failed(&"it has no first line"))?;
    let head: Head = serde_json::from_slice(&all[..end]).map_err(|e| failed(&e))?;
    if head.url != outgoing.url.as_str() {
        return Err(failed(&"it is of another address"));
    }
    let body = Bytes::from(all).slice(end + 1..);
    if body.len() > outgoing.body_max {
        let limit = outgoing.body_max;
        return Err(TransportError::TooLarge { limit });
    }
    Ok(Incoming {
        status: head.status,
        headers: head.headers,
        body,
    })
}

/// Removes the oldest recordings until the folder holds at most `bytes_max`.
fn trim(folder: &Path, bytes_max: u64) -> io::Result<()> {
    let mut sized = Vec::new();
    for path in recordings(folder)? {
        let len = fs::metadata(&path)?.len();
        sized.push((path, len));
    }
    let mut total: u64 = sized.iter().map(|(_, len)| len).sum();
    for (path, len) in sized {
        if total <= bytes_max {
            break;
        }
        fs::remove_file(path)?;
        total -= len;
    }
    Ok(())
}

/// The folder's recordings, oldest first.
fn recordings(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "zst") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn key(url: &str) -> String {
    hex(&Sha256::digest(url.as_bytes())[..8])
}
