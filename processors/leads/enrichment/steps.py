"""Names and versions of the steps that enrich leads; each result says which it was."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepVersion:
    """A step: its version goes up when the same lead can come out otherwise."""

    name: str
    version: str

    def to_json(self) -> dict[str, str]:
        """As results and the report say it."""
        return {"step": self.name, "version": self.version}


LOCAL_RULES = StepVersion("local-rules", "2")
"""The rules of docs/leads.md: fields, duplicates, score."""
HTTP = StepVersion("http", "1")
"""The same, and then what the endpoint of the operator says: the version is that of the question and of its answer's schema."""
