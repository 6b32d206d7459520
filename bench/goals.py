# SPDX-License-Identifier: Apache-2.0
"""What the measures are to be, most of them beside the peer of the same run: the table that `make bench` ends with."""
from dataclasses import dataclass
from typing import Dict, List, Optional

Medians = Dict[str, Dict[str, float]]  # subject, the last one ours; measure: seconds per operation, or bytes


@dataclass(frozen=True)
class Goal:
    """A ratio of our time to that of the peer `beside`, which should not be more than `limit`; or, `turned`, of the peer's to
    ours, which should not be less."""

    group: str
    label: str
    measure: str
    beside: str
    limit: float
    turned: bool = False

    def value(self, medians: Medians, ours: str) -> Optional[float]:
        """None if one of the two was not measured."""
        mine, theirs = medians[ours].get(self.measure), medians.get(self.beside, {}).get(self.measure)
        if not mine or not theirs:
            return None
        return theirs / mine if self.turned else mine / theirs

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.turned else value <= self.limit

    def wanted(self) -> str:
        return f"{'>=' if self.turned else '<='} {self.limit:g}"


@dataclass(frozen=True)
class More(Goal):
    """How many milliseconds more than the peer's our time is."""

    def value(self, medians: Medians, ours: str) -> Optional[float]:
        mine, theirs = medians[ours].get(self.measure), medians.get(self.beside, {}).get(self.measure)
        return None if mine is None or theirs is None else (mine - theirs) * 1e3

    def wanted(self) -> str:
        return f"<= {self.limit:g} ms"


@dataclass(frozen=True)
class Alone(Goal):
    """A measure that has no peer, `beside` is its unit."""

    def value(self, medians: Medians, ours: str) -> Optional[float]:
        mine = medians[ours].get(self.measure)
        return None if mine is None else mine * {"ms": 1e3, "us": 1e6, "MB": 1e-6}[self.beside]

    def wanted(self) -> str:
        return f"<= {self.limit:g} {self.beside}"


def scans(group: str, measure: str, lane: str) -> List[Goal]:
    return [
        Alone(group, f"memory of a cursor over all rows{lane}", f"{measure}_memory", "MB", 64),
        Alone(group, f"more memory when that is repeated{lane}", f"{measure}_growth", "MB", 1),
    ]


GOALS = [
    *(
        Goal("embedded, C", f"{label}, over libsqlite3", measure, "libsqlite3", 1.05)
        for label, measure in (
            ("select by key", "point_select"),
            ("count(*) with LIKE", "like_count"),
            ("join", "join"),
            ("strftime and GROUP BY", "group_by"),
        )
    ),
    Goal("embedded, C", "insert in a transaction of many, over libsqlite3", "executemany", "libsqlite3", 1.8),
    Goal("embedded, Python", "select by key, over sqlite3", "point_select", "sqlite3", 1.6),
    Goal("embedded, Python", "fetchall, over sqlite3", "fetchall", "sqlite3", 1.5),
    Goal("embedded, Python", "insert in a transaction, over sqlite3", "insert_transaction", "sqlite3", 2.5),
    Goal("embedded, Python", "executemany, over sqlite3", "executemany", "sqlite3", 2.5),
    Goal("embedded, Python", "insert + commit, FULL, over sqlite3", "insert_commit", "sqlite3", 0.5),
    Goal("embedded, Python", "insert + commit, OFF, over sqlite3", "insert_commit_off", "sqlite3", 1.2),
    More("embedded, Python", "first connect on what is there, over sqlite3", "connect_existing", "sqlite3", 5),
    More("embedded, Python", "second connect, over sqlite3", "connect_second", "sqlite3", 1),
    *(
        Goal("embedded, C: behind the file", f"insert + commit, {level}, over libpq's insert", measure, "libpq", 1.3)
        for level, measure in (("FULL", "insert_commit"), ("OFF", "insert_commit_off"))
    ),
    Alone("embedded, C: behind the file", "lag at 5,000 commits a second, the longest", "lag_longest", "ms", 50),
    Alone("embedded, C: behind the file", "catching up on many rows, a row", "catch_up", "us", 10),
    Alone("embedded, C: behind the file", "rebuild of a lost file, a row", "rebuild", "us", 4),
    *scans("embedded, C: scan", "scan_file", ""),
    Goal("embedded, Node", "get by key, over better-sqlite3", "point_select", "better-sqlite3", 1.5),
    Goal("embedded, Node", "all, over better-sqlite3", "fetchall", "better-sqlite3", 1.5),
    Goal("embedded, Ruby", "execute, a row, over the gem sqlite3", "point_select", "sqlite3 gem", 1.5),
    Goal("embedded, Ruby", "execute, many rows, over the gem sqlite3", "fetchall", "sqlite3 gem", 1.5),
    *(
        goal
        for server in ("HeliosDB", "PostgreSQL")
        for goal in (
            Goal(f"daemon on {server}, Python", "psycopg over us: select by key", "point_select", "psycopg", 2, True),
            Goal(f"daemon on {server}, Python", "psycopg over us: executemany", "executemany", "psycopg", 4, True),
            Goal(f"daemon on {server}, Python", "psycopg over us: fetchall", "fetchall", "psycopg", 1, True),
            Goal(f"daemon on {server}, C", "select by key, over libpq", "point_select", "libpq in C", 1.1),
            Goal(f"daemon on {server}, C", "insert + commit, over libpq", "insert_commit", "libpq in C", 1.1),
            Goal(f"daemon on {server}, C", "update by key + commit, over libpq", "update_commit", "libpq in C", 1.1),
            *scans(f"daemon on {server}, C: scan", "scan_direct", ", direct=auto"),
            *scans(f"daemon on {server}, C: scan", "scan_rows", ", direct=off"),
        )
    ),
    Goal("daemon on HeliosDB, Python", "the engine's own LIKE over us", "like_count", "libpq in C", 20, True),
    Goal("daemon on HeliosDB, Python", "the engine's own join of 1,000 rows over us", "range_join", "libpq in C", 5, True),
    Goal("daemon on HeliosDB, C", "the engine's own LIKE over us", "like_count", "libpq in C", 20, True),
    Goal("daemon on HeliosDB, C", "the engine's own join of 1,000 rows over us", "range_join", "libpq in C", 5, True),
]


def print_goals(results: Dict[str, Medians]) -> None:
    """A line for each goal of the groups that were measured."""
    print("\ngoals: a ratio, or what its unit says, what it should be, and whether it is")
    for group, medians in results.items():
        *_, ours = medians
        for goal in (goal for goal in GOALS if goal.group == group):
            value = goal.value(medians, ours)
            said = "not measured" if value is None else f"{value:6.2f}  {'reached' if goal.reached(value) else 'MISSED'}"
            print(f"{f'{group}: {goal.label}':85}{goal.wanted():>9}  {said}")
