//! A language model behind an OpenAI-compatible endpoint, asked one question at a time.
//!
//! The one thing used of that interface is `POST {base}/chat/completions` with `model`, `messages`, `temperature`,
//! `max_tokens` and `seed`; of the reply, `choices[0].message.content`. Most servers of open models speak it.
//!
//! The endpoint is a stranger: its replies are bounded in size and time, redirects are not followed (the key would go
//! with them), and what it says of a failure is shown without control characters.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use serde_json::{Value, json};
use ureq::http::Uri;

/// The most that is read of a reply: far more than any answer asked for here.
const REPLY_BYTES_MAX: u64 = 4 << 20;
/// The most that is sent: prompts come from files, and an endpoint would refuse more.
const REQUEST_BYTES_MAX: usize = 4 << 20;
/// How often a busy endpoint (429, 502, 503, 504) is asked before it counts as failed.
const TRIES: u32 = 4;
/// The longest wait that a busy endpoint may ask for, in seconds.
const WAIT_SECONDS_MAX: u64 = 60;
/// How much of an endpoint's own words is shown, in characters.
const SHOWN_CHARS_MAX: usize = 300;

/// Where a model is, and how to ask it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The base address, as `http://127.0.0.1:8000/v1`; with or without `/chat/completions` at its end.
    pub url: String,
    /// The model's name, as the endpoint knows it.
    pub model: String,
    /// Sent as `Authorization: Bearer KEY`.
    pub key: Option<String>,
    /// How long one request may take, from connecting to the last byte.
    pub timeout: Duration,
}

/// An endpoint, ready to be asked; many threads may share it.
pub struct Endpoint {
    agent: ureq::Agent,
    address: Uri,
    model: String,
    authorization: Option<String>,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Who speaks: `system`, `user` or `assistant`.
    pub role: &'static str,
    /// What is said.
    pub content: String,
}

impl Message {
    /// What the model is told about its task.
    pub fn system(content: impl Into<String>) -> Message {
        Message {
            role: "system",
            content: content.into(),
        }
    }

    /// What the model is asked.
    pub fn user(content: impl Into<String>) -> Message {
        Message {
            role: "user",
            content: content.into(),
        }
    }
}

/// How an answer is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 for the likeliest answer.
    pub temperature: f64,
    /// The most tokens an answer may have.
    pub tokens_max: u32,
    /// For endpoints that can repeat an answer.
    pub seed: Option<u64>,
}

impl Sampling {
    /// The likeliest answer, of at most so many tokens.
    pub fn likeliest(tokens_max: u32) -> Sampling {
        Sampling {
            temperature: 0.0,
            tokens_max,
            seed: None,
        }
    }
}

impl Endpoint {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When the address is no `http` or `https` address, or the key cannot be sent in a header.
    pub fn new(settings: Settings) -> Result<Endpoint> {
        let Settings {
            url,
            model,
            key,
            timeout,
        } = settings;
        let address = address(&url)?;
        let authorization = key.map(|key| format!("Bearer {key}"));
        if let Some(text) = &authorization {
            ensure!(
                text.bytes().all(|b| (0x20..0x7f).contains(&b)),
                "the endpoint's key has characters that no header can carry"
            );
        }
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("broadsheet-lab/", env!("CARGO_PKG_VERSION")));
        // A proxy is for what lies outside; this machine's own servers are asked directly.
        if is_loopback(&address) {
            config = config.proxy(None);
        }
        Ok(Endpoint {
            agent: config.build().new_agent(),
            address,
            model,
            authorization,
        })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Asks, and gives the answer's text. A busy endpoint is asked again a few times, after as long as it says.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, refuses, takes too long or answers with something else than text.
    pub fn answer(&self, messages: &[Message], sampling: Sampling) -> Result<String> {
        let body = self.request(messages, sampling)?;
        let mut tried = 1;
        loop {
            let reply = self
                .post(&body)
                .with_context(|| format!("asking {} at {}", self.model, self.address))?;
            match reply.status {
                200 => {
                    return text(&reply.body)
                        .with_context(|| format!("reading the answer of {}", self.address));
                }
                429 | 502..=504 if tried < TRIES => {
                    let wait = reply.retry_after.unwrap_or(1 << (tried - 1));
                    std::thread::sleep(Duration::from_secs(wait.min(WAIT_SECONDS_MAX)));
                    tried += 1;
                }
                status => bail!(
                    "{} answered with status {status}: {}{}",
                    self.address,
                    refusal(&reply.body),
                    hint(status)
                ),
            }
        }
    }

    fn request(&self, messages: &[Message], sampling: Sampling) -> Result<Vec<u8>> {
        let mut request = json!({
            "model": self.model,
            "messages": messages,
            "temperature": sampling.temperature,
            "max_tokens": sampling.tokens_max,
        });
        if let Some(seed) = sampling.seed {
            request["seed"] = seed.into();
        }
        let body = serde_json::to_vec(&request)?;
        ensure!(
            body.len() <= REQUEST_BYTES_MAX,
            "a question of {} bytes is more than the {REQUEST_BYTES_MAX} that are sent",
            body.len()
        );
        Ok(body)
    }

    fn post(&self, body: &[u8]) -> Result<Reply> {
        let mut request = self
            .agent
            .post(&self.address)
            .header("content-type", "application/json")
            .header("accept", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut response = request.send(body)?;
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(Reply {
            status: response.status().as_u16(),
            retry_after,
            body: response
                .body_mut()
                .with_config()
                .limit(REPLY_BYTES_MAX)
                .read_to_vec()?,
        })
    }
}

struct Reply {
    status: u16,
    // Seconds; a date is read as none.
    retry_after: Option<u64>,
    body: Vec<u8>,
}

/// The address that questions go to.
fn address(url: &str) -> Result<Uri> {
    let base = url.trim().trim_end_matches('/');
    let full = if base.ends_with("/chat/completions") {
        base.to_owned()
    } else {
        format!("{base}/chat/completions")
    };
    let uri: Uri = full
        .parse()
        .with_context(|| format!("`{url}` is no address of an endpoint"))?;
    ensure!(
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some(),
        "`{url}` is no address of an endpoint: one looks like http://127.0.0.1:8000/v1"
    );
    Ok(uri)
}

fn is_loopback(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// The text of a reply's first choice.
fn text(body: &[u8]) -> Result<String> {
    let reply: Value = serde_json::from_slice(body).context("it is no JSON")?;
    match &reply["choices"][0]["message"]["content"] {
        Value::String(text) => Ok(text.clone()),
        _ => bail!("it has no text at choices[0].message.content"),
    }
}

/// What an endpoint says of a failure, fit to be shown on a terminal.
fn refusal(body: &[u8]) -> String {
    let reply: Option<Value> = serde_json::from_slice(body).ok();
    let said = reply
        .as_ref()
        .and_then(|reply| {
            let error = reply.get("error")?;
            error.get("message").unwrap_or(error).as_str()
        })
        .map_or_else(|| String::from_utf8_lossy(body), Into::into);
    said.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN_CHARS_MAX)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The usual reason of a status, and the way out.
fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => " (is the right key in the environment variable that --key-env names?)",
        404 => " (does the address end in the version, as in /v1, and does it serve this model?)",
        300..=399 => " (redirects are not followed: give the address it points to)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed_or_refused() {
        let check = |url: &str, full: &str| assert_eq!(address(url).unwrap().to_string(), full);
        let full = "http://127.0.0.1:8000/v1/chat/completions";
        check("http://127.0.0.1:8000/v1", full);
        check("http://127.0.0.1:8000/v1/", full);
        check(full, full);
        for wrong in ["", "127.0.0.1:8000/v1", "ftp://a/v1", "http://", "a b"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn this_machine_is_known() {
        let check = |url: &str, local| assert_eq!(is_loopback(&address(url).unwrap()), local);
        check("http://127.0.0.1:1/v1", true);
        check("http://[::1]:1/v1", true);
        check("http://localhost/v1", true);
        check("https://example.org/v1", false);
        check("https://127.example.org/v1", false);
    }

    #[test]
    fn only_a_text_is_an_answer() {
        let answer = br#"{"choices":[{"message":{"role":"assistant","content":"B"}}]}"#;
        assert_eq!(text(answer).unwrap(), "B");
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"choices":[]}"#,
            r#"{"choices":[{"message":{"content":null}}]}"#,
        ] {
            assert!(text(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_is_short_and_harmless() {
        let check = |body: &[u8], shown: &str| assert_eq!(refusal(body), shown);
        check(br#"{"error":{"message":"no such model"}}"#, "no such model");
        check(br#"{"error":"busy"}"#, "busy");
        check(b"<h1>\x1b[31mBad\n", "<h1> [31mBad");
        assert_eq!(refusal(&vec![b'a'; 10_000]).len(), SHOWN_CHARS_MAX);
    }
}
