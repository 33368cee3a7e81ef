"""A chart as Plotly's JSON, written by hand: importing plotly costs a second, its JSON is plain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nbmlops.doors.panels import COLOURS, INK, MISSING, SHADES, Panel, escaped, markers

_GAP = 0.08


def figure(title: str, panels: Sequence[Panel], width: int, height: int) -> dict[str, Any]:
    """Data and layout; panels become axes beside each other, four a row."""
    columns = min(len(panels), 4) or 1
    rows = -(-len(panels) // columns) or 1
    layout: dict[str, Any] = {
        "title": {"text": escaped(title, 90), "font": {"size": 14}},
        "width": width,
        "height": height * rows,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 11},
        "margin": {"l": 60, "r": 20, "t": 60, "b": 60},
        "barmode": "group",
        "showlegend": any(len(panel.series) > 1 for panel in panels),
        "annotations": [],
        "shapes": [],
    }
    data: list[dict[str, Any]] = []
    for at, panel in enumerate(panels):
        _place(layout, data, panel, at, columns, rows)
    return {"data": data, "layout": layout, "config": {"displaylogo": False, "responsive": True}}


def _place(layout: dict[str, Any], data: list[dict[str, Any]], panel: Panel, at: int, columns: int, rows: int) -> None:
    number = "" if at == 0 else str(at + 1)
    x, y = f"x{number}", f"y{number}"
    across, down = at % columns, at // columns
    left, right = _span(across, columns)
    bottom, top = _span(rows - 1 - down, rows)
    if panel.kind == "parallel":
        data.append(_parallel(panel, [left + 0.02, right - 0.02], [bottom + 0.04, top - 0.1]))  # names stand above the axes
        return
    grid = {"gridcolor": "rgba(128,128,128,.25)", "zerolinecolor": "rgba(128,128,128,.4)", "automargin": True}
    layout[f"xaxis{number}"] = {"domain": [left, right], "anchor": y, "title": {"text": escaped(panel.x_title, 60)}, **grid}
    layout[f"yaxis{number}"] = {"domain": [bottom, top], "anchor": x, "title": {"text": escaped(panel.y_title, 60)}, **grid}
    if panel.log_y:
        layout[f"yaxis{number}"]["type"] = "log"
    if panel.kind == "sideways":
        layout[f"yaxis{number}"]["type"] = "category"
    if panel.kind == "bars":
        layout[f"xaxis{number}"]["type"] = "category"
    for index, series in enumerate(panel.series):
        data.append(_trace(panel, series, index, x, y))
    if panel.title:
        layout["annotations"].append(
            {"text": escaped(panel.title), "x": (left + right) / 2, "y": top, "xref": "paper", "yref": "paper", "yanchor": "bottom",
             "showarrow": False, "font": {"size": 12}}
        )  # fmt: skip
    line = {"color": INK, "width": 1, "dash": "dot"}
    for place, text in panel.marks:
        where = _plain(place)
        layout["shapes"].append(
            {"type": "line", "x0": where, "x1": where, "y0": 0, "y1": 1, "xref": x, "yref": f"{y} domain", "line": line}
        )
        layout["annotations"].append(
            {"text": escaped(text, 40), "x": where, "y": 1, "xref": x, "yref": f"{y} domain", "textangle": -90, "xanchor": "right",
             "yanchor": "top", "showarrow": False, "font": {"size": 10}}
        )  # fmt: skip
    for level, _ in panel.levels:
        shape: dict[str, Any] = {"type": "line", "line": {**line, "dash": "dash"}}
        if panel.kind == "sideways":
            shape |= {"x0": level, "x1": level, "y0": 0, "y1": 1, "xref": x, "yref": f"{y} domain"}
        else:
            shape |= {"y0": level, "y1": level, "x0": 0, "x1": 1, "yref": y, "xref": f"{x} domain"}
        layout["shapes"].append(shape)


def _trace(panel: Panel, series: Any, index: int, x: str, y: str) -> dict[str, Any]:
    places = [_plain(value) for value in series.x]
    trace: dict[str, Any] = {"name": escaped(series.name), "xaxis": x, "yaxis": y, "x": places, "y": list(series.y)}
    colour = COLOURS[index % len(COLOURS)]
    if series.labels:
        trace |= {"hovertext": [escaped(text, 80) for text in series.labels], "hoverinfo": "x+text"}
    if panel.kind == "lines":
        dash = {"dash": "dash"} if series.dashed else {}
        return {
            **trace,
            "type": "scatter",
            "mode": "lines+markers" if markers(series) else "lines",
            "line": {"color": colour, **dash},
            "marker": {"color": colour},
        }
    trace |= {"type": "bar", "marker": {"color": series.colours or colour}}
    if panel.kind == "sideways":
        trace |= {"orientation": "h", "x": trace["y"], "y": trace["x"], "showlegend": False}
        if series.labels:
            trace["hoverinfo"] = "y+text"
        if series.spans:
            ends = [span or [value, value] for span, value in zip(series.spans, series.y, strict=True)]
            over, under = ([side for side in pair] for pair in zip(*((high, low) for low, high in ends), strict=True))
            trace["error_x"] = {
                "type": "data", "symmetric": False, "color": INK, "array": [end - value for end, value in zip(over, series.y, strict=True)],
                "arrayminus": [value - end for end, value in zip(under, series.y, strict=True)],
            }  # fmt: skip
    return trace


def _parallel(panel: Panel, across: list[float], up: list[float]) -> dict[str, Any]:
    below = 2 * MISSING  # the colour of what has no value ends half way between there and 0
    stops = [(shade - below) / (1 - below) for shade in (at / (len(SHADES) - 1) for at in range(len(SHADES)))]
    scale = [[0.0, INK], [stops[0] - 0.01, INK], *([stop, colour] for stop, colour in zip(stops, SHADES, strict=True))]
    font = {"color": INK, "size": 11}
    return {
        "type": "parcoords",
        "domain": {"x": across, "y": up},
        "labelfont": font,
        "tickfont": font,
        "rangefont": {**font, "color": "rgba(0,0,0,0)"},  # the ends are ticks already, in the axis's own numbers
        "line": {"color": [below if shade is None else shade for shade in panel.shade], "colorscale": scale, "cmin": below, "cmax": 1},
        "dimensions": [
            {
                "label": escaped(axis.name, 24),
                "range": [min([0.0, *(place for place, _ in axis.ticks)]), 1],
                "values": [MISSING if place is None else place for place in axis.places],
                "tickvals": [place for place, _ in axis.ticks],
                "ticktext": [escaped(text, 18) for _, text in axis.ticks],
            }
            for axis in panel.axes
        ],
    }


def _span(at: int, count: int) -> tuple[float, float]:
    wide = (1 - _GAP * (count - 1)) / count
    start = at * (wide + _GAP)
    return round(start, 4), round(start + wide, 4)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return escaped(value, 48) if isinstance(value, str) else value
