"""Names of resolvers: `resolve_` and the root field, so that grep finds them."""

import re
from pathlib import Path

import pytest

from resolvers import downloads, jobs, live, nodes, people, server, session, uploads, webhooks, workers

ROOT = Path(__file__).parents[2]
MODULES = (downloads, jobs, live, nodes, people, server, session, uploads, webhooks, workers)
SDL = re.sub(r'(?s)""".*?"""', "", (ROOT / "schema.graphql").read_text("utf-8"))


@pytest.mark.parametrize("root", ["Query", "Mutation", "Subscription"])
def test_the_resolver_of_each_root_field_is_found_by_its_name(root: str) -> None:
    (body,) = re.findall(rf"(?ms)^type {root}\b[^{{]*\{{(.*?)^\}}", SDL)
    fields = re.findall(r"(?m)^  (\w+)[(:]", body)

    assert len(fields) > 5
    for name in fields:
        resolver = "resolve_" + re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)
        assert any(hasattr(module, resolver) for module in MODULES), resolver
