"""Dry runs: runs a use case, reports its result, and rolls its transaction back."""

from typing import Any, ParamSpec, TypeVar

from kalends.runtime import unit_of_work as working
from kalends.runtime.unit_of_work import Caller, Context, UnitOfWork, UseCase

P = ParamSpec("P")
R = TypeVar("R")


class _RolledBack(Exception):
    """Ends the transaction of a dry run, and carries its result."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


async def try_change(
    context: Context, caller: Caller, use_case: UseCase[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """What `change` would return; the transaction is rolled back."""

    async def rolled_back(work: UnitOfWork) -> None:
        raise _RolledBack(await use_case(work, *args, **kwargs))

    try:
        await working.change(context, caller, rolled_back)
    except _RolledBack as end:
        result: R = end.result
        return result
    raise AssertionError("what is tried ends by being rolled back")
