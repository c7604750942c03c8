//! One window of a real browser.
//!
//! Drives chromedriver over its own protocol with the HTTP client that is here anyway: half of what is asked (media
//! features, device width, the browser's log) no WebDriver library has words for.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::http_client;

/// One window of the browser.
pub(crate) struct Browser {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window through the chromedriver that `BROADSHEET_TEST_CHROMEDRIVER` names.
    pub(crate) fn open() -> Self {
        let driver = std::env::var("BROADSHEET_TEST_CHROMEDRIVER")
            .expect("BROADSHEET_TEST_CHROMEDRIVER names a running chromedriver, such as http://127.0.0.1:9515");
        let profile = tempfile::TempDir::new().unwrap();
        let profile_arg = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile_arg,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let mut browser = Browser {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client: http_client().no_proxy().build().unwrap(),
            session: driver.trim_end_matches('/').to_string(),
            _profile: profile,
        };
        let opened = browser.post("session", &wanted);
        browser.session = format!(
            "{}/session/{}",
            browser.session,
            opened["sessionId"].as_str().unwrap()
        );
        browser
    }

    /// Sends one command and returns its value.
    fn post(&self, command: &str, parameters: &Value) -> Value {
        let request = self
            .client
            .post(format!("{}/{command}", self.session))
            .header("content-type", "application/json")
            .body(parameters.to_string());
        let body = self
            .runtime
            .block_on(async { request.send().await?.text().await })
            .unwrap();
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert!(
            answer["value"]["error"].is_null(),
            "{command}: {}",
            answer["value"]
        );
        answer["value"].clone()
    }

    /// Sends a command of Chromium's own protocol.
    fn chromium(&self, command: &str, parameters: &Value) -> Value {
        self.post(
            "goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    pub(crate) fn go(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    /// The value of a script's `return`.
    pub(crate) fn script(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Asks a script until it says true.
    #[track_caller]
    pub(crate) fn until(&self, script: &str, what: &str) {
        for _ in 0..50_000 {
            if self.script(script) == true {
                return;
            }
        }
        let words = "return document.querySelector('main').innerText.slice(0, 500)";
        panic!("{what} never came: {}", self.script(words));
    }

    pub(crate) fn look(&self, width: u32, scheme: &str) {
        let device =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.chromium("Emulation.setDeviceMetricsOverride", &device);
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.chromium("Emulation.setEmulatedMedia", &media);
    }

    pub(crate) fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.chromium(
                "Input.dispatchKeyEvent",
                &json!({ "type": kind, "key": key, "text": key }),
            );
        }
    }

    /// Warnings and errors since the last call; a page that does not exist is no error of ours.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().unwrap().iter();
        let serious = entries.filter(|e| matches!(e["level"].as_str(), Some("SEVERE" | "WARNING")));
        let messages = serious.map(|e| e["message"].as_str().unwrap().to_string());
        messages
            .filter(|message| !message.contains("the server responded with a status of 404"))
            .collect()
    }

    /// Writes a picture of the page's upper part, if `BROADSHEET_TEST_SCREENSHOTS` names a folder for them.
    pub(crate) fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("BROADSHEET_TEST_SCREENSHOTS").map(PathBuf::from)
        else {
            return;
        };
        let size = self.script(
            "const page = document.documentElement; return [page.scrollWidth, Math.min(page.scrollHeight, 1600)];",
        );
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        let shot = self.chromium(
            "Page.captureScreenshot",
            &json!({ "captureBeyondViewport": true, "format": "png", "clip": clip }),
        );
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join(format!("{name}.png")),
            from_base64(shot["data"].as_str().unwrap()),
        )
        .unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let request = self.client.delete(&self.session);
        let _ = self.runtime.block_on(request.send());
    }
}

/// Decodes standard base64, as chromedriver sends pictures.
fn from_base64(text: &str) -> Vec<u8> {
    let sextet = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<_> = text.bytes().filter(|c| *c != b'=').map(sextet).collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let bits = group.iter().enumerate().fold(0u32, |bits, (n, digit)| {
            bits | u32::from(*digit) << (18 - 6 * n)
        });
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}
