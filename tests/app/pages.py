"""Reads the app's pages as a browser would: elements with their attributes and their text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
"""Elements without an end tag."""


@dataclass
class Element:
    """An element with all the text inside it."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    """The tags around it, the outermost first."""
    text: str = ""


@dataclass
class Form:
    """A form with what a browser submits of it unchanged."""

    action: str
    method: str
    fields: dict[str, Element] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return the value of a field."""
        element = self.fields[name]
        return element.text if element.tag == "textarea" else element.attributes["value"]


class Page(HTMLParser):
    """A page that has been read; an end tag that closes nothing, or the wrong element, is an error."""

    def __init__(self, text: str) -> None:
        """Read `text` to its end."""
        super().__init__()
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(each.tag for each in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)
        if tag == "form":
            self.forms.append(Form(element.attributes["action"], element.attributes["method"]))
        elif tag in ("input", "textarea"):
            assert "form" in element.inside
            self.forms[-1].fields[element.attributes["name"]] = element

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Give text to all elements around it."""
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        """Return the elements of one tag."""
        return [element for element in self.elements if element.tag == tag]

    def one(self, tag: str) -> Element:
        """Return the only element of a tag."""
        (element,) = self.all(tag)
        return element

    @property
    def text(self) -> str:
        """The text of the page, with single spaces."""
        return " ".join(self.one("body").text.split())

    @property
    def story(self) -> str:
        """The story that the page shows; empty where it shows none."""
        # The line break after the start tag does not count (HTML, 13.1.2.5).
        return "".join(element.text.removeprefix("\n") for element in self.all("pre"))

    @property
    def terms(self) -> dict[str, str]:
        """What the page says of each term of its description list."""
        words = [" ".join(element.text.split()) for element in self.elements if element.tag in ("dt", "dd")]
        return dict(zip(words[::2], words[1::2], strict=True))
