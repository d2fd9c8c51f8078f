"""prometheus.py: reads what /metrics answers (text format 0.0.4) and a file of alert rules, strictly."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ([-+]?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|Inf|NaN))")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def labels_of(text):
    labels, at = {}, 0
    while text and at < len(text):
        m = LABEL.match(text, at)
        assert m, f"labels cannot be read: {text}"
        assert m.group(1) not in labels, f"{m.group(1)} stands twice: {text}"
        labels[m.group(1)] = m.group(2)
        at = m.end()
    return labels


def parse(text):
    """{family: (type, {labels as a sorted tuple: number})}; an AssertionError says what is wrong."""
    families, helped, now = {}, set(), None
    assert text.endswith("\n"), "the last line has no end"
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helped, f"{name} is described twice"
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in families, f"{name} has its samples in two places"
            assert kind in ("gauge", "counter"), line
            assert kind == "gauge" or name.endswith("_total"), f"the counter {name} must end in _total"
            assert kind == "counter" or not name.endswith("_total"), f"the gauge {name} ends in _total"
            families[name], now = (kind, {}), name
        else:
            m = SAMPLE.fullmatch(line)
            assert m, f"not a sample: {line!r}"
            assert m.group(1) == now, f"a sample of {m.group(1)} among those of {now}"
            key = tuple(sorted(labels_of(m.group(2)).items()))
            assert key not in families[now][1], f"twice: {line}"
            families[now][1][key] = float(m.group(3))
    assert helped == set(families), helped ^ set(families)
    return families


def rules_of(text):
    """The rules as a list of dicts; reads only the YAML that rule files of ours are written in."""
    rules, inner = [], None
    for n, line in enumerate(text.splitlines(), 1):
        assert "\t" not in line, f"line {n}: a tab"
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        m = re.fullmatch(r"(- )?(\w+):(?: (.+))?", line.strip())
        assert m, f"line {n}: {line}"
        key, value = m.group(2), m.group(3)
        if value is not None and value.startswith('"'):
            assert re.fullmatch(r'"[^"\\]*"', value), f"line {n}: {value}"
            value = value[1:-1]
        elif value is not None:
            assert not re.search(r": |^[\[{&*!|>%@`]| #", value), f"line {n}: this has to be quoted"
        if indent == 6 and m.group(1):
            rules.append({})
        if indent in (6, 8):
            inner = rules[-1] if value is not None else rules[-1].setdefault(key, {})
            if value is not None:
                rules[-1][key] = value
        elif indent == 10:
            assert value is not None, f"line {n}"
            inner[key] = value
        else:
            assert rules == [] and (indent, key) in ((0, "groups"), (2, "name"), (4, "rules")), f"line {n}: {line}"
    return rules
