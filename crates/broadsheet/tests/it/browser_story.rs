//! Two people live through the site in real browsers: they sign up, confirm by the mailed link, vote, comment, answer,
//! save and follow, get the digest, end it with one click, take everything away and leave. On both engines.

use std::net::TcpListener;

use domain::address::MailAddress;
use serde_json::{Value, json};
use store::Store;
use store::testing::TestStore;

use crate::mail::{configure, outbox, parse, read, todays_papers};
use crate::program::{Home, Server, http_client};
use crate::window::Browser;

const PASSWORD: &str = "correct horse battery";
const PAPER: &str = "/papers/2611.00001";

/// A server where people sign in, with today's papers and mail that goes into a folder.
struct Site {
    home: Home,
    server: Server,
    database: Option<String>,
}

impl Site {
    fn open(database: Option<String>) -> Self {
        let home = Home::new();
        std::fs::create_dir_all(home.data()).unwrap();
        // The links in mails must lead back here, so the port is chosen first.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let settings = format!(
            "base_url = \"http://127.0.0.1:{port}\"\ntitle = \"Papers\"\ntime_zone = \"UTC\"\n\
             [sources]\narxiv = []\ndaily_papers = false\n\
             [accounts]\nmode = \"sign-in\"\n\
             [mail]\ntransport = \"folder\"\nfolder = \"{}\"\nfrom = \"Papers <papers@example.org>\"\n",
            home.path("outbox").display()
        );
        configure(&home, &settings);
        let site = |home: Home, server| Site {
            home,
            server,
            database: database.clone(),
        };
        let run = |args: &[&str]| {
            let mut command = home.command(args);
            if let Some(database) = &database {
                command.env("BROADSHEET_DATABASE", database);
            }
            command
        };
        let file = home.file("today.jsonl", todays_papers(12));
        let imported = run(&["import", &file]).output().unwrap();
        assert!(
            imported.status.success(),
            "{}",
            String::from_utf8_lossy(&imported.stderr)
        );
        let server = home.start(run(&["serve", "--listen", &format!("127.0.0.1:{port}")]));
        site(home, server)
    }

    /// Runs a command of the program beside the server.
    fn run(&self, args: &[&str]) {
        let mut command = self.home.command(args);
        if let Some(database) = &self.database {
            command.env("BROADSHEET_DATABASE", database);
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The database, opened beside the program.
    fn with_store(&self, work: impl AsyncFnOnce(&Store)) {
        let file = self.home.data().join("broadsheet.db").display().to_string();
        let url = self.database.clone().unwrap_or(file);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = Store::open(&url).await.unwrap();
            work(&store).await;
            store.close().await;
        });
    }

    /// Waits for a mail to an address with this in its subject; the addresses of its links.
    #[track_caller]
    fn mail(&self, to: &str, subject: &str) -> (String, Vec<String>) {
        for _ in 0..5_000 {
            for file in outbox(&self.home).iter().rev() {
                let text = read(file);
                let message = parse(&text);
                let named = message.subject().is_some_and(|s| s.contains(subject));
                let addressed = message.to().and_then(|a| a.first()?.address());
                if named && addressed == Some(to) {
                    let plain = message.body_text(0).unwrap().into_owned();
                    let words = plain.split_whitespace();
                    let links = words.filter(|word| word.starts_with(&self.server.url));
                    return (text.clone(), links.map(str::to_string).collect());
                }
            }
            // The server writes it meanwhile.
            self.server.page("/healthz");
        }
        panic!("no mail to {to} about {subject}");
    }
}

impl Browser {
    /// Fills a form in and presses its button, by the button's words.
    #[track_caller]
    fn fill(&self, fields: &[(&str, &str)], button: &str) {
        let script = format!(
            "const fields = {}; const words = {};
             const buttons = [...document.querySelectorAll('main button')];
             const button = buttons.find(b => b.textContent.trim().startsWith(words));
             if (!button) return 'there is no button ' + words + ' in ' + document.querySelector('main').innerText;
             for (const [name, value] of fields) {{
               const field = button.form.elements.namedItem(name);
               if (!field) return 'there is no field ' + name;
               field.value = value;
             }}
             window.stays = true;
             button.click();
             return null;",
            json!(fields),
            json!(button)
        );
        assert_eq!(self.script(&script), Value::Null);
    }

    /// Waits until the page has these words.
    #[track_caller]
    fn reads(&self, words: &str) {
        let script = format!(
            "return document.readyState === 'complete' && document.body.innerText.includes({});",
            json!(words)
        );
        self.until(&script, words);
    }

    /// Follows the link of a mail and presses the one button behind it.
    #[track_caller]
    fn follow_mail(&self, site: &Site, (to, subject): (&str, &str), part: &str, button: &str) {
        let (_, links) = site.mail(to, subject);
        let link = links.iter().find(|link| link.contains(part)).unwrap();
        self.go(link);
        self.reads(button);
        self.fill(&[], button);
    }
}

/// Signs somebody up, from the empty form to the confirmed address.
fn sign_up(site: &Site, name: &str) -> Browser {
    let browser = Browser::open();
    let address = format!("{name}@example.org");
    browser.go(&format!("{}/sign-up", site.server.url));
    let fields = [
        ("name", name),
        ("address", &address),
        ("password", PASSWORD),
    ];
    browser.fill(&fields, "Sign up");
    browser.reads("A mail is on its way");
    let mail = (address.as_str(), "Your account at");
    browser.follow_mail(site, mail, "/sign-up/", "Make the account");
    browser.reads("Sign out");
    browser
}

fn live(site: &Site) {
    let (jane, john) = (sign_up(site, "jane"), sign_up(site, "john"));
    vote(site, &jane, &john);
    comment(site, &jane, &john);
    save_and_follow(site, &jane);
    let digest = get_the_digest(site, &jane);
    end_it_by_one_click(site, &digest);
    leave(site, &jane, &john);
}

/// Votes are counted at once, without another page, and for both.
fn vote(site: &Site, jane: &Browser, john: &Browser) {
    let url = &site.server.url;
    for (browser, votes) in [(jane, "1"), (john, "2")] {
        browser.go(&format!("{url}{PAPER}"));
        browser.fill(&[], "▲");
        let pressed = format!(
            "const b = document.querySelector('form.marks button'); \
             return b.getAttribute('aria-pressed') === 'true' && b.querySelector('span').textContent === '{votes}';"
        );
        browser.until(&pressed, "the vote");
        assert_eq!(
            browser.script("return window.stays"),
            true,
            "without another page"
        );
    }
}

/// One comments, the other answers, and the first hears of it.
fn comment(site: &Site, jane: &Browser, john: &Browser) {
    let url = &site.server.url;
    jane.fill(
        &[("body", "Does it hold for $n > 2$? *Perhaps.*")],
        "Comment",
    );
    jane.reads("Perhaps.");
    assert_eq!(
        jane.script("return document.querySelectorAll('.comment em, .comment math').length"),
        2
    );
    john.go(&format!("{url}/comments/1"));
    john.fill(&[("body", "It does.")], "Answer");
    john.reads("It does.");
    jane.go(&format!("{url}/notifications"));
    jane.reads("john");
    jane.picture("story-notifications");
}

/// Saved and followed.
fn save_and_follow(site: &Site, jane: &Browser) {
    let url = &site.server.url;
    jane.go(&format!("{url}{PAPER}"));
    jane.fill(&[], "Save");
    jane.until(
        "return document.querySelector('form.marks [formaction=\"/save\"]').getAttribute('aria-pressed') === 'true';",
        "the save",
    );
    jane.go(&format!("{url}/saved"));
    jane.reads("Paper 1 on");
    jane.go(&format!("{url}/categories/cs.CL"));
    jane.fill(&[], "Follow");
    jane.reads("Following");
    jane.go(&format!("{url}/following"));
    jane.reads("cs.CL");
    jane.picture("story-following");
}

/// The digest of what she follows.
fn get_the_digest(site: &Site, jane: &Browser) -> String {
    let url = &site.server.url;
    jane.go(&format!("{url}/subscribe"));
    jane.script("document.querySelector('[name=scope][value=follows]').click()");
    jane.fill(&[], "Subscribe");
    jane.reads("mail");
    let question = ("jane@example.org", "Do you want mail");
    jane.follow_mail(site, question, "/mail/confirm/", "Yes");
    jane.reads("What you follow");
    due_now(site);
    site.run(&["digest"]);
    let (digest, _) = site.mail("jane@example.org", "Paper");
    let message = parse(&digest);
    let text = message.body_text(0).unwrap();
    assert!(
        text.contains("Paper 2 on") && !text.contains("Paper 1 on"),
        "{text}"
    );
    digest
}

/// One click of the mail program ends it, with no page and nobody signed in.
fn end_it_by_one_click(site: &Site, digest: &str) {
    let message = parse(digest);
    let link = message.header_raw("List-Unsubscribe").unwrap();
    let link = link
        .split('<')
        .find(|part| part.starts_with("http"))
        .unwrap();
    let link = link
        .split('>')
        .next()
        .unwrap()
        .replace(['\r', '\n', ' ', '\t'], "");
    assert_eq!(one_click(&link), 200);
    site.with_store(async |store| {
        let address = MailAddress::parse("jane@example.org").unwrap();
        let reader = store.subscriber_at(&address).await.unwrap().unwrap();
        assert!(reader.subscriptions.is_empty(), "{reader:?}");
    });
}

/// Everything is taken away, and she leaves; what was answered stays without her.
fn leave(site: &Site, jane: &Browser, john: &Browser) {
    let url = &site.server.url;
    jane.go(&format!("{url}/account"));
    let export = jane.script(
        "const request = new XMLHttpRequest(); request.open('GET', '/account/export.jsonl', false); \
         request.send(); return request.responseText;",
    );
    for kept in [
        "\"vote\"",
        "\"save\"",
        "\"follow\"",
        "Perhaps.",
        "jane@example.org",
    ] {
        assert!(export.as_str().unwrap().contains(kept), "{kept}: {export}");
    }
    jane.go(&format!("{url}/account/delete"));
    jane.fill(&[("name", "jane")], "Delete");
    jane.reads("are deleted");
    john.go(&format!("{url}{PAPER}"));
    john.reads("It does.");
    assert_eq!(
        john.script("return document.body.innerText.includes('Perhaps.')"),
        false
    );
    let votes = "return document.querySelector('form.marks button span').textContent";
    assert_eq!(john.script(votes), "1", "her vote went with her");
    john.picture("story-paper");
    assert_eq!(john.complaints(), Vec::<String>::new());
}

/// Makes every running subscription's mail due.
fn due_now(site: &Site) {
    site.with_store(async |store| {
        let address = MailAddress::parse("jane@example.org").unwrap();
        let reader = store.subscriber_at(&address).await.unwrap().unwrap();
        let subscription = &reader.subscriptions[0];
        let now = jiff::Timestamp::now();
        let due = now - jiff::SignedDuration::from_mins(1);
        let since = domain::paper::utc_day(due);
        let (id, wish) = (subscription.id, &subscription.wish);
        let changed = store.change_subscription(id, reader.reader.id, wish, due, since, now);
        assert!(changed.await.unwrap());
    });
}

/// What a mail program does when its button is pressed (RFC 8058).
fn one_click(link: &str) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = http_client().no_proxy().build().unwrap();
    let request = client
        .post(link)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click");
    runtime.block_on(async { request.send().await.unwrap().status().as_u16() })
}

#[test]
#[ignore = "needs chromedriver; `.ci/run browser` starts one"]
fn two_people_live_through_it() {
    live(&Site::open(None));
}

#[test]
#[ignore = "needs chromedriver and PostgreSQL; `.ci/run browser` starts both"]
fn two_people_live_through_it_on_postgres() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(TestStore::postgres());
    let store = store.expect("BROADSHEET_TEST_POSTGRES names a server");
    live(&Site::open(Some(store.url().to_string())));
}
