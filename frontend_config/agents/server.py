"""Gradio's MCP server with all but the tools taken out of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr
from mcp import types

from backend import __version__
from frontend_config.agents.board import WORDS
from frontend_config.words import notice

# Gradio answers what is asked about resources and prompts by asking itself over the network, at whatever port the
# Host header of the request names.
KEPT = frozenset({types.PingRequest, types.ListToolsRequest, types.CallToolRequest})
HARMLESS = types.ToolAnnotations(readOnlyHint=True, destructiveHint=False, idempotentHint=True, openWorldHint=False)
Handler = Callable[[Any], Awaitable[types.ServerResult]]


def keep_to_tools(pages: gr.Blocks) -> None:
    """The server of these mounted pages lists and calls tools afterwards, and answers each request in one JSON text.

    RuntimeError when Gradio did not start it: then it has swallowed the reason but for a sentence.
    """
    found = pages.mcp_server_obj
    if found is None:
        raise RuntimeError(f"Gradio's MCP server was not mounted. {pages.mcp_error or ''}")
    server = found.mcp_server
    for kind in server.request_handlers.keys() - KEPT:
        del server.request_handlers[kind]
    server.request_handlers[types.ListToolsRequest] = _marked(server.request_handlers[types.ListToolsRequest])
    server.version = __version__
    server.instructions = " ".join(notice(name, WORDS) for name in ("benchmark", "how to read", "strangers"))
    found.manager.json_response = True  # a stream of events could be held open


def _marked(listing: Handler) -> Handler:
    """The list with what Gradio does not say: the tools change nothing, and take no other arguments."""

    async def marked(request: Any) -> types.ServerResult:
        answer = await listing(request)
        if isinstance(answer.root, types.ListToolsResult):
            for tool in answer.root.tools:
                tool.inputSchema["additionalProperties"] = False
                tool.annotations = HARMLESS
        return answer

    return marked
