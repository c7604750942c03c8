//! The real program, each time in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use reqwest::header::{HeaderMap, HeaderName};
use tempfile::TempDir;

/// A data folder and a place for files beside it; deleted at the end.
#[derive(Debug)]
pub(crate) struct Home {
    folder: Arc<TempDir>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; -1 where a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// The program that is tested: the one cargo built for the tests, or the released one where that is asked for.
fn program() -> PathBuf {
    std::env::var_os("BROADSHEET_TEST_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_broadsheet").into(), PathBuf::from)
}

impl Home {
    pub(crate) fn new() -> Self {
        Home {
            folder: Arc::new(TempDir::new().unwrap()),
        }
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where a file beside the data folder is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the data folder and returns its path as an argument.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_string()
    }

    /// The program with this home's data, away from the settings of whoever runs the tests.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(program());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BROADSHEET_") {
                command.env_remove(name);
            }
        }
        command
            .env_remove("COLUMNS")
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .current_dir(self.folder.path())
            .arg("--data")
            .arg(self.data())
            .args(args)
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    /// Runs it to its end with this as its standard input.
    pub(crate) fn run_reading(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        ran(child.wait_with_output().unwrap())
    }

    /// Runs it, demands success, returns what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?} failed: {}{}", ran.err, ran.out);
        ran.out
    }

    /// Runs it, demands this exit code, returns what it said on standard error.
    #[track_caller]
    pub(crate) fn fails(&self, args: &[&str], code: i32) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, code, "{args:?} said: {}{}", ran.err, ran.out);
        ran.err
    }

    /// Runs it, demands success, and reads what it printed as JSON.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// Starts the server on a free port, offline, and waits until it listens.
    pub(crate) fn serve(&self) -> Server {
        self.start(self.command(&["serve", "--offline", "--listen", "127.0.0.1:0"]))
    }

    /// Starts a server with a command of one's own.
    pub(crate) fn start(&self, command: Command) -> Server {
        Server::start(command, Arc::clone(&self.folder))
    }
}

fn ran(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running server. Dropping it ends it at once.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    /// Kept until the server is gone.
    _home: Arc<TempDir>,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body as text.
    pub(crate) body: String,
}

impl Answer {
    /// A header's value; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Server {
    /// Starts a `serve` command and waits for the line that says where it listens.
    fn start(mut command: Command, home: Arc<TempDir>) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let url = wait_for_address(&mut lines, &log);
        let (into, mut from) = (Arc::clone(&log), lines);
        // Read on to the end: a full pipe would block the server.
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while from.read_line(&mut line).unwrap_or(0) > 0 {
                into.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        });
        Server {
            child,
            url,
            log,
            reader: Some(reader),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client: http_client()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            _home: home,
        }
    }

    /// Asks for a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// Asks for a path with headers.
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(name.parse::<HeaderName>().unwrap(), *value);
        }
        self.answer(request)
    }

    /// Sends a form.
    pub(crate) fn post(&self, path: &str, form: &str) -> Answer {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.answer(request.body(form.to_string()))
    }

    fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Answer {
                status,
                headers,
                body: response.text().await.unwrap(),
            }
        })
    }

    /// Asks for a path, demands 200, returns the body.
    #[track_caller]
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Tells it to stop as a service manager does; returns its exit code and everything it logged.
    pub(crate) fn terminate(mut self) -> (i32, String) {
        let kill = Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(kill.success());
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let log = self.log.lock().unwrap().clone();
        (status.code().unwrap_or(-1), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for_address(lines: &mut BufReader<ChildStderr>, log: &Mutex<String>) -> String {
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        log.lock().unwrap().push_str(&line);
        if let Some((_, url)) = line.split_once("Serving on ") {
            return url.split_whitespace().next().unwrap().to_string();
        }
        line.clear();
    }
    panic!(
        "the server ended before it listened: {}",
        log.lock().unwrap()
    );
}

/// Gzips bytes.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    packed
}

/// Demands that two texts are equal; says where they first differ, for whole exports are too long to read.
#[track_caller]
pub(crate) fn same(got: &str, expected: &str) {
    for (n, (got, expected)) in got.lines().zip(expected.lines()).enumerate() {
        assert_eq!(got, expected, "line {}", n + 1);
    }
    assert_eq!(got.lines().count(), expected.lines().count());
}

/// A client that calls the server under test only; TLS needs a provider named even where nothing is encrypted.
pub(crate) fn http_client() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}
