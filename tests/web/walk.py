# SPDX-License-Identifier: Apache-2.0
"""The pages of a demonstration as its people see them: log-in by button, and a walk over all links."""
import gzip
import http.client
import re
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "api"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import strict
from served import Served

LANGUAGES = ("kk", "ru", "en")
ROLES = {"nobody": None, "citizen": 0, "doctor": 1, "police": 2, "reviewer": 4, "auditor": 5, "clerk": 13, "notary": 15}
ELSEWHERE = re.compile(r"/(language|exit|static|log|api)(/|$|\?)")


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.sent = status, headers, len(body)
        self.html = (gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body).decode("utf-8", "replace")
        self.is_html = headers.get("Content-Type", "").startswith("text/html")


class Client:
    """A browser without scripts: cookies, forms with their tokens, no redirects unless asked for."""

    def __init__(self, served, language="en"):
        self.served, self.cookies = served, {"aina-lang": language}

    def ask(self, method, path, form=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=30)
        own = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Accept": "text/html", "Accept-Encoding": "gzip"}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            own.update({"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.served.port}"})
        connection.request(method, path, body, {**own, **(headers or {})})
        answer = connection.getresponse()
        page = Page(answer.status, answer.headers, answer.read())
        connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return page

    def get(self, path):
        return self.ask("GET", path)

    def forms(self, path):
        return strict.read(self.get(path).html).forms

    def fill(self, path, action, **values):
        """Sends the form of a page with its hidden fields and these values."""
        form = next(f for f in self.forms(path) if f["method"] == "post" and f["action"] == action)
        sent = {a["name"]: a.get("value", "") for tag, a in form["fields"] if a.get("type") == "hidden"}
        return self.ask("POST", action, {**sent, **values})

    def log_in(self, who):
        form = next(f for f in self.forms("/demo") for tag, a in f["fields"] if a.get("name") == "who" and a.get("value") == str(who))
        answer = self.ask("POST", "/demo", {a["name"]: a["value"] for tag, a in form["fields"] if "name" in a})
        assert answer.status == 303, answer.html[:500]
        return answer.headers["Location"]


def shape(path):
    """Pages of one kind: numbers and ids of a path are as good as another."""
    bare, _, query = path.partition("?")
    parts = ["*" if re.search(r"\d", part) or len(part) > 20 else part for part in bare.split("/")]
    return "/".join(parts) + "?" + "&".join(sorted(pair.partition("=")[0] for pair in query.split("&") if pair))


def walk(client, start, each=1, siblings=100, most=60):
    """{path: page} of all pages that links lead to, `each` of a shape and so many `siblings` below one path (/services/..., /rules/registries/...);
    downloads and the other languages are left out."""
    seen, found, below, queue = {}, {}, {}, [start]
    while queue and len(found) < most:
        path = queue.pop(0)
        parent = path.partition("?")[0].rpartition("/")[0]
        if path in found or seen.get(shape(path), 0) >= each or (parent.count("/") > 1 or parent in ("/life", "/services")) and below.get(parent, 0) >= siblings:
            continue
        page = client.get(path)
        below[parent] = below.get(parent, 0) + 1
        seen[shape(path)] = seen.get(shape(path), 0) + 1
        if page.status == 303:
            queue.append(page.headers["Location"])
            continue
        found[path] = page
        if not page.is_html:
            continue
        for a in strict.read(page.html).links:
            href = a["href"].partition("#")[0]
            if href and "download" not in a and not ELSEWHERE.match(href):
                queue.append(href)
    return found


def serve(people=60):
    return Served(people=people, more=("--demo",))
