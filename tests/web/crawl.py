"""crawl.py: walk over every page that can be reached, and which routes of the table that covers."""
import re
import subprocess
import urllib.parse


def routes(instance):
    """(method, pattern, right, guard) of every row of the table of routes."""
    table = subprocess.run([instance.program("lazarette-web"), "--routes"], capture_output=True, text=True, check=True,
                           env=instance.environment()).stdout
    return [tuple(line.split()) for line in table.splitlines()]


def pattern_of(path, table):
    """The route's pattern that a path belongs to: the one with the most plain words."""
    path = path.split("?")[0].split("#")[0]
    best = None
    for method, pattern, *_ in table:
        rule = "/".join("[^/]+" if p.startswith("{") else re.escape(p) for p in pattern.split("/"))
        rank = [not p.startswith("{") for p in pattern.split("/")]
        if method == "GET" and re.fullmatch(rule, path) and (best is None or rank > best[0]):
            best = (rank, pattern)
    return best and best[1]


class Crawl:
    """Follows links from `seeds` within the console. answers: path -> Answer; faults: what does not resolve."""

    def __init__(self, browser, seeds, limit=600):
        self.browser, self.answers, self.faults, self.loaded, self.came_from = browser, {}, [], {}, {}
        queue = list(seeds)
        while queue and len(self.answers) < limit:
            path = queue.pop(0)
            if path in self.answers:
                continue
            answer = browser.get(path)
            self.answers[path] = answer
            if answer.status != 200:
                self.faults.append(f"{self.came_from.get(path, 'a seed')}: leads to {path}: {answer.status}")
                continue
            if "html" in (answer.header("content-type") or ""):
                queue += self._look(path, answer)

    def _look(self, path, answer):
        found = []
        for href in answer.page.links:
            url = urllib.parse.urlsplit(urllib.parse.urljoin(self.browser.base + path, href))
            if url.scheme + "://" + url.netloc != self.browser.base:
                if url.scheme not in ("mailto", "https"):
                    self.faults.append(f"{path}: leads to {href}")
                continue
            if url.fragment and url.path == path.split("?")[0] and f'id="{url.fragment}"' not in answer.text:
                self.faults.append(f"{path}: {href} is not on the page")
            target = url.path + ("?" + url.query if url.query else "")
            found.append(target)
            self.came_from.setdefault(target, path)
        for href in answer.page.resources:
            url = urllib.parse.urljoin(path, href).split("#")[0]
            if url not in self.loaded:
                self.loaded[url] = path
                if self.browser.get(url).status != 200:
                    self.faults.append(f"{path}: loads {href}, which is not there")
        return found
