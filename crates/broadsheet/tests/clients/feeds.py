"""Every list's feeds in readers that people use: feedparser, newsboat, and JSON Feed by its specification.

usage: feeds.py http://127.0.0.1:8080

The server needs at least one paper with a category and an author; the rest is looked up.
"""

import datetime
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

import feedparser

BASE = sys.argv[1].rstrip("/")
TYPES = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
ID = re.compile(r"urn:broadsheet:[a-z0-9-]+:\S+")


def get(path, **headers):
    request = urllib.request.Request(BASE + path, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


def lists():
    """One list of each kind: (path, query), of which the last may be empty."""
    _, body = get("/api/daily_papers?limit=1")
    paper = json.loads(body)[0]["paper"]
    day = paper["submittedOnDailyAt"][:10]
    _, body = get(f"/papers/{urllib.parse.quote(paper['id'])}.json")
    whole = json.loads(body)
    found = [
        ("/papers", ""),
        (f"/papers/date/{day}", ""),
        (f"/papers/month/{day[:7]}", ""),
        ("/papers/trending", ""),
        ("/papers/trending", "window=30"),
        ("/search", urllib.parse.urlencode({"q": whole["title"]})),
        ("/search", urllib.parse.urlencode({"q": 'odd " & <query'})),
        ("/search", urllib.parse.urlencode({"q": "qqqqzzzzqqqq"})),
    ]
    year, week, _ = datetime.date.fromisoformat(day).isocalendar()
    found.append((f"/papers/week/{year}-W{week:02}", ""))
    # The shelf's papers may lack these; the newest paper of a real site has them.
    found += [(f"/categories/{urllib.parse.quote(name, safe='')}", "") for name in whole["categories"][:1]]
    found += [(f"/tags/{urllib.parse.quote(name, safe='')}", "") for name in whole["tags"][:1]]
    _, page = get(f"/papers/{urllib.parse.quote(paper['id'])}")
    authors = re.findall(rb'href="(/authors/[^"]+)"', page)
    found += [(authors[0].decode(), "")] if authors else []
    return found


def address(path, query, ending):
    return f"{path}.{ending}" + (f"?{query}" if query else "")


def plain(url):
    """A query can be encoded in several ways; this is none of them."""
    return urllib.parse.unquote_plus(url)


def check_syndication(path):
    """Atom or RSS, read by feedparser; returns the items' ids in order."""
    feed = feedparser.parse(BASE + path)
    assert feed.status == 200, (path, feed.status)
    assert not feed.bozo, (path, feed.get("bozo_exception"))
    assert feed.feed.title and feed.feed.link.startswith(BASE), path
    selves = [link.href for link in feed.feed.links if link.rel == "self"]
    assert [plain(url) for url in selves] == [plain(BASE + path)], (path, selves)
    for entry in feed.entries:
        assert ID.fullmatch(entry.id), entry.id
        assert entry.title and entry.link.startswith(BASE + "/papers/"), (path, entry.get("link"))
        assert entry.published_parsed, (path, entry.id)
        assert entry.content[0].value if entry.get("content") else entry.summary is not None, (path, entry.id)
    ids = [entry.id for entry in feed.entries]
    assert len(ids) == len(set(ids)) <= 100, path

    by_tag = feedparser.parse(BASE + path, etag=feed.etag)
    assert by_tag.status == 304 and not by_tag.entries, (path, by_tag.status)
    by_time = feedparser.parse(BASE + path, modified=feed.modified)
    assert by_time.status == 304, (path, by_time.status)
    assert feedparser.parse(BASE + path, etag='"other"').status == 200, path
    return ids


def check_json_feed(path):
    _, body = get(path)
    feed = json.loads(body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1", path
    assert feed["title"] and plain(feed["feed_url"]) == plain(BASE + path), (path, feed["feed_url"])
    assert feed["home_page_url"].startswith(BASE), path
    for item in feed["items"]:
        assert ID.fullmatch(item["id"]) and item["url"].startswith(BASE + "/papers/"), item
        assert isinstance(item["content_html"], str) and isinstance(item["tags"], list), item
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item["date_published"]), item
        assert all(author["name"] for author in item["authors"]), item
    return [item["id"] for item in feed["items"]]


def check_list(path, query):
    orders = []
    for ending, media_type in TYPES.items():
        here = address(path, query, ending)
        headers, first = get(here)
        assert headers["Content-Type"] == media_type, (here, headers["Content-Type"])
        assert headers["Cache-Control"] and headers["ETag"] and headers["Last-Modified"], here
        assert get(here)[1] == first, f"{here} is different the second time"
        orders.append(check_json_feed(here) if ending == "json" else check_syndication(here))
    assert orders[0] == orders[1] == orders[2], f"{path}: the three feeds do not list the same"
    return len(orders[0])


def newsboat(urls):
    """Reads everything with newsboat, twice: it must find no fault, take in every feed, and no item a second time."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        errors = folder / "errors"
        (folder / "urls").write_text("".join(f'"{url}"\n' for url in urls))
        (folder / "config").write_text(f"error-log {errors}\n")
        base = ["newsboat", "-u", folder / "urls", "-c", folder / "cache.db", "-C", folder / "config"]
        counts = []
        for _ in range(2):
            done = subprocess.run([*base, "-x", "reload"], capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stdout + done.stderr
            assert not errors.exists() or not errors.read_text().strip(), errors.read_text()
            with sqlite3.connect(folder / "cache.db") as cache:
                titles = dict(cache.execute("SELECT rssurl, title FROM rss_feed"))
                counts += cache.execute("SELECT count(*), count(DISTINCT guid) FROM rss_item").fetchone()
            assert set(titles) == set(urls) and all(titles.values()), titles
        assert len(set(counts)) == 1 and counts[0] > 0, counts
        return counts[0]


def main():
    found = lists()
    total = sum(check_list(path, query) for path, query in found)
    assert total > 0
    kept = newsboat([BASE + address(path, query, kind) for path, query in found for kind in ("atom", "rss")])
    print(f"{len(found)} lists as three feeds each: {total} items; newsboat keeps {kept} articles")


main()
