//! A model's endpoint on this machine: answers each question as the test says, and keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What is answered to a question.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Further header lines, as `retry-after: 0`.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Reply {
    /// An answer's text, as the interface wraps it.
    pub(crate) fn text(text: &str) -> Reply {
        Reply {
            status: 200,
            headers: Vec::new(),
            body: json!({ "choices": [{ "message": { "role": "assistant", "content": text } }] })
                .to_string(),
        }
    }

    /// A refusal.
    pub(crate) fn status(status: u16, body: &str) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }
}

/// A question as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// The header lines, names in lower case.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Value,
}

/// The server; its threads end with the test's process.
pub(crate) struct ModelServer {
    /// The base address, ending in `/v1`.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ModelServer {
    /// Serves, answering each question by `answer`, which is also told how many came before it.
    pub(crate) fn start(
        answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    ) -> ModelServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream, &kept, &*answer));
            }
        });
        ModelServer { url, asked }
    }

    /// Everything that was asked until now, in the order that it came in.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// One question a connection.
fn serve(stream: &TcpStream, kept: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked, usize) -> Reply) {
    let Some(asked) = read(stream) else { return };
    let before = {
        let mut kept = kept.lock().unwrap();
        kept.push(asked.clone());
        kept.len() - 1
    };
    let reply = answer(&asked, before);
    let mut head = format!(
        "HTTP/1.1 {} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
        reply.status,
        reply.body.len()
    );
    for line in &reply.headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    // The other side may have hung up: then it does not read this either.
    let mut stream = stream;
    let _ = write!(stream, "{head}\r\n{}", reply.body);
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<String> = lines[1..]
        .iter()
        .map(|line| match line.split_once(':') {
            Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
            None => line.clone(),
        })
        .collect();
    let length = headers
        .iter()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        path,
        headers,
        body: serde_json::from_slice(&body).ok()?,
    })
}
