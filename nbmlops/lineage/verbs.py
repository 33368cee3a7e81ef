"""What a person can ask of lineage."""

from __future__ import annotations

from typing import Annotated

from nbmlops.errors import Invalid
from nbmlops.lineage.between import Expansion
from nbmlops.lineage.graph import Graph
from nbmlops.lineage.grouping import grouped
from nbmlops.lineage.records import Lineage
from nbmlops.lineage.subjects import Subjects
from nbmlops.runs.book import RunBook
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("GET /lineage")
def show(
    subject: Annotated[str, "a run, MODEL, MODEL/3, MODEL@champion, an endpoint, a digest or a file"],
    *,
    upstream: Annotated[bool, "only what it was made of"] = False,
    downstream: Annotated[bool, "only what was made of it: who is touched if it is wrong"] = False,
    depth: Annotated[int | None, "how many steps away from it; all if not given"] = None,
    every: Annotated[bool, "each thing by itself, though many are alike"] = False,
    workspace: Workspace | None = None,
) -> Lineage:
    """Show what something was made of and what was made of it: files, cells, datasets, fits, versions, endpoints.

    Files are told apart by their bytes, so that a path whose content changed is another file, and a file that one notebook wrote
    and another read links the two.
    """
    if depth is not None and depth < 0:
        raise Invalid(f"{depth} is no number of steps.", hint="0 and more; all if not given")
    place = use(workspace)
    RunBook(place).settle()
    graph = Graph()
    expansion = Expansion(place, graph)
    named, roots = Subjects(place, graph, expansion).find(subject)
    edges = []
    # Upwards first: what is found on the way down must not look like a source.
    if upstream or not downstream:
        edges += graph.walk(roots, upstream=True, depth=depth, expand=expansion.up)
    if downstream or not upstream:
        edges += graph.walk(roots, upstream=False, depth=depth, expand=expansion.down)
    edges = list({(edge.source, edge.target): edge for edge in edges}.values())
    ids = dict.fromkeys([*roots, *(end for edge in edges for end in (edge.source, edge.target))])
    nodes = [graph.nodes[node] for node in ids]
    if not every:
        nodes, edges, roots = grouped(nodes, edges, roots)
    return Lineage(subject=named, roots=roots, nodes=nodes, edges=edges)
