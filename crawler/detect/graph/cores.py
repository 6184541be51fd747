"""The dense part of a graph of accounts: k-cores, and the components in which they lie."""

from collections.abc import Iterable, Mapping

Links = dict[int, set[int]]


def linked(pairs: Iterable[tuple[int, int]]) -> Links:
    """Neighbours of every node; a node is no neighbour of itself."""
    links: Links = {}
    for one, two in pairs:
        if one != two:
            links.setdefault(one, set()).add(two)
            links.setdefault(two, set()).add(one)
    return links


def core_numbers(links: Mapping[int, set[int]]) -> dict[int, int]:
    """Of each node the largest k such that it lies in a part where everyone has k neighbours in that part.

    Peels nodes in the order of their degree, in linear time (Batagelj & Zaveršnik 2003).
    """
    degree = {node: len(neighbours) for node, neighbours in links.items()}
    bins: list[list[int]] = [[] for _ in range(max(degree.values(), default=0) + 1)]
    for node, number in degree.items():
        bins[number].append(node)
    core: dict[int, int] = {}
    level = 0
    while level < len(bins):
        if not bins[level]:
            level += 1
            continue
        node = bins[level].pop()
        if node in core or degree[node] != level:
            continue  # counted again at its lower degree
        core[node] = level
        for other in links[node]:
            if other not in core and degree[other] > level:
                degree[other] -= 1
                bins[degree[other]].append(other)
    return core


def components(links: Mapping[int, set[int]], nodes: Iterable[int]) -> list[list[int]]:
    """The connected parts among `nodes`, each sorted, in order of their smallest node."""
    left, parts = set(nodes), []
    for start in sorted(left):
        if start not in left:
            continue
        left.discard(start)
        part, waiting = [start], [start]
        while waiting:
            reached = links.get(waiting.pop(), set()) & left
            left -= reached
            part += reached
            waiting += reached
        parts.append(sorted(part))
    return parts
