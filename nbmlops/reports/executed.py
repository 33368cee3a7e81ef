"""An executed notebook: where it failed, and as a page that runs nothing and loads nothing."""

from __future__ import annotations

import json
import re
from typing import Any

_LAST_LINES = 14
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What a page's scripts and styles say is no text of it.
_NO_TEXT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.S | re.I)
_TAGS = frozenset({
    "a", "abbr", "acronym", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "details", "div", "dl",
    "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre",
    "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
})  # fmt: skip
_PLAIN = frozenset({"class", "id", "title", "alt", "align", "style", "colspan", "rowspan", "width", "height", "open", "start"})
_IMAGE = re.compile(r"\s*data:image/(png|jpeg|gif|webp|svg\+xml)[;,]", re.I)
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; media-src data:; base-uri 'none'; form-action 'none'"
)
_TEMPLATE = f"""\
{{%- extends 'lab/index.html.j2' -%}}
{{%- block html_head_js -%}}<meta http-equiv="Content-Security-Policy" content="{POLICY}" />{{%- endblock -%}}
{{%- block html_head_js_mathjax -%}}{{%- endblock -%}}
{{%- block html_head_js_mermaidjs -%}}{{%- endblock -%}}
{{%- block jupyter_widgets -%}}{{%- endblock -%}}
"""
_INTERACTIVE = "Something interactive was shown here; a page that runs nothing cannot show it."


def failure(data: bytes, cell: int | None) -> tuple[str | None, list[str]]:
    """Of the code cell that failed: its source, and the last lines of its traceback."""
    try:
        cells = [one for one in json.loads(data)["cells"] if one["cell_type"] == "code"]
        failed = cells[cell] if cell is not None and cell < len(cells) else None
        if failed is None:
            return None, []
        told = [output for output in failed["outputs"] if output["output_type"] == "error"]
        lines = _ANSI.sub("", "\n".join(told[-1]["traceback"])).rstrip().split("\n") if told else []
        return _text(failed["source"]), lines[-_LAST_LINES:]
    except (ValueError, KeyError, TypeError, IndexError):
        return None, []


def page(data: bytes, title: str, folder: str) -> str:
    """A notebook of a folder as a page of HTML with all it needs. Scripts are left out, and the page's own policy lets none run.

    Raises what nbconvert raises for a notebook that it cannot show.
    """
    import nbformat
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["title"] = title
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            _without_scripts(output.get("data"))
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"page.html.j2": _TEMPLATE})], template_file="page.html.j2", sanitize_html=True, embed_images=True,
        filters={"clean_html": cleaned},
    )  # fmt: skip
    found: str = exporter.from_notebook_node(notebook, resources={"metadata": {"path": folder, "name": title}})[0]
    return found


def cleaned(element: Any) -> str:
    """HTML that came from a notebook, of tags and attributes that are known to do nothing; nbconvert's own filter breaks tables.

    >>> cleaned('<table><thead><tr><th onclick="x()">a</th></tr></thead></table><script>alert(1)</script>')
    '<table><thead><tr><th>a</th></tr></thead></table>'
    >>> cleaned('<a href="javascript:x()">b</a><img src="https://c/d.png">')
    '<a>b</a><img>'
    """
    import bleach
    from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer

    text = element.decode() if isinstance(element, bytes) else str(element)
    styles = CSSSanitizer(allowed_css_properties=[*ALLOWED_CSS_PROPERTIES, "border", "margin", "padding", "max-width"])
    known = {"http", "https", "mailto", "data"}
    shown = bleach.clean(_NO_TEXT.sub("", text), tags=_TAGS, attributes=_allowed, protocols=known, strip=True, css_sanitizer=styles)
    return str(shown)


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return not value.strip().lower().startswith("data:")
    if tag == "img" and name == "src":
        return _IMAGE.match(value) is not None
    return name in _PLAIN


def _without_scripts(shown: Any) -> None:
    """Leave of what a cell showed the forms that are no program, or a word in their place."""
    if not isinstance(shown, dict) or not shown:
        return
    for kind in list(shown):
        if kind.endswith("javascript") or kind.startswith(("application/vnd.jupyter.widget", "text/vnd.mermaid")):
            del shown[kind]
    if "text/html" in shown:
        left = _NO_TEXT.sub("", _text(shown["text/html"]))
        if re.sub(r"<[^>]*>", "", left).strip() or "<img" in left or "<svg" in left:
            shown["text/html"] = left
        else:
            del shown["text/html"]
    if not any(kind.startswith(("text/", "image/")) for kind in shown):
        shown["text/plain"] = _INTERACTIVE


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
