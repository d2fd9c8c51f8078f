"""http_client.py: a small browser without a screen: cookies, forms, links and titles."""
import html.parser
import http.client
import itertools
import urllib.parse

TURNS = itertools.count()


class Form:
    """One form of a page, filled in as a person would find it."""

    def __init__(self, action, method):
        self.action, self.method = action, method.lower()
        self.fields = []          # (name, value) that would be sent
        self.choices = {}         # name -> every value a checkbox, radio or select offers
        self.names = set()
        self.checkable = {}       # name -> checkbox or radio
        self.buttons = []         # (name, value, text)

    def value(self, name):
        return next((v for n, v in self.fields if n == name), None)

    def values(self, name):
        return [v for n, v in self.fields if n == name]

    def fill(self, **values):
        """Set fields; a list ticks these boxes and no others, None leaves a field out."""
        for name, value in values.items():
            if name not in self.names:
                raise AssertionError(f"the form {self.action} has no field {name}: {sorted(self.names)}")
            wanted = [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
            if name in self.choices and self.checkable.get(name) != "select":
                wanted = ["1" if v is True and "1" in self.choices[name] else v for v in wanted]
                wanted = [self.choices[name][0] if v is True else v for v in wanted if v is not False]
            self.fields = [(n, v) for n, v in self.fields if n != name] + [(name, v) for v in wanted]
        return self


class Page(html.parser.HTMLParser):
    """What a test asks of a page: its forms, links, title, heading and words."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.forms, self.links, self.words = [], [], []
        self.resources = []       # what the page itself loads: styles, scripts, pictures
        self.title = self.h1 = ""
        self._form = self._into = self._select = self._area = None
        self._skip = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        a = {k: v if v is not None else "" for k, v in attrs}
        if tag == "form":
            self._form = Form(a.get("action", ""), a.get("method", "get"))
            self.forms.append(self._form)
        elif tag == "a" and "href" in a:
            self.links.append(a["href"])
        elif tag in ("link", "use") and "href" in a:
            self.resources.append(a["href"])
        elif tag in ("script", "img") and "src" in a:
            self.resources.append(a["src"])
        elif tag in ("title", "h1"):
            self._into = tag
        elif tag in ("script", "style"):
            self._skip += 1
        elif self._form is not None:
            self._field(tag, a)

    def _field(self, tag, a):
        f, name = self._form, a.get("name")
        if tag == "input" and name and "disabled" not in a:
            kind = a.get("type", "text")
            f.names.add(name)
            if kind in ("checkbox", "radio"):
                f.choices.setdefault(name, []).append(a.get("value", "on"))
                f.checkable[name] = kind
                if "checked" in a:
                    f.fields.append((name, a.get("value", "on")))
            elif kind != "submit":
                f.fields.append((name, a.get("value", "")))
        elif tag == "textarea" and name:
            f.names.add(name)
            self._area = (name, [])
        elif tag == "select" and name:
            f.names.add(name)
            f.choices[name], f.checkable[name] = [], "select"
            self._select = name
        elif tag == "option" and self._select:
            value = a.get("value", "")
            f.choices[self._select].append(value)
            if "selected" in a or f.value(self._select) is None:
                f.fields = [(n, v) for n, v in f.fields if n != self._select] + [(self._select, value)]
        elif tag == "button":
            f.buttons.append((name or "", a.get("value", ""), a.get("formaction", "")))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag in ("title", "h1"):
            self._into = None
        elif tag in ("script", "style"):
            self._skip = max(0, self._skip - 1)
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._area and self._form is not None:
            text = "".join(self._area[1])
            self._form.fields.append((self._area[0], text[1:] if text.startswith("\n") else text))
            self._area = None

    def handle_data(self, data):
        if self._into:
            setattr(self, self._into, getattr(self, self._into) + data)
        if self._area:
            self._area[1].append(data)
        if not self._skip:
            self.words.append(data)


class Answer:
    """A response; the page is parsed when it is first asked for."""

    def __init__(self, status, headers, body, path):
        self.status, self.headers, self.body, self.path = status, headers, body, path
        self._page = None

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def page(self):
        if self._page is None:
            self._page = Page(self.text)
        return self._page

    @property
    def words(self):
        return " ".join(" ".join(self.page.words).split())

    def form(self, action=None, field=None):
        """The form whose action ends so, or that has this field."""
        for f in self.page.forms:
            if f.method == "post" and (action is None or f.action.split("?")[0].endswith(action)) and \
                    (field is None or field in f.names):
                return f
        raise AssertionError(f"no form {action or ''} {field or ''} on {self.path} ({self.status}): "
                             f"{[f.action for f in self.page.forms]}: {self.words[:400]}")


class Browser:
    """One person's browser: keeps cookies, sends Origin and Sec-Fetch-Site as browsers do.

    With `spread` each request comes from another address of 127/8: for tests that ask faster than any person, which
    nginx would slow down.
    """

    def __init__(self, base, spread=False):
        self.base, self.spread = base, spread
        self.host = urllib.parse.urlsplit(base).netloc
        self.cookies = {}

    def request(self, method, path, body=None, headers=None, timeout=60):
        """One request, no redirect followed."""
        sent = {"Host": self.host, "Connection": "close"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        if method == "POST":
            sent.update({"Origin": self.base, "Sec-Fetch-Site": "same-origin",
                         "Content-Type": "application/x-www-form-urlencoded"})
        sent.update(headers or {})
        sent = {n: v for n, v in sent.items() if v is not None}
        turn = next(TURNS)
        source = (f"127.1.{turn // 250 % 250}.{turn % 250 + 1}", 0) if self.spread else None
        c = http.client.HTTPConnection(self.host, timeout=timeout, source_address=source)
        try:
            c.request(method, path, body=body, headers=sent)
            r = c.getresponse()
            answer = Answer(r.status, r.getheaders(), r.read(), path)
        finally:
            c.close()
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._keep(value)
        return answer

    def _keep(self, cookie):
        pair, _, rest = cookie.partition(";")
        name, _, value = pair.strip().partition("=")
        if not value or "max-age=0" in rest.lower().replace(" ", ""):
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value

    def get(self, path, follow=True, headers=None):
        answer = self.request("GET", path, headers=headers)
        return self._follow(answer) if follow else answer

    def _follow(self, answer):
        for _ in range(5):
            where = answer.header("location")
            if answer.status not in (301, 302, 303) or not where:
                return answer
            parts = urllib.parse.urlsplit(where)
            path = parts.path + ("?" + parts.query if parts.query else "")
            answer = self.request("GET", path)
        raise AssertionError(f"too many redirects at {answer.path}")

    def post(self, path, fields, follow=True, headers=None):
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
        answer = self.request("POST", path, urllib.parse.urlencode(pairs).encode(), headers)
        return self._follow(answer) if follow else answer

    def submit(self, form, page="", follow=True, button=None):
        """Send a form as it is filled now."""
        fields = list(form.fields) + ([button] if button else [])
        return self.post(form.action or page, fields, follow)
