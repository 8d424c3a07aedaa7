"""The MCP SDK's client and server, as they trace themselves."""

import asyncio
import contextlib

from mcp import Client
from mcp.server import MCPServer
from tracing import run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
server = MCPServer("weather")


@server.tool()
def get_weather(city: str) -> str:
    """The weather in a city."""
    if city == "nowhere":
        raise ValueError("no such city")
    return weather_in(city)


async def call(city: str) -> None:
    """The list of tools, and one call, over streams as between processes."""
    async with Client(server, mode="legacy") as client:
        await client.list_tools()
        with contextlib.suppress(Exception):
            await client.call_tool("get_weather", {"city": city})


CASES = {"tools": lambda: asyncio.run(call("Paris")), "error": lambda: asyncio.run(call("nowhere"))}
run(CASES, provider.shutdown)
