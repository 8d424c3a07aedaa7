"""Which SDKs are captured, in which cases, and what they need to run."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Sdk(NamedTuple):
    """One instrumentation. `needs` names a file in requirements/, or a directory in node/."""

    needs: str
    script: str
    cases: tuple[str, ...]

    def command(self, work: Path, here: Path) -> list[str]:
        """What runs the script, to which a case is to be added; sets up what it needs first."""
        script = here / "scripts" / self.script
        if script.suffix == ".mjs":
            modules = _node(work / self.needs, here / "node" / self.needs)
            for source in script.parent.glob("*.mjs"):  # node looks for modules beside the script
                (modules / source.name).write_bytes(source.read_bytes())
            return ["node", str(modules / script.name)]
        return [str(_venv(work / self.needs, here / f"requirements/{self.needs}.txt")), str(script)]


_OPENAI = ("chat", "streaming", "tools", "responses", "embeddings", "error")
_ANTHROPIC = ("chat", "streaming", "tools", "error")
_CLAUDE = tuple(f"anthropic-{case}" for case in ("chat", "fresh", "streaming", "tools", "error"))
_OLD_OPENAI = ("chat", "streaming", "tools", "embeddings", "error")
_VERCEL = ("chat", "streaming", "agent", "responses", "embeddings", "error")
_AGENT = ("agent", "error")
_AGENTS = ("agent", "handoff", "guardrail", "error")

SDKS = {
    "openllmetry-openai": Sdk("openllmetry", "openllmetry_openai.py", _OPENAI),
    "openllmetry-anthropic": Sdk("openllmetry", "openllmetry_anthropic.py", _ANTHROPIC),
    "openllmetry-old-openai": Sdk("openllmetry_old", "openllmetry_openai.py", _OLD_OPENAI),
    "openllmetry-old-anthropic": Sdk(
        "openllmetry_old", "openllmetry_anthropic.py", ("chat", "streaming", "tools")
    ),
    "traceloop": Sdk("openllmetry", "traceloop_sdk.py", ("agent",)),
    "openinference-openai": Sdk("openinference", "openinference_openai.py", (*_OPENAI, "user")),
    "openinference-anthropic": Sdk("openinference", "openinference_anthropic.py", _ANTHROPIC),
    "pydantic-ai": Sdk(
        "pydantic_ai",
        "pydantic_agent.py",
        (
            "chat",
            "streaming",
            "error",
            "embeddings",
            "agent",
            "agent-responses",
            "agent-anthropic",
        ),
    ),
    "langfuse": Sdk("langfuse", "langfuse_sdk.py", (*_OPENAI, "agent", "manual")),
    "vercel-ai-5": Sdk("vercel-5", "vercel_5.mjs", _VERCEL),
    "vercel-ai": Sdk("vercel", "vercel.mjs", _VERCEL),
    "langgraph": Sdk("langgraph", "langgraph_agent.py", ("agent", "streaming", "error")),
    "openai-agents": Sdk("agents", "openai_agents.py", _AGENTS),
    "strands": Sdk("strands", "strands_agent.py", ("agent", "error")),
    "litellm": Sdk("litellm", "litellm_calls.py", ("chat", "streaming", "embeddings", "error")),
    "otel-openai": Sdk("otel_openai", "otel_openai.py", _OLD_OPENAI),
    "otel-openai-latest": Sdk("otel_openai", "otel_openai_latest.py", _OLD_OPENAI),
    "llama-index": Sdk(
        "llama_index",
        "llama_index_agent.py",
        ("chat", "streaming", "anthropic", "agent", "query", "error"),
    ),
    "smolagents": Sdk("smolagents", "smolagents_agent.py", (*_AGENT, "streaming")),
    "openlit": Sdk(
        "openlit",
        "openlit_sdk.py",
        (*_OPENAI, *(f"anthropic-{case}" for case in (*_ANTHROPIC, "fresh"))),
    ),
    "crewai-openinference": Sdk("crewai", "crewai_openinference.py", _AGENT),
    "crewai-openllmetry": Sdk("crewai_openllmetry", "crewai_openllmetry.py", _AGENT),
    "agno": Sdk("agno", "agno_agent.py", (*_AGENT, "streaming", "anthropic")),
    "autogen": Sdk("autogen", "autogen_agent.py", _AGENT),
    "google-adk": Sdk("google_adk", "google_adk_agent.py", (*_AGENT, "streaming", "anthropic")),
    "dspy": Sdk("dspy", "dspy_program.py", ("chat", "error")),
    "haystack": Sdk(
        "haystack", "haystack_pipeline.py", ("chat", "anthropic", "embeddings", *_AGENT)
    ),
    "semantic-kernel": Sdk("semantic_kernel", "semantic_kernel_agent.py", (*_AGENT, "streaming")),
    "langchain-anthropic": Sdk(
        "langchain_anthropic", "langchain_anthropic_agent.py", ("agent", "fresh", "streaming")
    ),
    "claude-agent": Sdk("claude_agent", "claude_agent.py", ("own", "own-error", "openinference")),
    "openllmetry-langchain": Sdk(
        "openllmetry_langchain",
        "openllmetry_langchain.py",
        ("agent", "streaming", "anthropic", "error"),
    ),
    "langfuse-langchain": Sdk(
        "langfuse_langchain", "langfuse_langchain.py", ("agent", "streaming", "error")
    ),
    "logfire": Sdk(
        "logfire",
        "logfire_sdk.py",
        (*_OPENAI, *(f"anthropic-{case}" for case in ("chat", "fresh", "tools", "error"))),
    ),
    "mcp": Sdk("mcp", "mcp_sdk.py", ("tools", "error")),
    "openinference-js": Sdk(
        "openinference-js", "openinference_js.mjs", (*_OPENAI[:-1], "user", *_CLAUDE)
    ),
    "langfuse-js": Sdk("langfuse-js", "langfuse_js.mjs", (*_OPENAI, "agent")),
    "otel-openai-js": Sdk("otel-openai-js", "otel_openai_js.mjs", _OPENAI),
    "openllmetry-js": Sdk(
        "openllmetry-js",
        "openllmetry_js.mjs",
        ("chat", "streaming", "tools", "responses", "agent", *_CLAUDE),
    ),
    "openai-agents-js": Sdk("agents-js", "agents_js.mjs", ("agent", "chat", "handoff", "error")),
    "langchain-js": Sdk(
        "openinference-langchain-js", "langchain_js.mjs", ("agent", "streaming", "error")
    ),
    "langfuse-langchain-js": Sdk(
        "langfuse-langchain-js", "langfuse_langchain_js.mjs", ("agent", "streaming", "error")
    ),
    "openllmetry-langchain-js": Sdk(
        "openllmetry-langchain-js", "openllmetry_langchain_js.mjs", ("agent", "streaming", "error")
    ),
    "llama-index-ts": Sdk(
        "llamaindex-ts", "llama_index_ts.mjs", ("chat", "streaming", "query", "error")
    ),
    "genkit": Sdk("genkit", "genkit.mjs", ("chat", "streaming", "agent", "embeddings", "error")),
    "mastra": Sdk("mastra", "mastra.mjs", ("agent", "chat", "streaming", "error")),
    "agent-framework": Sdk(
        "agent_framework",
        "agent_framework_agent.py",
        ("agent", "responses", "chat", "streaming", "error"),
    ),
    "instructor": Sdk("instructor", "instructor_calls.py", ("chat", "both", "error")),
    "openai-agents-otel": Sdk("agents_v2", "openai_agents_otel.py", _AGENTS),
    "openai-agents-openllmetry": Sdk("agents_openllmetry", "openai_agents_otel.py", _AGENTS),
    "llama-index-openllmetry": Sdk(
        "llama_index_openllmetry",
        "llama_index_openllmetry.py",
        ("agent", "query"),
    ),
    "ag2": Sdk("ag2", "ag2_agent.py", ("agent", "chat", "streaming", "anthropic", "error")),
    "langsmith": Sdk("langsmith", "langsmith_otel.py", ("chat", "agent", "error")),
    "beeai": Sdk("beeai", "beeai_agent.py", ("chat", "agent", "error")),
}


def _venv(directory: Path, requirements: Path) -> Path:
    """The python of a virtual environment that holds `requirements`."""
    python, stamp = directory / "bin" / "python", directory / requirements.name
    if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        stamp.write_bytes(requirements.read_bytes())
    return python


def _node(directory: Path, package: Path) -> Path:
    """A directory with the node_modules that `package` pins."""
    stamp, lock = directory / "package-lock.json", (package / "package-lock.json").read_bytes()
    if not stamp.exists() or stamp.read_bytes() != lock:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "package.json").write_bytes((package / "package.json").read_bytes())
        stamp.write_bytes(lock)
        subprocess.run(["npm", "ci", "--silent", "--no-audit"], cwd=directory, check=True)
    return directory
