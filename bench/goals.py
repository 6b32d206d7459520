# SPDX-License-Identifier: Apache-2.0
"""What the measures are to be, beside the peer of the same run: the table that `make bench` ends with."""
from dataclasses import dataclass
from typing import Dict, Optional

Medians = Dict[str, Dict[str, float]]  # subject, the last one ours; measure: seconds per operation


@dataclass(frozen=True)
class Goal:
    """A ratio of our time to the peer's that should not be more than `limit`; or, `turned`, of the peer's to ours that should
    not be less."""

    group: str
    label: str
    measure: str
    peer: str
    limit: float
    turned: bool = False

    def value(self, medians: Medians, ours: str) -> Optional[float]:
        """None if one of the two was not measured."""
        mine, theirs = medians[ours].get(self.measure), medians.get(self.peer, {}).get(self.measure)
        if not mine or not theirs:
            return None
        return theirs / mine if self.turned else mine / theirs

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.turned else value <= self.limit


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
        )
    ),
    Goal("daemon on HeliosDB, Python", "the engine's own LIKE over us", "like_count", "libpq in C", 20, True),
]


def print_goals(results: Dict[str, Medians]) -> None:
    """A line for each goal of the groups that were measured."""
    print("\ngoals: a ratio, what it should be, and whether it is")
    for group, medians in results.items():
        *_, ours = medians
        for goal in (goal for goal in GOALS if goal.group == group):
            value = goal.value(medians, ours)
            wanted = f"{'>=' if goal.turned else '<='} {goal.limit:g}"
            said = "not measured" if value is None else f"{value:6.2f}  {'reached' if goal.reached(value) else 'MISSED'}"
            print(f"{f'{group}: {goal.label}':75}{wanted:>8}  {said}")
