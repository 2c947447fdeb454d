"""The documentation holds together: links lead somewhere, decisions are numbered, pictures open."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.architecture.source_tree import ROOT, documents, files, relative

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
DECISIONS = ROOT / "docs" / "adr"


def prose(path: Path) -> str:
    """A document without its code blocks."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """What headings can be linked by, as GitHub makes it of them."""
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in HEADING.findall(prose(path)))
    return {head.replace(" ", "-") for head in plain}


@pytest.mark.parametrize("document", documents(), ids=relative)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    astray = []
    for link in LINK.findall(prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        if not target.exists() or not target.is_relative_to(ROOT):
            astray.append(link)
        elif anchor and anchor not in anchors(target):
            astray.append(f"{link} (no such heading)")
    assert astray == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in reached or document.suffix != ".md":
            continue
        reached.add(document)
        links = [link.partition("#")[0] for link in LINK.findall(prose(document))]
        waiting += [
            (document.parent / link).resolve() for link in links if link and ":" not in link
        ]
    assert {relative(path) for path in set(documents()) - reached} == set()


def test_decisions_are_numbered_without_a_gap_and_have_their_four_parts() -> None:
    decisions = sorted(DECISIONS.glob("*.md"))
    numbers = [int(path.name[:4]) for path in decisions]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]} "), path.name
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert parts == ["Context", "Alternatives", "Decision", "Consequences"], path.name


def test_the_index_lists_every_decision_by_its_title() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for path in DECISIONS.glob("*.md"):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        assert f"- [{title}](adr/{path.name})" in index


@pytest.mark.parametrize("picture", list(files("docs/pictures", "*.svg")), ids=relative)
def test_a_picture_opens_anywhere_and_says_what_it_shows(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert root.findtext(f"{space}title")
    assert root.findtext(f"{space}desc")
    assert not re.search(r"href=|@import|url\((?!#)", text), "it fetches something"
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("document", documents(), ids=relative)
def test_a_document_speaks_of_the_project_alone(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"\.\./shared|\bTODO\b|\bFIXME\b|\bTBD\b|@@", text)
    assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", text), "no emoji"


def test_every_test_that_a_page_names_is_there() -> None:
    named = {
        path
        for page in files("docs", "*.md")
        for path in re.findall(r"`(tests/[\w/]+(?:\.py)?)`", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert not [path for path in sorted(named) if not (ROOT / path).exists()]
