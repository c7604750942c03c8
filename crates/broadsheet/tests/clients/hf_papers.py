"""The Hugging Face Papers API against its real client: the library's four calls and the `hf papers` command.

usage: hf_papers.py http://127.0.0.1:8080

What the client gives is compared with what the server sent, read here with nothing but the standard library, so
that the script works over any data: it needs at least three papers of one day with different up-votes or ids.
"""

import datetime
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

BASE = sys.argv[1].rstrip("/")
# The library reads these once, when it is imported.
os.environ["HF_ENDPOINT"] = BASE
os.environ["HF_HUB_DISABLE_UPDATE_CHECK"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ.pop("HF_TOKEN", None)
os.environ.pop("HF_HUB_OFFLINE", None)

from huggingface_hub import HfApi  # noqa: E402
from huggingface_hub.errors import BadRequestError, HfHubHTTPError  # noqa: E402

API = HfApi(endpoint=BASE)
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def get(path, expect=200, accept=None):
    """Status, headers and text of an address, without any client's help."""
    request = urllib.request.Request(BASE + path, headers={"Accept": accept or "*/*"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, headers, text = answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, headers, text = error.code, error.headers, error.read().decode()
    assert status == expect, f"{path}: {status} instead of {expect}: {text[:200]}"
    return headers, text


def get_json(path, expect=200):
    headers, text = get(path, expect)
    assert headers["Content-Type"].startswith("application/json"), f"{path}: {headers['Content-Type']}"
    return json.loads(text)


def check_item(item):
    """The keys that the API's own description requires, and their types."""
    paper = item["paper"]
    for text in (item["title"], item["summary"], paper["title"], paper["summary"], paper["id"]):
        assert isinstance(text, str), item
    for date in (item["publishedAt"], paper["publishedAt"], paper["submittedOnDailyAt"]):
        assert DATE.fullmatch(date), date
    for number in (item["numComments"], paper["upvotes"]):
        assert isinstance(number, int), item
    assert item["isAuthorParticipating"] is False
    assert OBJECT_ID.fullmatch(paper["discussionId"]), paper["discussionId"]
    assert item["submittedBy"]["name"] == "broadsheet"
    for author in paper["authors"]:
        assert OBJECT_ID.fullmatch(author["_id"]) and author["name"] and author["hidden"] is False, author


def check_thumbnail(item):
    address = item["thumbnail"]
    assert address.startswith(BASE + "/"), address
    headers, text = get(address[len(BASE):])
    assert headers["Content-Type"].startswith("image/svg+xml") and text.startswith("<svg"), address


def check_same(info, item):
    """What the library made of an item is what the item said."""
    paper = item["paper"]
    assert info.id == paper["id"]
    assert info.title == item["title"]
    assert info.summary == paper["summary"]
    assert info.upvotes == paper["upvotes"]
    assert info.comments == item["numComments"]
    assert info.discussion_id == paper["discussionId"]
    assert info.submitted_by.fullname == "Broadsheet"
    assert [a.name for a in info.authors or []] == [a["name"] for a in paper["authors"]]
    assert info.published_at.strftime("%Y-%m-%dT%H:%M:%S") == paper["publishedAt"][:19]
    assert info.github_repo == paper.get("githubRepo")
    assert info.github_stars == paper.get("githubStars")
    assert info.ai_summary == paper.get("ai_summary")


def check_list(expected_path, **arguments):
    items = get_json(expected_path)
    for item in items:
        check_item(item)
    infos = list(API.list_daily_papers(**arguments))
    assert len(infos) == len(items), (arguments, len(infos), len(items))
    for info, item in zip(infos, items):
        check_same(info, item)
    return items


def lists():
    newest = check_list("/api/daily_papers")
    assert newest and len(newest) <= 50
    check_thumbnail(newest[0])
    days = [item["paper"]["submittedOnDailyAt"][:10] for item in newest]
    assert days == sorted(days, reverse=True), "newest day first"

    day = days[0]
    of_day = check_list(f"/api/daily_papers?date={day}", date=day)
    assert {item["paper"]["submittedOnDailyAt"][:10] for item in of_day} == {day}
    votes = [item["paper"]["upvotes"] for item in of_day]
    assert votes == sorted(votes, reverse=True), "most up-votes first"
    assert get_json(f"/api/daily_papers?date={day}T10:00:00.000Z&limit=100")[: len(of_day)] == of_day

    month = check_list(f"/api/daily_papers?month={day[:7]}", month=day[:7])
    assert {item["paper"]["submittedOnDailyAt"][:7] for item in month} == {day[:7]}
    year, week, _ = datetime.date.fromisoformat(day).isocalendar()
    week = f"{year}-W{week:02}"
    of_week = check_list(f"/api/daily_papers?week={week}", week=week)
    assert of_day[0]["paper"]["id"] in {item["paper"]["id"] for item in of_week}

    check_list("/api/daily_papers?sort=trending", sort="trending")
    check_list("/api/daily_papers?sort=publishedAt&limit=3", sort="publishedAt", limit=3)
    assert list(API.list_daily_papers(date="1999-01-01")) == []
    assert list(API.list_daily_papers(submitter="nobody-at-all")) == []
    assert len(list(API.list_daily_papers(submitter="broadsheet", limit=2))) == 2
    return newest


def pages(newest):
    first = [info.id for info in API.list_daily_papers(limit=2, p=0)]
    second = [info.id for info in API.list_daily_papers(limit=2, p=1)]
    everything = [item["paper"]["id"] for item in newest]
    assert first + second == everything[:4]
    headers, text = get("/api/daily_papers?limit=2&unknown=1")
    link = re.fullmatch(r'<(.+)>; rel="next"', headers["Link"])
    assert link and link[1].startswith(BASE + "/api/daily_papers?"), headers["Link"]
    _, following = get(link[1][len(BASE):])
    assert [item["paper"]["id"] for item in json.loads(following)] == second
    headers, _ = get("/api/daily_papers?date=1999-01-01")
    assert headers["Link"] is None


def search(newest):
    wanted = newest[0]["paper"]
    found = list(API.list_papers(query=wanted["title"], limit=10))
    assert wanted["id"] in [info.id for info in found], "a title finds its paper"
    assert len(list(API.list_papers(query=wanted["title"], limit=1))) == 1
    assert next(iter(API.list_papers(query=wanted["id"]))).id == wanted["id"], "an id finds its paper"
    assert list(API.list_papers(query="qqqqzzzzqqqq xxxxvvvv")) == []
    assert list(API.list_papers(limit=3)), "no query is no error"
    list(API.list_papers(query='unbalanced " and (odd:'))
    for item in get_json("/api/papers/search?" + urllib.parse.urlencode({"q": wanted["title"], "limit": 120})):
        check_item(item)


def one_paper(newest):
    wanted = newest[0]["paper"]
    info = API.paper_info(wanted["id"])
    assert (info.id, info.title, info.summary) == (wanted["id"], wanted["title"], wanted["summary"])
    assert info.submitted_by.fullname == "Broadsheet"
    assert info.num_total_models == len(info.linked_models)
    assert info.num_total_datasets == len(info.linked_datasets)
    if re.fullmatch(r"\d{4}\.\d{4,5}", wanted["id"]):
        assert API.paper_info(wanted["id"] + "v3").id == wanted["id"], "a version is passed over"
    text = API.read_paper(wanted["id"])
    assert text.startswith("# ") and f"/papers/{wanted['id']}>" in text, text[:200]
    headers, again = get(f"/papers/{wanted['id']}", accept="text/markdown")
    assert headers["Content-Type"] == "text/markdown; charset=utf-8" and again == text


def refuses(error, call):
    try:
        call()
    except error as refused:
        return refused
    raise AssertionError(f"no {error.__name__}")


def faults():
    for arguments in (
        {"date": "2026-13-01"},
        {"date": "yesterday"},
        {"week": "2026-99"},
        {"month": "2026"},
        {"limit": 0},
        {"limit": 101},
        {"p": -1},
        {"sort": "upside-down"},
    ):
        refused = refuses(BadRequestError, lambda: list(API.list_daily_papers(**arguments)))
        assert refused.server_message, arguments
    refuses(BadRequestError, lambda: list(API.list_papers(query="x" * 251)))
    refuses(BadRequestError, lambda: list(API.list_papers(query="x", limit=121)))
    for missing in ("2601.99999", "not-an-id", "..%2f..%2fetc"):
        refused = refuses(HfHubHTTPError, lambda: API.paper_info(missing))
        assert refused.response.status_code == 404 and refused.request_id, missing
        assert get_json(f"/api/papers/{missing}", 404)["error"]
    refuses(HfHubHTTPError, lambda: API.read_paper("2601.99999"))
    assert get_json("/api/no/such/thing", 404)["error"]
    assert get_json("/api/whoami-v2", 401)["error"] == "Invalid user token"
    assert get_json("/api/agent-harnesses") == {"standardEnvVars": [], "harnesses": {}}


def hf(*arguments, expect=0):
    """Runs the command as a person would."""
    program = Path(sys.executable).with_name("hf")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, f"hf {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if expect == 0 else done.stdout + done.stderr


def command(newest):
    ids = [item["paper"]["id"] for item in newest]
    wanted = newest[0]["paper"]
    day = wanted["submittedOnDailyAt"][:10]
    assert hf("papers", "ls", "-q").split() == ids
    listed = json.loads(hf("papers", "ls", "--limit", "3", "--json"))
    assert [paper["id"] for paper in listed] == ids[:3]
    assert listed[0]["title"] == newest[0]["title"] and listed[0]["upvotes"] == wanted["upvotes"]
    table = hf("papers", "ls", "--date", day, "--format", "human", "--no-truncate")
    assert wanted["id"] in table and "Broadsheet" in table, table
    assert ids[0] in hf("papers", "ls", "--month", day[:7], "--limit", "100", "-q").split()
    assert hf("papers", "ls", "--date", "1999-01-01", "--json").strip() == "[]"
    hf("papers", "ls", "--sort", "trending")

    found = json.loads(hf("papers", "search", wanted["title"], "--json"))
    assert wanted["id"] in [paper["id"] for paper in found]
    assert wanted["id"] in hf("papers", "search", wanted["title"], "-q").split()
    assert wanted["id"] in hf("papers", "search", wanted["title"], "--format", "human", "--no-truncate")

    info = json.loads(hf("papers", "info", wanted["id"], "--json"))
    assert info["id"] == wanted["id"] and info["title"] == wanted["title"]
    assert hf("papers", "read", wanted["id"], "--format", "human").startswith("# ")
    assert "not found" in hf("papers", "info", "2601.99999", expect=1)


def main():
    newest = lists()
    pages(newest)
    search(newest)
    one_paper(newest)
    faults()
    command(newest)
    print(f"huggingface_hub and hf papers: {len(newest)} papers listed, searched, opened and read")


main()
