//! Configuration: what may be written, and what it comes to. A TOML file, then `BROADSHEET_...` variables.
//!
//! Unknown keys are errors: a misspelt setting must not be ignored in silence. Libraries get values from here and
//! read neither files nor the environment themselves.

mod accounts;
pub(crate) mod mail;
mod readers;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub(crate) use accounts::{Accounts, Mode, OpenId, SignUp};
pub(crate) use readers::{Submissions, Webhooks};

/// What may be written. Every key has a default; `broadsheet config check` prints them all.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Written {
    /// Address to listen on.
    pub(crate) listen: SocketAddr,
    /// `postgres://...`; empty for the SQLite file in the data folder.
    pub(crate) database: String,
    /// Name on the masthead.
    pub(crate) title: String,
    /// Address under which readers reach the site, such as `https://papers.example.org`.
    pub(crate) base_url: String,
    /// Mail address or page of whoever runs this; sent to the sources with every call, as they ask.
    pub(crate) contact: String,
    /// Time zone that decides what "today" is.
    pub(crate) time_zone: String,
    /// The header in which a proxy in front names its client, for bounds on tries; empty for none.
    pub(crate) client_header: String,
    /// What is fetched.
    pub(crate) sources: Sources,
    /// Whether and how mail is sent.
    pub(crate) mail: mail::Mail,
    /// Papers that run.
    pub(crate) lab: Lab,
    /// Accounts.
    pub(crate) accounts: Accounts,
    /// Papers that readers submit.
    pub(crate) submissions: Submissions,
    /// Addresses that are told of new papers.
    pub(crate) webhooks: Webhooks,
}

/// Papers that run: whether, and what a run may take.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Lab {
    /// Whether readers may run papers' methods here.
    pub(crate) enabled: bool,
    /// The program `broadsheet-lab`; empty for the one beside this program.
    pub(crate) program: PathBuf,
    /// Longest that a run may take, in seconds.
    pub(crate) seconds: u32,
    /// Most address space that a run may take, in MiB.
    pub(crate) memory_mb: u32,
    /// Most runs that may wait.
    pub(crate) waiting: u32,
}

/// What is fetched, and how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sources {
    /// Minutes between rounds of fetching; each host's own limits hold besides.
    pub(crate) every_minutes: u32,
    /// arXiv categories whose announcements are taken in.
    pub(crate) arxiv: Vec<String>,
    /// The Daily Papers page: up-votes, code links, comments.
    pub(crate) daily_papers: bool,
    /// `biorxiv`, `medrxiv`.
    pub(crate) biorxiv: Vec<String>,
    /// Addresses of any RSS, Atom or JSON feeds.
    pub(crate) feeds: Vec<String>,
    /// Repositories of papers' code whose stars are read in a round; 0 for none.
    pub(crate) stars_a_round: u32,
    /// Days that a first run or a repair looks back.
    pub(crate) look_back_days: u32,
    /// Folder in which every answer is recorded; empty for none.
    pub(crate) record: PathBuf,
    /// Where the sources are, for mirrors and tests.
    pub(crate) endpoints: Endpoints,
}

/// Base addresses. Empty means the source's own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Endpoints {
    /// arXiv's query API.
    pub(crate) arxiv_api: String,
    /// arXiv's OAI-PMH.
    pub(crate) arxiv_oai: String,
    /// arXiv's announcement feeds.
    pub(crate) arxiv_rss: String,
    /// arXiv's listing pages.
    pub(crate) arxiv_list: String,
    /// The Daily Papers site.
    pub(crate) daily_papers: String,
    /// bioRxiv's and medRxiv's API.
    pub(crate) biorxiv: String,
    /// The code host's API.
    pub(crate) code_host: String,
}

impl Default for Written {
    fn default() -> Self {
        Written {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database: String::new(),
            title: "Broadsheet".to_string(),
            base_url: String::new(),
            contact: String::new(),
            time_zone: "UTC".to_string(),
            client_header: String::new(),
            sources: Sources::default(),
            mail: mail::Mail::default(),
            lab: Lab::default(),
            accounts: Accounts::default(),
            submissions: Submissions::default(),
            webhooks: Webhooks::default(),
        }
    }
}

impl Default for Lab {
    fn default() -> Self {
        Lab {
            enabled: true,
            program: PathBuf::new(),
            seconds: 600,
            memory_mb: 4096,
            waiting: 20,
        }
    }
}

impl Default for Sources {
    fn default() -> Self {
        let categories = ["cs.AI", "cs.CL", "cs.CV", "cs.IR", "cs.LG", "stat.ML"];
        Sources {
            every_minutes: 60,
            arxiv: categories.map(String::from).to_vec(),
            daily_papers: true,
            biorxiv: Vec::new(),
            feeds: Vec::new(),
            stars_a_round: 0,
            look_back_days: 3,
            record: PathBuf::new(),
            endpoints: Endpoints::default(),
        }
    }
}

/// What the writing comes to.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Folder of database and index; exists.
    pub(crate) data: PathBuf,
    /// The settings.
    pub(crate) written: Written,
    /// The zone of `time_zone`.
    pub(crate) time_zone: TimeZone,
    /// The file that was read, if any.
    pub(crate) file: Option<PathBuf>,
}

impl Config {
    /// Reads file and environment, checks every value, makes the data folder.
    pub(crate) fn load(file: Option<&Path>, data: Option<&Path>) -> Result<Self> {
        let data = data.map(Path::to_path_buf).map_or_else(default_data, Ok)?;
        let file = match file {
            Some(file) if !file.is_file() => {
                bail!("there is no configuration file {}", file.display())
            }
            Some(file) => Some(file.to_path_buf()),
            None => Some(data.join("broadsheet.toml")).filter(|f| f.is_file()),
        };
        let mut figment = Figment::from(Serialized::defaults(Written::default()));
        if let Some(file) = &file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let environment = Env::prefixed("BROADSHEET_")
            .ignore(&["data", "config", "log"])
            .split("__");
        let written: Written = figment
            .merge(environment)
            .extract()
            .context("the configuration cannot be used")?;
        let time_zone = TimeZone::get(&written.time_zone).with_context(|| {
            format!(
                "time_zone `{}` is not known; try Europe/Berlin",
                written.time_zone
            )
        })?;
        let config = Config {
            data,
            written,
            time_zone,
            file,
        };
        config.check()?;
        std::fs::create_dir_all(&config.data)
            .with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let written = &self.written;
        let urls = [("base_url", &written.base_url)]
            .into_iter()
            .chain(written.sources.endpoints.named());
        for (key, url) in urls {
            if !url.is_empty() && domain::paper::clean_url(url).is_none() {
                bail!("{key} `{url}` is not an http or https address");
            }
        }
        for feed in &written.sources.feeds {
            if domain::paper::clean_url(feed).is_none() {
                bail!("sources.feeds: `{feed}` is not an http or https address");
            }
        }
        for category in &written.sources.arxiv {
            if domain::paper::category(category).is_none() {
                bail!("sources.arxiv: `{category}` is not a category such as cs.CL");
            }
        }
        for server in &written.sources.biorxiv {
            if !matches!(server.as_str(), "biorxiv" | "medrxiv") {
                bail!("sources.biorxiv: `{server}` is neither biorxiv nor medrxiv");
            }
        }
        if written.sources.every_minutes < 10 {
            bail!(
                "sources.every_minutes is {}; the least is 10",
                written.sources.every_minutes
            );
        }
        written.mail.check(&written.base_url)?;
        if !written.lab.program.as_os_str().is_empty() && !written.lab.program.is_file() {
            bail!(
                "lab.program: there is no file {}",
                written.lab.program.display()
            );
        }
        if written.lab.memory_mb < 256 {
            bail!(
                "lab.memory_mb is {}; the least is 256",
                written.lab.memory_mb
            );
        }
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !written.client_header.bytes().all(named) {
            bail!(
                "client_header: `{}` is not the name of a header",
                written.client_header
            );
        }
        written.accounts.check()?;
        if written.contact.chars().any(char::is_control) {
            bail!("contact holds a control character");
        }
        Ok(())
    }

    /// Where the database is: PostgreSQL's address, or the file.
    pub(crate) fn database_url(&self) -> String {
        if self.written.database.is_empty() {
            format!("sqlite:{}", self.database_file().display())
        } else {
            self.written.database.clone()
        }
    }

    /// The SQLite file.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.data.join("broadsheet.db")
    }

    /// Whether the database is the SQLite file.
    pub(crate) fn uses_file(&self) -> bool {
        self.written.database.is_empty()
    }

    /// The folder of the derived index.
    pub(crate) fn index_folder(&self) -> PathBuf {
        self.data.join("index")
    }
}

impl Endpoints {
    fn named(&self) -> [(&'static str, &String); 7] {
        [
            ("sources.endpoints.arxiv_api", &self.arxiv_api),
            ("sources.endpoints.arxiv_oai", &self.arxiv_oai),
            ("sources.endpoints.arxiv_rss", &self.arxiv_rss),
            ("sources.endpoints.arxiv_list", &self.arxiv_list),
            ("sources.endpoints.daily_papers", &self.daily_papers),
            ("sources.endpoints.biorxiv", &self.biorxiv),
            ("sources.endpoints.code_host", &self.code_host),
        ]
    }
}

fn default_data() -> Result<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "broadsheet")
        .context("this system has no home folder to keep data in; say --data DIR")?;
    Ok(dirs.data_dir().to_path_buf())
}

/// An address with its password hidden, for messages.
pub(crate) fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}:***{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_string(),
    }
}
