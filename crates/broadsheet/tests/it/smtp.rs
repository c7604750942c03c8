//! A mail server on loopback, written for tests: it takes what it is given, remembers it, refuses what it is told to
//! refuse, and can kill who talks to it at any step of the conversation.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

/// A message that the server has taken: from here on it is the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    /// The envelope's sender.
    pub(crate) from: String,
    /// The envelope's recipient.
    pub(crate) to: String,
    /// The text as it was sent, without the doubled dots.
    pub(crate) text: String,
}

impl Received {
    /// The value of a header, of several lines joined.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let start = format!("{}: ", name.to_lowercase());
        let line = head.lines().find(|l| l.to_lowercase().starts_with(&start));
        line.map_or(String::new(), |l| l[start.len()..].to_string())
    }
}

/// A step of the conversation, named for what has just come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// `MAIL FROM`, not answered yet.
    Mail,
    /// `RCPT TO`, not answered yet.
    Rcpt,
    /// `DATA`, not answered yet.
    Data,
    /// The whole text; the server has taken it and not yet said so.
    Text,
    /// The server has said that it has taken the text.
    Answered,
}

impl Step {
    pub(crate) const ALL: [Step; 5] = [
        Step::Mail,
        Step::Rcpt,
        Step::Data,
        Step::Text,
        Step::Answered,
    ];
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    /// Every line that was not part of a text.
    commands: Vec<String>,
    connections: u32,
    /// What is answered to `RCPT TO` of an address.
    refusals: HashMap<String, String>,
    /// What is answered to the text for an address.
    verdicts: HashMap<String, String>,
    /// At the so-manieth time of this step, this process is killed.
    trap: Option<(Step, u32, u32)>,
    /// Offered after `EHLO`.
    extensions: Vec<String>,
}

/// Addresses about which the server thinks until it is told to go on.
#[derive(Debug, Default)]
struct Held {
    addresses: Mutex<HashSet<String>>,
    changed: Condvar,
    /// How many conversations wait.
    waiting: Mutex<usize>,
}

/// The server; stopped when dropped.
#[derive(Debug)]
pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    held: Arc<Held>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SmtpServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let stopping = Arc::new(AtomicBool::new(false));
        let held = Arc::new(Held::default());
        let (shared, end) = (Arc::clone(&state), Arc::clone(&stopping));
        let shared_held = Arc::clone(&held);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let (state, held) = (Arc::clone(&shared), Arc::clone(&shared_held));
                // A connection that breaks off ends its own thread and nothing else.
                std::thread::spawn(move || stream.map(|stream| converse(stream, &state, &held)));
            }
        });
        SmtpServer {
            address,
            state,
            held,
            stopping,
            thread: Some(thread),
        }
    }

    /// Settings of a program that sends through this server.
    pub(crate) fn settings(&self, more: &str) -> String {
        format!(
            "base_url = \"https://papers.example.org\"\ntitle = \"Papers\"\n\n[sources]\narxiv = []\ndaily_papers = false\n\n\
             [mail]\ntransport = \"smtp\"\nfrom = \"Papers <papers@example.org>\"\nbounce_to = \"bounces@example.org\"\n\n\
             [mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nconnections = 2\n{more}\n",
            self.address.port()
        )
    }

    /// Everything taken so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    pub(crate) fn forget(&self) {
        self.state.lock().unwrap().received.clear();
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.lock().unwrap().commands.clone()
    }

    pub(crate) fn connections(&self) -> u32 {
        self.state.lock().unwrap().connections
    }

    /// From now on nothing is taken for an address, with this answer; an empty one takes it again.
    pub(crate) fn refuse(&self, address: &str, answer: &str) {
        let refusals = &mut self.state.lock().unwrap().refusals;
        match answer {
            "" => refusals.remove(address),
            answer => refusals.insert(address.to_string(), answer.to_string()),
        };
    }

    /// From now on texts for an address get this answer, and are not taken.
    pub(crate) fn refuse_text(&self, address: &str, answer: &str) {
        let verdicts = &mut self.state.lock().unwrap().verdicts;
        verdicts.insert(address.to_string(), answer.to_string());
    }

    /// From now on the server thinks about an address until [`release`](SmtpServer::release).
    pub(crate) fn hold(&self, address: &str) {
        let mut held = self.held.addresses.lock().unwrap();
        held.insert(address.to_string());
    }

    /// How many conversations wait for being let go on.
    pub(crate) fn waiting(&self) -> usize {
        *self.held.waiting.lock().unwrap()
    }

    /// Lets everything go on.
    pub(crate) fn release(&self) {
        self.held.addresses.lock().unwrap().clear();
        self.held.changed.notify_all();
    }

    /// Kills a process at the so-manieth time that a step is reached, counted from 1.
    pub(crate) fn kill_at(&self, step: Step, time: u32, process: u32) {
        self.state.lock().unwrap().trap = Some((step, time, process));
    }

    /// What the server offers beside the least.
    pub(crate) fn offer(&self, extensions: &[&str]) {
        self.state.lock().unwrap().extensions = extensions.iter().map(|e| e.to_string()).collect();
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.release();
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One conversation. `None` when it breaks off.
fn converse(mut stream: TcpStream, state: &Mutex<State>, held: &Held) -> Option<()> {
    state.lock().unwrap().connections += 1;
    stream.set_nodelay(true).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    say(&mut stream, "220 test server")?;
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        let line = read_line(&mut lines)?;
        state.lock().unwrap().commands.push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default();
        match word.to_ascii_uppercase().as_str() {
            "EHLO" => {
                let extensions = state.lock().unwrap().extensions.clone();
                for extension in &extensions {
                    say(&mut stream, &format!("250-{extension}"))?;
                }
                say(&mut stream, "250 8BITMIME")?;
            }
            "MAIL" => {
                reached(state, Step::Mail);
                from = path(&line);
                say(&mut stream, "250 2.1.0 ok")?;
            }
            "RCPT" => {
                reached(state, Step::Rcpt);
                to = path(&line);
                held.wait(&to);
                let refusal = state.lock().unwrap().refusals.get(&to).cloned();
                say(&mut stream, refusal.as_deref().unwrap_or("250 2.1.5 ok"))?;
            }
            "DATA" => {
                reached(state, Step::Data);
                say(&mut stream, "354 go on")?;
                let text = read_text(&mut lines)?;
                let verdict = state.lock().unwrap().verdicts.get(&to).cloned();
                if let Some(verdict) = verdict {
                    say(&mut stream, &verdict)?;
                    continue;
                }
                let received = Received {
                    from: from.clone(),
                    to: to.clone(),
                    text,
                };
                state.lock().unwrap().received.push(received);
                reached(state, Step::Text);
                say(&mut stream, "250 2.0.0 taken")?;
                reached(state, Step::Answered);
            }
            "RSET" | "NOOP" => say(&mut stream, "250 ok")?,
            "QUIT" => return say(&mut stream, "221 bye"),
            _ => say(&mut stream, "502 5.5.1 unknown")?,
        }
    }
}

impl Held {
    fn wait(&self, address: &str) {
        let held = self.addresses.lock().unwrap();
        if !held.contains(address) {
            return;
        }
        *self.waiting.lock().unwrap() += 1;
        let gone_on = self.changed.wait_while(held, |held| held.contains(address));
        drop(gone_on.unwrap());
        *self.waiting.lock().unwrap() -= 1;
    }
}

/// Springs the trap where it is set for this step.
fn reached(state: &Mutex<State>, step: Step) {
    let mut state = state.lock().unwrap();
    let Some((wanted, left, process)) = &mut state.trap else {
        return;
    };
    if *wanted != step {
        return;
    }
    *left -= 1;
    if *left == 0 {
        let process = process.to_string();
        state.trap = None;
        // Under the lock: nobody else is answered until the process is gone.
        let killed = Command::new("kill").args(["-KILL", &process]).status();
        assert!(killed.unwrap().success());
    }
}

fn say(stream: &mut TcpStream, line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).ok()
}

fn read_line(lines: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    (lines.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_string())
}

/// Up to the line with a dot alone; `None` where it never comes: then nothing was taken.
fn read_text(lines: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.as_str() {
            ".\r\n" => return Some(text),
            line => text.push_str(line.strip_prefix('.').unwrap_or(line)),
        }
    }
}

/// The address in `MAIL FROM:<a@b>`.
fn path(line: &str) -> String {
    let inner = line.split('<').nth(1).unwrap_or_default();
    inner.split('>').next().unwrap_or_default().to_string()
}
