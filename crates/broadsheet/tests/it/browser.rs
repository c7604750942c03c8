//! The pages in a real browser: wide and narrow, light and dark, with the keyboard.

use domain::subscription::Scope;
use serde_json::json;

use crate::mail::{configure, folder_settings, in_folder, outbox, parse, read, subscribe, wish};
use crate::papers::arxiv_dump;
use crate::program::{Home, Server};
use crate::window::Browser;

const PAGES: [(&str, &str); 30] = [
    ("front", "/"),
    ("day", "/papers/date/2025-08-07"),
    ("month", "/papers/month/2024-01"),
    ("paper", "/papers/2402.18305"),
    ("search", "/search?q=neural+video"),
    ("search-nothing", "/search?q=qqqqzzzz"),
    ("similar", "/similar?to=2402.18305"),
    ("trending", "/papers/trending"),
    ("categories", "/categories"),
    ("lab", "/lab"),
    ("lab-method", "/lab/eora"),
    ("feeds", "/feeds"),
    ("coverage", "/about/coverage"),
    ("subscribe", "/subscribe?q=state+space"),
    ("account", "/account"),
    ("webhooks", "/account/webhooks"),
    ("profile", "/users/owner"),
    ("following", "/following"),
    ("saved", "/saved"),
    ("notifications", "/notifications"),
    ("collections", "/collections"),
    ("submit", "/submit"),
    ("claims", "/claims?paper=2402.18305"),
    ("moderation", "/moderation"),
    ("moderation-log", "/moderation/log"),
    ("admin", "/admin"),
    ("admin-people", "/admin/people"),
    ("admin-mail", "/admin/mail"),
    ("admin-sources", "/admin/sources"),
    ("missing", "/papers/2101.00001"),
];

/// A server with the shelf, a month of other papers, and signals to trend by.
fn site() -> (Home, Server) {
    let home = Home::new();
    home.ok(&["import", &home.file("dump.jsonl", arxiv_dump(300))]);
    let now = jiff::Timestamp::now();
    let readings = (1..=40).flat_map(|n: i64| {
        [(48, n), (2, n * 3)].map(|(hours_ago, upvotes)| {
            let at = now - jiff::SignedDuration::from_hours(hours_ago);
            json!({ "id": format!("2401.{n:05}"), "t": at.to_string(), "upvotes": upvotes })
                .to_string()
        })
    });
    let readings: Vec<_> = readings.collect();
    home.ok(&["import", &home.file("readings.jsonl", readings.join("\n"))]);
    configure(&home, &folder_settings(&home));
    let server = home.serve();
    (home, server)
}

#[test]
#[ignore = "needs chromedriver; `.ci/run browser` starts one"]
fn a_mail_fits_a_phone_and_both_schemes() {
    let home = in_folder(20);
    subscribe(&home, &[("jane@example.org", wish(Scope::All))]);
    home.ok(&["digest"]);
    let text = read(&outbox(&home)[0]);
    let html = parse(&text).body_html(0).unwrap().into_owned();
    let file = home.file("mail.html", html);
    let browser = Browser::open();
    for (width, scheme) in [
        (320, "light"),
        (320, "dark"),
        (1280, "light"),
        (1280, "dark"),
    ] {
        browser.look(width, scheme);
        browser.go(&format!("file://{file}"));
        browser.picture(&format!("mail-{width}-{scheme}"));
        let page = format!("the mail at {width} px, {scheme}");
        for (script, fault) in [
            (WIDER_THAN_WINDOW, "scrolls sideways"),
            (FAINT_TEXT, "has text that is hard to read"),
        ] {
            assert_eq!(browser.script(script), json!([]), "{page} {fault}");
        }
        let dark = browser.script(PAPER_BRIGHTNESS).as_f64().unwrap() < 0.2;
        assert_eq!(dark, scheme == "dark", "{page}");
    }
}

#[test]
#[ignore = "needs chromedriver; `.ci/run browser` starts one"]
fn pages_fit_every_width_and_scheme() {
    let (_home, server) = site();
    let browser = Browser::open();
    for (width, scheme) in [
        (320, "light"),
        (320, "dark"),
        (1280, "light"),
        (1280, "dark"),
    ] {
        browser.look(width, scheme);
        for (name, path) in PAGES {
            browser.go(&format!("{}{path}", server.url));
            browser.picture(&format!("{name}-{width}-{scheme}"));
            let page = format!("{path} at {width} px, {scheme}");
            assert_eq!(
                browser.script(WIDER_THAN_WINDOW),
                json!([]),
                "{page} scrolls sideways"
            );
            assert_eq!(
                browser.script(FAINT_TEXT),
                json!([]),
                "{page} has text that is hard to read"
            );
            assert_eq!(
                browser.script(FOREIGN),
                json!([]),
                "{page} asks other hosts"
            );
            assert_eq!(
                browser.script(NAMELESS),
                json!([]),
                "{page} has controls without a name"
            );
            assert_eq!(
                browser.script("return document.querySelectorAll('h1').length"),
                1,
                "{page} has one h1"
            );
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{page}");
        }
    }
}

#[test]
#[ignore = "needs chromedriver; `.ci/run browser` starts one"]
fn dark_is_dark_and_light_is_light() {
    let server = Home::new().serve();
    let browser = Browser::open();
    let mut brightness = Vec::new();
    for scheme in ["light", "dark"] {
        browser.look(1280, scheme);
        browser.go(&server.url);
        brightness.push(browser.script(PAPER_BRIGHTNESS).as_f64().unwrap());
    }
    assert!(brightness[0] > 0.7 && brightness[1] < 0.2, "{brightness:?}");
}

#[test]
#[ignore = "needs chromedriver; `.ci/run browser` starts one"]
fn the_keyboard_walks_the_list() {
    let server = Home::new().serve();
    let browser = Browser::open();
    browser.look(1280, "light");
    browser.go(&server.url);
    let focus = || browser.script(FOCUSED_PAPER);
    browser.press("j");
    let first = focus();
    assert!(first.is_string(), "j goes to the first paper");
    browser.press("j");
    let second = focus();
    assert!(
        second.is_string() && second != first,
        "j goes on: {first} {second}"
    );
    browser.press("k");
    assert_eq!(focus(), first, "k goes back");
    browser.press("/");
    assert_eq!(
        browser.script("return document.activeElement.name"),
        "q",
        "/ goes to the search field"
    );
    browser.press("j");
    assert_eq!(
        browser.script("return document.activeElement.value"),
        "j",
        "in a field, letters are letters"
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromedriver; `.ci/run browser` starts one"]
fn a_search_is_typed_and_followed() {
    let server = Home::new().serve();
    let browser = Browser::open();
    browser.look(320, "dark");
    browser.go(&server.url);
    browser.script(
        "const field = document.querySelector('input[name=q]'); field.value = '\"implicit neural video\"'; \
         field.form.requestSubmit();",
    );
    browser.script("return document.title");
    assert!(
        browser
            .script("return location.search")
            .as_str()
            .unwrap()
            .contains("implicit")
    );
    let link = "return [...document.querySelectorAll('main a')].some(a => a.pathname === '/papers/2402.18305')";
    assert_eq!(browser.script(link), true);
    assert!(
        browser
            .script("return document.querySelectorAll('main mark').length")
            .as_u64()
            .unwrap()
            > 0
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromedriver; `.ci/run browser` starts one"]
fn suggestions_come_while_typing() {
    let server = Home::new().serve();
    let browser = Browser::open();
    browser.look(1280, "light");
    browser.go(&server.url);
    browser.script(
        "const field = document.querySelector('input[name=q]'); field.value = 'implicit neu'; \
         field.dispatchEvent(new Event('input'));",
    );
    let offered = "return document.querySelectorAll('datalist option').length > 0";
    browser.until(offered, "suggestions");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromedriver and the lab's program; `.ci/run browser` builds both"]
fn ten_papers_run_from_the_button_to_the_plot() {
    let home = Home::new();
    let cards = home.json(&["lab", "list", "--json"]);
    let server = home.serve();
    let browser = Browser::open();
    browser.look(320, "dark");
    let cards = cards.as_array().unwrap();
    assert!(cards.len() >= 10, "only {} papers run", cards.len());
    // Spread over the families: cards are in their order.
    for card in cards.iter().step_by(cards.len() / 10).take(10) {
        let id = card["id"].as_str().unwrap();
        browser.go(&format!("{}/lab/{id}", server.url));
        browser.script(
            "document.querySelector('#scale').value = 'tiny'; document.querySelector('form[data-lab] button').click();",
        );
        browser.until("return !!document.querySelector('progress')", "progress");
        browser.until(OUTCOME_SHOWN, &format!("the outcome of {id}"));
        assert_eq!(browser.script(WIDER_THAN_WINDOW), json!([]), "{id}");
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{id}");
    }
    browser.picture("lab-run-320-dark");
}

#[test]
#[ignore = "needs chromedriver and the lab's program; `.ci/run browser` builds both"]
fn a_paper_runs_on_its_own_page() {
    let home = Home::new();
    let cards = home.json(&["lab", "list", "--json"]);
    let server = home.serve();
    let browser = Browser::open();
    browser.look(1280, "light");
    let arxiv = cards[0]["arxiv"].as_str().unwrap();
    browser.go(&format!("{}/papers/{arxiv}", server.url));
    // The page offers a small run; a tiny one shows the same way in less time.
    browser.script(
        "document.querySelector('form[data-lab] [name=scale]').value = 'tiny'; \
         document.querySelector('form[data-lab] button').click();",
    );
    browser.until(OUTCOME_SHOWN, "the outcome");
    browser.picture("paper-run-1280-light");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Whether a run's outcome stands where its progress was, its plot drawn. Plots further down load when they are near.
const OUTCOME_SHOWN: &str = "
    const place = document.querySelector('.progress');
    const plot = place?.querySelector('img');
    plot?.scrollIntoView();
    return !!place?.querySelector('.verdict') && !!plot && plot.complete && plot.naturalWidth > 0;";

/// Elements that stick out to the right, if the page scrolls sideways.
const WIDER_THAN_WINDOW: &str = "
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map(e => e.outerHTML.slice(0, 120));";

/// Texts under WCAG's contrast of 4.5 to 1 (3 to 1 from 24 px), as 'ratio: text'.
const FAINT_TEXT: &str = "
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = color => {
        context.clearRect(0, 0, 1, 1); context.fillStyle = color; context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = element => {
        for (let e = element; e; e = e.parentElement) {
            const color = rgba(getComputedStyle(e).backgroundColor);
            if (color[3] > 250) return color;
        }
        return rgba(getComputedStyle(document.documentElement).colorScheme.includes('dark') ? 'black' : 'white');
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
        if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (element.closest('script, style, svg, [disabled]')) continue;
        const box = element.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) continue;
        const style = getComputedStyle(element);
        const [a, b] = [luminance(rgba(style.color)), luminance(ground(element))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) faint.push(ratio.toFixed(2) + ': ' + text.slice(0, 60));
    }
    return [...new Set(faint)].slice(0, 5);";

/// Addresses that were loaded from elsewhere.
const FOREIGN: &str = "
    return performance.getEntriesByType('resource').map(entry => entry.name)
        .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'));";

/// Links, buttons and fields that a screen reader could not name; pictures without a text.
const NAMELESS: &str = "
    const named = e => (e.getAttribute('aria-label') || e.getAttribute('title') || e.textContent || '').trim()
        || e.labels?.length || e.getAttribute('aria-labelledby') || e.querySelector?.('img[alt], svg title');
    const controls = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select')];
    const pictures = [...document.querySelectorAll('img:not([alt])')];
    return controls.filter(e => !named(e)).concat(pictures).slice(0, 5).map(e => e.outerHTML.slice(0, 120));";

/// Brightness of the page's ground, 0 to 1.
const PAPER_BRIGHTNESS: &str = "
    const context = document.createElement('canvas').getContext('2d');
    for (const e of [document.body, document.documentElement]) {
        context.fillStyle = getComputedStyle(e).backgroundColor; context.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
        if (a > 0) return (r + g + b) / 765;
    }
    return 1;";

/// The paper that has the focus, by its address.
const FOCUSED_PAPER: &str = "
    const element = document.activeElement;
    const card = element.closest('article');
    return card ? card.querySelector('a[href^=\"/papers/\"]').pathname : null;";
