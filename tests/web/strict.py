# SPDX-License-Identifier: Apache-2.0
"""What a page must be by itself, read strictly: faults(html) gives a list of sentences, empty for a good page."""
import html.parser
import re

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Ends that HTML lets a page leave out, and by what they are implied.
IMPLIED = {"tr": {"tr", "tbody"}, "td": {"td", "th", "tr", "tbody"}, "th": {"td", "th", "tr", "thead"}, "li": {"li"}, "option": {"option"},
           "dt": {"dt", "dd"}, "dd": {"dt", "dd"}}
BLOCK = {"address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "header", "hr",
         "main", "nav", "ol", "p", "pre", "section", "table", "ul"}
SVG = {"svg", "path", "circle", "rect", "g", "line", "polyline", "title", "use"}
KNOWN = VOID | BLOCK | SVG | {
    "html", "head", "body", "title", "a", "abbr", "b", "bdi", "bdo", "button", "caption", "cite", "code", "dd", "dt", "em", "figcaption", "i", "kbd", "label",
    "legend", "li", "optgroup", "option", "output", "q", "s", "samp", "select", "small", "span", "strong", "sub", "summary", "sup", "tbody", "td", "textarea",
    "script", "template", "tfoot", "th", "thead", "time", "tr", "u", "var", "video"}


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.said, self.stack, self.ids, self.fors, self.refs, self.anchors = [], [], set(), [], [], []
        self.headings, self.controls, self.text_of = [], [], []
        self.doctype, self.title, self.language = False, "", None
        self.links, self.forms = [], []

    def fault(self, words):
        self.said.append(f"line {self.getpos()[0]}, column {self.getpos()[1]}: {words}")

    def handle_decl(self, decl):
        self.doctype = decl.lower() == "doctype html"

    def inside(self, tag):
        return any(name == tag for name, _ in self.stack)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if len(a) != len(attrs):
            self.fault(f"<{tag}> has an attribute twice")
        if tag == "script" and (list(a) != ["src"] or not re.fullmatch(r"/static/(?:passkey|check|sign)-[0-9a-f]{12}\.js", a["src"])):
            self.fault("<script> is none of our files")
        if tag not in KNOWN:
            self.fault(f"<{tag}> is not an element that a page of ours has")
        raw = self.get_starttag_text()
        if re.search(r"=\s*[^\"'\s>]", re.sub(r"\"[^\"]*\"", '""', raw)):
            self.fault(f"an attribute of <{tag}> is not quoted")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.fault(f"<{tag} {name}> cannot work under our policy")
            if name in ("href", "src", "action") and (value is None or not re.match(r"/(?!/)|#|data:", value)):
                self.fault(f"<{tag} {name}={value!r}> leads away from here")
        while self.stack and tag in IMPLIED.get(self.stack[-1][0], ()):
            self.end(self.stack[-1][0])
        if tag in BLOCK and any(name == "p" for name, _ in self.stack):
            self.fault(f"<{tag}> stands inside <p>")
        if tag in ("a", "button", "form", "label") and self.inside(tag):
            self.fault(f"<{tag}> stands inside <{tag}>")
        if tag == "button" and self.inside("a") or tag == "a" and self.inside("button"):
            self.fault("a button and a link are one inside the other")
        if tag == "li" and (not self.stack or self.stack[-1][0] not in ("ul", "ol")):
            self.fault("<li> stands outside a list")
        if self.stack and self.stack[-1][0] in ("ul", "ol") and tag != "li":
            self.fault(f"<{tag}> stands right in a list")
        self.look_at(tag, a)
        if tag not in VOID:
            self.stack.append((tag, a))
            self.text_of.append("")

    def look_at(self, tag, a):
        if "id" in a:
            if a["id"] in self.ids or not a["id"] or " " in a["id"]:
                self.fault(f"id {a['id']!r} is empty or stands twice")
            self.ids.add(a["id"])
        for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
            if name in a:
                if not a[name] or not a[name].strip():
                    self.fault(f"{name} is empty")
                self.refs += (a[name] or "").split()
        if tag == "html":
            self.language = a.get("lang")
        if tag == "label" and "for" in a:
            self.fors.append(a["for"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img" and "alt" not in a:
            self.fault("<img> without alt")
        if tag == "table" and "role" not in a:
            self.fault("<table> without its role: it loses it on a narrow screen")
        if tag in ("input", "select", "textarea") and a.get("type") != "hidden":
            self.controls.append((a.get("id"), self.inside("label") or "aria-label" in a, self.getpos(), a.get("name")))
        if tag == "form":
            self.forms.append({"action": a.get("action"), "method": a.get("method", "get").lower(), "fields": []})
        if tag in ("input", "select", "textarea", "button") and self.inside("form"):
            self.forms[-1]["fields"].append((tag, a))
        if tag == "a" and "href" in a:
            self.links.append(a)
            if a["href"].startswith("#"):
                self.anchors.append(a["href"][1:])
        if tag == "input" and "name" in a and not self.inside("form"):  # one without a name is for a script
            self.fault("<input> stands outside a form")

    def handle_startendtag(self, tag, attrs):
        if not (self.inside("svg") or tag == "svg"):
            self.fault(f"<{tag}/> is not HTML")
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.end(tag)

    def end(self, tag):
        name, a = self.stack.pop()
        text = self.text_of.pop()
        if self.text_of:
            self.text_of[-1] += text
        bare = not text.strip() and not a.get("aria-label")
        if bare and name in ("a", "button", "h1", "h2", "h3", "label", "legend", "caption", "summary", "th", "title", "dt", "figcaption", "li") and not self.inside("template"):
            self.fault(f"<{name}> is empty")
        if name == "title" and not self.inside("svg"):
            self.title = text.strip()

    def handle_endtag(self, tag):
        while self.stack and self.stack[-1][0] != tag and tag in ("table", "tbody", "thead", "tr", "ul", "ol", "dl", "select") and self.stack[-1][0] in IMPLIED:
            self.end(self.stack[-1][0])
        if not self.stack or self.stack[-1][0] != tag:
            self.fault(f"</{tag}> does not close what is open: {[name for name, _ in self.stack[-3:]]}")
            return
        self.end(tag)

    def handle_data(self, data):
        if self.text_of:
            self.text_of[-1] += data
        elif data.strip():
            self.fault("text outside the page")
        if re.search(r"\{\w*\}|\(null\)|&(lt|gt|amp|quot|#39);", data):
            self.fault(f"a hole was not filled, or escaped twice: {data.strip()[:60]!r}")
        if "\ufffd" in data:
            self.fault("text that is not UTF-8")


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def faults(text):
    r = read(text)
    said = r.said
    if not r.doctype:
        said.append("no <!doctype html>")
    if not r.language:
        said.append("<html> has no lang")
    if not r.title:
        said.append("no title")
    said += [f"<{name}> is never closed" for name, _ in r.stack]
    if r.headings.count(1) != 1:
        said.append(f"{r.headings.count(1)} headings <h1>")
    before = 0
    for level in (h for h in r.headings if not (before == 0 and h == 2)):  # the list of errors stands before <h1>
        if level > before + 1:
            said.append(f"<h{level}> follows <h{before}>")
        before = level
    said += [f"line {at[0]}: {name!r} has no label" for id, labelled, at, name in r.controls if not labelled and id not in r.fors]
    said += [f"label for {id!r}, which is not there" for id in r.fors if id not in r.ids]
    said += [f"{id!r} is referred to and is not there" for id in r.refs + r.anchors if id and id not in r.ids]
    return said
