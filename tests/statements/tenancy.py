"""Whether a statement stays with one organization, by how PostgreSQL itself reads it.

Where rows are spread by organization, a statement goes to one node if each distributed table in it
has `organization_id = $n`, itself or by a join with one that has. pglast is PostgreSQL's parser.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

import pglast
from pglast.enums import A_Expr_Kind, BoolExprType
from tests.statements.equalities import PARAMETER, Column, Equalities

from kalends.store.table_kinds import KINDS, TENANT_COLUMN, TableKind

# What a derived table gives: each column's name, and whether it is the one organization.
# A name of None is a column (or any number of them) of which nothing is known.
Outputs = list[tuple[str | None, bool]]
# Any field of a node may be None for its types, also where the grammar always gives it.
ast: Any = pglast.ast
Node = Any
ROW_OF_TRIGGER: Final = (f"new.{TENANT_COLUMN}", f"old.{TENANT_COLUMN}")
CHANGES: Final = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)


class Judgement:
    """What is wrong with a statement. `scattered` may have a reason, `forbidden` has none."""

    def __init__(self) -> None:
        self.scattered: list[str] = []
        self.forbidden: list[str] = []
        self.kinds: set[TableKind] = set()

    @property
    def faults(self) -> list[str]:
        return self.scattered + self.forbidden


def judge(text: str, variables: Sequence[str] = ()) -> Judgement:
    """Judges one or more statements; `variables` are names that stand for parameters, in the body
    of a function. Raises pglast.parser.ParseError."""
    judgement = Judgement()
    for raw in pglast.parse_sql(text):
        _judge_statement(raw.stmt, frozenset(variables), judgement)
    return judgement


def judge_function(definition: str) -> Judgement:
    """Judges all statements in the body of a function in PL/pgSQL. Its variables, and the
    organization of the row that a trigger is for, are as good as parameters."""
    judgement = Judgement()
    tree = json.loads(pglast.parser.parse_plpgsql_json(definition))
    variables = [*_variables_in(tree), *ROW_OF_TRIGGER]
    for query in _queries_in(tree):
        if query.split(maxsplit=1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            one = judge(query, variables)
            judgement.scattered += one.scattered
            judgement.forbidden += one.forbidden
    return judgement


def _judge_statement(statement: Any, variables: frozenset[str], judgement: Judgement) -> None:
    level = _Level(judgement, variables, {}, Equalities())
    if isinstance(statement, (ast.ExplainStmt, ast.DeclareCursorStmt)):
        statement = statement.query
    if not isinstance(statement, (ast.SelectStmt, *CHANGES)):
        return
    level.read(statement)
    if {TableKind.DISTRIBUTED, TableKind.LOCAL} <= judgement.kinds:
        judgement.scattered.append("distributed and local tables in one statement")
    if isinstance(statement, ast.InsertStmt) and statement.withClause:
        judgement.scattered.append("a CTE feeds an INSERT: put the INSERT into the CTE")


class _Level:
    """One level of a statement: a SELECT or a change, with the tables of its FROM."""

    def __init__(
        self,
        judgement: Judgement,
        variables: frozenset[str],
        ctes: dict[str, Outputs],
        equalities: Equalities,
        outer: "_Level | None" = None,
    ) -> None:
        self.judgement = judgement
        self.variables = variables
        self.ctes = dict(ctes)
        self.equalities = equalities
        self.outer = outer
        self.tables: dict[str, str] = {}
        self.derived: dict[str, Outputs] = {}
        self.laterals: list[tuple[str, ast.RangeSubselect]] = []

    def read(self, statement: Any) -> Outputs:
        """Judges the statement. Returns what it gives to whom it is derived for."""
        self._read_ctes(statement.withClause)
        if isinstance(statement, ast.SelectStmt):
            return self._read_select(statement)
        return self._read_change(statement)

    def _read_ctes(self, clause: Node) -> None:
        for cte in clause.ctes if clause else ():
            outputs = self._inner(Equalities()).read(cte.ctequery)
            names = [name.sval for name in cte.aliascolnames or ()]
            self.ctes[cte.ctename] = _renamed(outputs, names)

    def _read_select(self, select: Node) -> Outputs:
        if select.larg:
            left, right = (self._inner().read(arm) for arm in (select.larg, select.rarg))
            pairs = zip_longest(left, right, fillvalue=(None, False))
            return [(one[0], one[1] and other[1]) for one, other in pairs]
        if select.valuesLists:
            self._read_expressions(select)
            return [(None, self._is_tenant(value)) for value in select.valuesLists[0]]
        for item in select.fromClause or ():
            self._read_from(item)
        self._equate(select.whereClause)
        self._finish(select)
        return self._outputs(select.targetList)

    def _read_change(self, change: Any) -> Outputs:
        self._read_from(change.relation)
        if isinstance(change, ast.InsertStmt):
            self._read_insert(change)
        else:
            for item in getattr(change, "fromClause", None) or change_using(change):
                self._read_from(item)
            self._equate(change.whereClause)
        self._check_stable(change)
        self._finish(change)
        returning = change.returningList if hasattr(change, "returningList") else None
        if returning is None and getattr(change, "returningClause", None):
            returning = change.returningClause.exprs
        return self._outputs(returning)

    def _read_insert(self, insert: Node) -> None:
        table = insert.relation.relname
        if KINDS.get(table) is not TableKind.DISTRIBUTED:
            return
        columns = [column.name for column in insert.cols or ()]
        if TENANT_COLUMN not in columns or insert.selectStmt is None:
            self.judgement.scattered.append(f"INSERT INTO {table} does not name {TENANT_COLUMN}")
            return
        outputs = self._inner().read(insert.selectStmt)
        rows = insert.selectStmt.valuesLists or ()
        place = columns.index(TENANT_COLUMN)
        is_tenant = place < len(outputs) and outputs[place][1]
        if is_tenant and all(self._is_tenant(row[place]) for row in rows):
            alias = insert.relation.alias.aliasname if insert.relation.alias else table
            self.equalities.equate(self._column(alias, TENANT_COLUMN), PARAMETER)

    def _read_from(self, item: Any) -> None:
        if isinstance(item, ast.JoinExpr):
            self._read_join(item)
        elif isinstance(item, ast.RangeVar):
            self._read_table(item)
        elif isinstance(item, ast.RangeSubselect):
            # Its columns may be those of tables that come later: read once all are known.
            self.laterals.append((item.alias.aliasname, item))
            self.derived[item.alias.aliasname] = self._foretold(item)
        elif isinstance(item, ast.RangeFunction) and item.alias:
            names = [name.sval for name in item.alias.colnames or ()]
            self.derived[item.alias.aliasname] = [(name, False) for name in names]

    def _foretold(self, item: Node) -> Outputs:
        silent = _Level(Judgement(), self.variables, self.ctes, self.equalities.copy(), self)
        return _renamed(silent.read(item.subquery), [n.sval for n in item.alias.colnames or ()])

    def _read_table(self, table: Node) -> None:
        alias = table.alias.aliasname if table.alias else table.relname
        if table.relname in self.ctes and not table.schemaname:
            self.derived[alias] = self.ctes[table.relname]
            return
        self.tables[alias] = table.relname
        if table.relname in KINDS:
            self.judgement.kinds.add(KINDS[table.relname])

    def _read_join(self, join: Node) -> None:
        before = set(self.tables) | set(self.derived)
        self._read_from(join.larg)
        left = (set(self.tables) | set(self.derived)) - before
        self._read_from(join.rarg)
        right = (set(self.tables) | set(self.derived)) - before - left
        for name in (column.sval for column in join.usingClause or ()):
            sides = [self._column(a, name) for a in (left | right) if self._has(a, name)]
            for one in sides[1:]:
                self.equalities.equate(sides[0], one)
        self._equate(join.quals)

    def _finish(self, statement: Any) -> None:
        """Judges what lies within, and then each distributed table of this level."""
        for alias, outputs in self.derived.items():
            for name, is_tenant in outputs:
                if name and is_tenant:
                    self.equalities.equate(self._column(alias, name), PARAMETER)
        for alias, item in self.laterals:
            names = [n.sval for n in item.alias.colnames or ()]
            self.derived[alias] = _renamed(self._inner().read(item.subquery), names)
        for alias, outputs in self.derived.items():
            for name, is_tenant in outputs:
                if name and is_tenant:
                    self.equalities.equate(self._column(alias, name), PARAMETER)
        self._read_expressions(statement)
        of_ctid = _tables_of_ctid(statement)
        for alias, table in self.tables.items():
            self._check_table(alias, table, bool({alias, ""} & of_ctid))

    def _check_table(self, alias: str, table: str, has_ctid: bool) -> None:
        kind = KINDS.get(table)
        if kind is TableKind.REFERENCE and has_ctid:
            self.judgement.forbidden.append(f"{table}: ctid differs from node to node")
        if kind is not TableKind.DISTRIBUTED:
            return
        if not self.equalities.has_parameter(self._column(alias, TENANT_COLUMN)):
            self.judgement.scattered.append(f"{table} without {TENANT_COLUMN} = $n")
            if has_ctid:
                self.judgement.forbidden.append(f"{table}: ctid without {TENANT_COLUMN} = $n")

    def _read_expressions(self, statement: Any) -> None:
        for query in _subqueries_in(statement):
            self._inner().read(query)

    def _inner(self, equalities: Equalities | None = None) -> "_Level":
        known = self.equalities.copy() if equalities is None else equalities
        return _Level(self.judgement, self.variables, self.ctes, known, self)

    def _equate(self, condition: Any) -> None:
        if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
            for part in condition.args:
                self._equate(part)
        elif (
            isinstance(condition, ast.A_Expr)
            and condition.kind == A_Expr_Kind.AEXPR_OP
            and condition.name[-1].sval == "="
        ):
            self._equate_sides(condition.lexpr, condition.rexpr)

    def _equate_sides(self, left: Any, right: Any) -> None:
        if isinstance(left, ast.RowExpr) and isinstance(right, ast.RowExpr):
            for one, other in zip(left.args, right.args, strict=True):
                self._equate_sides(one, other)
            return
        one, other = self._term(left), self._term(right)
        if one is not None and other is not None:
            self.equalities.equate(one, other)

    def _is_tenant(self, expression: Any) -> bool:
        term = self._term(expression)
        return term is not None and self.equalities.has_parameter(term)

    def _term(self, expression: Any) -> Column | None:
        """What an expression is, where it is a parameter or a column."""
        while isinstance(expression, ast.TypeCast):
            expression = expression.arg
        if isinstance(expression, ast.ParamRef):
            return PARAMETER
        if not isinstance(expression, ast.ColumnRef) or isinstance(
            expression.fields[-1], ast.A_Star
        ):
            return None
        names = [field.sval for field in expression.fields]
        if ".".join(names) in self.variables:
            return PARAMETER
        return self._resolve(names[-2] if len(names) > 1 else None, names[-1])

    def _resolve(self, alias: str | None, name: str) -> Column | None:
        level: _Level | None = self
        while level is not None:
            known = [alias] if alias else [*level.tables, *level.derived]
            for one in known:
                if (one in level.tables or one in level.derived) and level._has(one, name):
                    return level._column(one, name)
            level = level.outer
        return None

    def _has(self, alias: str, name: str) -> bool:
        if alias in self.tables:
            return name != TENANT_COLUMN or KINDS.get(self.tables[alias]) is not None
        return any(known in (name, None) for known, _ in self.derived[alias])

    def _column(self, alias: str, name: str) -> Column:
        return id(self), alias, name

    def _outputs(self, targets: Any) -> Outputs:
        outputs: Outputs = []
        for target in targets or ():
            value = target.val
            if isinstance(value, ast.ColumnRef) and isinstance(value.fields[-1], ast.A_Star):
                outputs += self._all_of(value.fields[0].sval if len(value.fields) > 1 else None)
            else:
                name = target.name or _name_of(value)
                outputs.append((name, self._is_tenant(value)))
        return outputs

    def _all_of(self, alias: str | None) -> Outputs:
        outputs: Outputs = []
        for one in [alias] if alias else [*self.tables, *self.derived]:
            if one in self.tables:
                column = self._column(one, TENANT_COLUMN)
                outputs.append((TENANT_COLUMN, self.equalities.has_parameter(column)))
                outputs.append((None, False))
            else:
                outputs += self.derived.get(one, [])
        return outputs

    def _check_stable(self, change: Any) -> None:
        """A change may not ask for what depends on the time zone or the clock for each row."""
        if KINDS.get(change.relation.relname) in (None, TableKind.LOCAL):
            return
        for node in _nodes_in(change):
            if isinstance(node, ast.A_Expr) and _adds_interval_of_column(node):
                self.judgement.scattered.append("an instant and an interval of a column are added")


def change_using(change: Any) -> Sequence[Any]:
    """The further tables of a DELETE."""
    return getattr(change, "usingClause", None) or ()


def _renamed(outputs: Outputs, names: Sequence[str]) -> Outputs:
    return [
        (names[place] if place < len(names) else name, is_tenant)
        for place, (name, is_tenant) in enumerate(outputs)
    ]


def _name_of(value: Any) -> str | None:
    while isinstance(value, ast.TypeCast):
        value = value.arg
    if isinstance(value, ast.ColumnRef):
        return str(value.fields[-1].sval)
    return None if isinstance(value, ast.SubLink) else "?column?"


def _children_of(node: Any) -> Iterator[Any]:
    if isinstance(node, list | tuple):
        yield from node
    elif isinstance(node, ast.Node):
        for name in node:
            yield getattr(node, name)


def _nodes_in(node: Any, *, into_queries: bool = True) -> Iterator[Node]:
    for child in _children_of(node):
        if isinstance(child, ast.Node):
            yield child
        if into_queries or not isinstance(child, (ast.SelectStmt, ast.WithClause)):
            yield from _nodes_in(child, into_queries=into_queries)


def _subqueries_in(statement: Any) -> Iterator[Node]:
    """The queries in its expressions: not those of its FROM or WITH, nor what an INSERT takes."""
    for node in _nodes_in(statement, into_queries=False):
        if isinstance(node, ast.SubLink):
            yield node.subselect


def _tables_of_ctid(statement: Any) -> set[str]:
    """The aliases whose ctid is named; "" where it has none."""
    references = (
        [getattr(field, "sval", "*") for field in node.fields]
        for node in _nodes_in(statement, into_queries=False)
        if isinstance(node, ast.ColumnRef)
    )
    return {"".join(names[:-1]) for names in references if names[-1] == "ctid"}


def _adds_interval_of_column(expression: Node) -> bool:
    if expression.kind != A_Expr_Kind.AEXPR_OP or expression.name[-1].sval not in ("+", "-"):
        return False
    # What `extract` makes of an instant or an interval is a number, which may be added.
    sides = [side for side in (expression.lexpr, expression.rexpr) if not _is_extracted(side)]
    nodes = [node for side in sides if side for node in (side, *_nodes_in(side))]
    return any(isinstance(node, ast.ColumnRef) for node in nodes) and any(
        _is_interval(node) for node in nodes
    )


def _is_extracted(node: Node) -> bool:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return isinstance(node, ast.FuncCall) and node.funcname[-1].sval == "extract"


def _is_interval(node: Node) -> bool:
    if isinstance(node, ast.TypeCast):
        return bool(node.typeName.names[-1].sval == "interval")
    return isinstance(node, ast.FuncCall) and node.funcname[-1].sval == "make_interval"


def _variables_in(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if "PLpgSQL_var" in tree:
            yield tree["PLpgSQL_var"]["refname"]
        tree = list(tree.values())
    for one in tree if isinstance(tree, list) else ():
        yield from _variables_in(one)


def _queries_in(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == "PLpgSQL_expr":
                yield value["query"]
            else:
                yield from _queries_in(value)
    elif isinstance(tree, list):
        for one in tree:
            yield from _queries_in(one)
