//! `broadsheet fetch` against a server that plays arXiv: what comes in, what the ledger says, and that the manners
//! outlive the process.

use tokio::task::block_in_place;
use wiremock::matchers::{header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::program::Home;

/// A home whose one source is the category cs.CL of a made-up arXiv.
async fn home_of(server: &MockServer) -> Home {
    let home = Home::new();
    let url = server.uri();
    let config = format!(
        "contact = \"tests@example.org\"\n\
         [sources]\narxiv = [\"cs.CL\"]\ndaily_papers = false\nlook_back_days = 0\n\
         [sources.endpoints]\narxiv_api = \"{url}\"\narxiv_rss = \"{url}\"\narxiv_list = \"{url}\"\n"
    );
    std::fs::create_dir(home.data()).unwrap();
    std::fs::write(home.data().join("broadsheet.toml"), config).unwrap();
    home
}

async fn serve(server: &MockServer, at: &str, body: String) {
    let answer = ResponseTemplate::new(200)
        .insert_header("etag", "\"monday\"")
        .set_body_string(body);
    let mock = Mock::given(method("GET")).and(path(at));
    mock.respond_with(answer).mount(server).await;
}

/// The feed has one paper; the listing says two; the API has the other.
async fn announce(server: &MockServer) {
    let not_modified = Mock::given(path("/rss/cs.CL")).and(header_exists("if-none-match"));
    not_modified
        .respond_with(ResponseTemplate::new(304))
        .mount(server)
        .await;
    serve(
        server,
        "/rss/cs.CL",
        "<rss version=\"2.0\" xmlns:arxiv=\"http://arxiv.org/schemas/atom\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>cs.CL updates</title>\
         <pubDate>Mon, 23 Nov 2026 00:00:00 -0500</pubDate><item><title>A Paper of the Feed</title>\
         <link>https://arxiv.org/abs/2611.00001</link><description>arXiv:2611.00001v1 Announce Type: new \n\
         Abstract: About sheep.</description><guid isPermaLink=\"false\">oai:arXiv.org:2611.00001v1</guid>\
         <category>cs.CL</category><pubDate>Mon, 23 Nov 2026 00:00:00 -0500</pubDate>\
         <arxiv:announce_type>new</arxiv:announce_type>\
         <dc:creator>Ada Nwosu</dc:creator></item></channel></rss>"
            .to_string(),
    )
    .await;
    let row = |id: &str| format!("<dt><a href=\"/abs/{id}\" id=\"{id}\">arXiv:{id}</a></dt>");
    serve(
        server,
        "/list/cs.CL/new",
        format!(
            "<html><h3>Showing new listings for Monday, 23 November 2026</h3><div>Total of 2 entries</div>\
             <h3>New submissions (showing 2 of 2 entries)</h3>{}{}</html>",
            row("2611.00001"),
            row("2611.00002")
        ),
    )
    .await;
    serve(
        server,
        "/api/query",
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:opensearch=\"http://a9.com/-/spec/opensearch/1.1/\">\
         <opensearch:totalResults>1</opensearch:totalResults><opensearch:startIndex>0</opensearch:startIndex>\
         <entry><id>http://arxiv.org/abs/2611.00002v1</id><updated>2026-11-20T10:00:00Z</updated>\
         <published>2026-11-19T09:00:00Z</published><title>A Paper of the API</title>\
         <summary>About goats.</summary><author><name>Björn Lindqvist</name></author>\
         <category term=\"cs.CL\"/></entry></feed>"
            .to_string(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_arrives_whole_and_only_once() {
    let server = MockServer::start().await;
    announce(&server).await;
    let home = home_of(&server).await;
    block_in_place(|| {
        let said = home.ok(&["fetch"]);
        assert!(
            said.starts_with("arxiv-feed cs.CL 2026-11-23: 2 of 2, complete"),
            "{said}"
        );
        let ids = home.ok(&["today", "2026-11-23", "--ids"]);
        let mut ids: Vec<_> = ids.lines().collect();
        ids.sort_unstable();
        assert_eq!(ids, ["2611.00001", "2611.00002"]);
        assert!(home.ok(&["search", "goats"]).contains("A Paper of the API"));
        let coverage = home.ok(&["coverage"]);
        assert!(
            coverage.contains("cs.CL") && coverage.contains("complete"),
            "{coverage}"
        );
        // Another process asks whether anything has changed, and believes the answer.
        let said = home.ok(&["fetch", "arxiv-feed"]);
        assert!(said.contains("nothing new"), "{said}");
    });
    for request in server.received_requests().await.unwrap() {
        let agent = request.headers["user-agent"].to_str().unwrap();
        assert!(
            agent.starts_with("Broadsheet/") && agent.contains("tests@example.org"),
            "{agent}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asks_for_rest_gets_it_from_later_processes_too() {
    let server = MockServer::start().await;
    let rest = ResponseTemplate::new(503).insert_header("retry-after", "3600");
    Mock::given(method("GET"))
        .respond_with(rest)
        .mount(&server)
        .await;
    let home = home_of(&server).await;
    let calls = async || server.received_requests().await.unwrap().len();

    let said = block_in_place(|| home.fails(&["fetch"], 1));
    assert!(said.contains("fetching cs.CL from arXiv"), "{said}");
    let before = calls().await;
    assert!(before > 0);
    let said = block_in_place(|| home.fails(&["fetch"], 1));
    assert_eq!(calls().await, before, "nobody was called again: {said}");
    let coverage = block_in_place(|| home.ok(&["coverage", "--open"]));
    assert!(coverage.contains("failed"), "{coverage}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_can_be_recorded() {
    let server = MockServer::start().await;
    announce(&server).await;
    let home = home_of(&server).await;
    let folder = home.path("recordings");
    let output = block_in_place(|| {
        let mut command = home.command(&["fetch"]);
        command.env("BROADSHEET_SOURCES__RECORD", &folder);
        command.output().unwrap()
    });
    assert!(output.status.success());
    assert_eq!(
        std::fs::read_dir(folder).unwrap().count(),
        server.received_requests().await.unwrap().len()
    );
}

/// A home with three papers that link to code, of which one repository is gone, and nothing to fetch but stars.
fn home_with_code(server: &MockServer) -> Home {
    let home = Home::new();
    let config = format!(
        "[sources]\narxiv = []\ndaily_papers = false\nstars_a_round = 50\n\
         [sources.endpoints]\ncode_host = \"{}\"\n",
        server.uri()
    );
    std::fs::create_dir(home.data()).unwrap();
    std::fs::write(home.data().join("broadsheet.toml"), config).unwrap();
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    let paper = |n: u32, repository: &str| {
        serde_json::json!({
            "id": format!("2611.{n:05}"), "title": format!("Paper {n} with code"), "summary": "It runs.",
            "githubRepo": format!("https://github.com/{repository}"), "submittedOnDailyAt": yesterday.to_string(),
        })
        .to_string()
    };
    let papers = [
        paper(1, "example/one"),
        paper(2, "Example/One"),
        paper(3, "example/gone"),
    ];
    let file = home.file("papers.jsonl", papers.join("\n"));
    block_in_place(|| home.ok(&["import", &file]));
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn stars_of_papers_code_are_read_once_a_day() {
    let server = MockServer::start().await;
    serve(
        &server,
        "/repos/example/one",
        "{\"stargazers_count\":42}".to_string(),
    )
    .await;
    let home = home_with_code(&server);
    block_in_place(|| {
        let said = home.ok(&["fetch"]);
        assert!(said.contains("code-host stars"), "{said}");
        assert!(
            said.contains("1 stored, unverified (1 gone or not readable: example/gone)"),
            "{said}"
        );
        for id in ["2611.00001", "2611.00002"] {
            let paper = home.json(&["paper", id, "--json"]);
            assert_eq!(paper["stars"], 42, "{paper}");
        }
        let said = home.ok(&["fetch", "code-host"]);
        assert!(
            said.contains("reading stars of papers' code: nothing new"),
            "{said}"
        );
    });
    // Two papers of one repository are one call; nobody was asked twice.
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[test]
fn an_unknown_source_is_wrong() {
    let said = Home::new().fails(&["fetch", "twitter"], 1);
    assert!(
        said.contains("`twitter` cannot be fetched; known are"),
        "{said}"
    );
}
