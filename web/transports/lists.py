"""Lists of operations in one request."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
from strawberry.types import ExecutionResult

from base.errors import Refusal
from base.logging import current_log_context
from schema.context import Context
from schema.loaders import Loaders
from web.errors import refusal_of
from web.operations import first_error_code, refused
from web.pipeline import Operation, Pipeline
from web.requests import request_data
from web.transports.exchange import Exchange


class ListRunner:
    """Runs the operations of a list one after the other, each as it would have been alone."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def run(self, exchange: Exchange, operations: list[Any], types: frozenset[str]) -> list[ExecutionResult]:
        """The results in order, all of them within one deadline and the largest size of one answer.

        Args:
            exchange: The request that has the list.
            operations: As they were sent; each may be wrong by itself.
            types: The types of operations that may come by its method.
        """
        results: list[ExecutionResult] = []
        since, answered_bytes = asyncio.get_running_loop().time(), 0
        for operation in operations:
            alone = replace(exchange.context, loaders=Loaders(), answered_bytes=answered_bytes)
            try:
                if results:  # the first was counted, and its caller found, when the request came in
                    exchange.allowance = await self._pipeline.count(alone)
                    await self._find_caller_again(alone)
                result = await self._run_one(Operation(request_data(operation), types, since=since), alone)
            except Exception as error:  # noqa: BLE001  it refuses this operation, and no other
                result = refused(refusal_of(error))
            answered_bytes += len(orjson.dumps(result.data))
            results.append(result)
        if (log_context := current_log_context.get()) is not None:
            log_context.operation = "list"
            log_context.code = next(filter(None, map(first_error_code, results)), None)
        return results

    async def _run_one(self, operation: Operation, context: Context) -> ExecutionResult:
        admitted = await self._pipeline.admit(operation, context)
        try:
            return await self._pipeline.run(admitted, context)
        finally:
            admitted.release()

    async def _find_caller_again(self, context: Context) -> None:
        """An operation before may have ended the token."""
        try:
            await self._pipeline.find_caller(context)
        except Refusal as refusal:
            context.caller, context.refusal = None, refusal
