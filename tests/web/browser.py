# SPDX-License-Identifier: Apache-2.0
"""A browser without scripts: cookies, forms with their hidden tokens, and a strict reading of the markup."""
import gzip
import html.parser
import http.client
import re
import urllib.parse

VOID = {"meta", "link", "input", "br", "circle", "path"}
CLOSED_BY_NEXT = {"tr", "td", "th", "tbody", "li", "option", "dt", "dd"}


class Reading(html.parser.HTMLParser):
    """Elements, text, ids, forms; faults in `faults`."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.elements, self.ids, self.words = [], [], [], [], []
        self.forms, self.title, self.h1 = [], "", []
        self.feed(text)
        self.close()
        if [tag for tag in self.open if tag not in CLOSED_BY_NEXT]:
            self.faults.append(f"left open: {self.open}")

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        if len(attributes) != len(pairs):
            self.faults.append(f"an attribute twice in {tag}")
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "form":
            self.forms.append({"action": attributes.get("action"), "method": attributes.get("method", "get"), "fields": {}, "named": set()})
        elif tag in ("input", "select", "textarea") and self.forms:
            name = attributes.get("name")
            self.forms[-1]["named"].add(name)
            if attributes.get("type") == "hidden":
                self.forms[-1]["fields"][name] = attributes.get("value", "")

    def handle_startendtag(self, tag, pairs):
        self.handle_starttag(tag, pairs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in CLOSED_BY_NEXT:
            self.open.pop()
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> ends nothing: {self.open[-3:]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        self.words.append(data)
        if self.open[-1:] == ["title"]:
            self.title += data
        if "h1" in self.open:
            self.h1.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))

    def form(self, action):
        found = [form for form in self.forms if form["action"] == action]
        assert found, f"no form to {action}: {[form['action'] for form in self.forms]}"
        return found[0]


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.sent = response.read()
        self.bytes = gzip.decompress(self.sent) if self.headers["Content-Encoding"] == "gzip" else self.sent
        self.text = self.bytes.decode("utf-8", "replace")
        self.location = self.headers["Location"]

    @property
    def page(self):
        return Reading(self.text)


class Browser:
    def __init__(self, port, language="en"):
        self.port, self.language, self.cookies = port, language, {}

    def call(self, method, path, form=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Accept": "text/html", "Accept-Language": self.language, "Accept-Encoding": "gzip"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if method != "GET":
            sent["Sec-Fetch-Site"] = "same-origin"
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = form if isinstance(form, (bytes, str)) else urllib.parse.urlencode(form or {})
        sent.update(headers or {})
        connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        answer = Answer(connection.getresponse())
        connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def get(self, path, **headers):
        return self.call("GET", path, headers=headers or None)

    def send(self, page, action, **fields):
        """Fills in the form of `page` (a path or an answer) that goes to `action`, and sends it."""
        answer = self.get(page) if isinstance(page, str) else page
        return self.call("POST", action, {**answer.page.form(action)["fields"], **fields})

    def log_in(self, role):
        """By the button of /demo with this name in the folder's words."""
        page = self.get("/demo").page
        buttons = [form["fields"]["who"] for form in page.forms if form["action"] == "/demo"]
        token = page.form("/demo")["fields"]["token"]
        answer = self.call("POST", "/demo", {"token": token, "who": buttons[role]})
        assert answer.status == 303, answer.text
        return answer
