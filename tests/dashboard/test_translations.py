"""Sentences of the server that the dashboard says in German: as they are worded, and none about a status left out."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auth.audit import Action
from downloads.failures import SkipReason
from processors.registry import built_in_kinds
from webhooks.payloads import EVENTS, TEST_EVENT

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "frontend" / "dashboard" / "src"
GERMAN: dict[str, str] = {
    english: german
    for path in sorted((SOURCES / "api" / "german").glob("*.json"))
    for english, german in json.loads(path.read_text(encoding="utf-8")).items()
}
SKIP_REASONS: dict[str, dict[str, str]] = json.loads(
    (SOURCES / "jobs" / "skipReasons.json").read_text(encoding="utf-8")
)
SPEAKING = ("jobs", "background", "uploads", "processors", "downloads", "egress", "results", "webhooks", "auth")
UNHEARD = {
    *("background/backup.py", "background/shutdown.py", "processors/omr/drawing.py", "processors/omr/print.py"),
    *("processors/loading.py", "processors/manifest.py", "processors/plug_ins.py", "processors/alignment/languages.py"),
    *("auth/keys.py", "jobs/scheduling/external.py", "jobs/recording/reports.py"),
    *("uploads/tus.py", "uploads/checksums.py", "uploads/metadata.py", "uploads/endpoints.py", "results/links.py"),
    *("auth/callers.py", "auth/outside.py", "auth/outside_keys.py", "auth/rates.py", "auth/tokens.py"),
}
"""Who hears these reads no page: operators, authors of kinds, workers, programs that send files or tokens."""
UNHEARD_SENTENCES = {
    "There is no admin called {}: set WAYBILL_ADMIN_USERNAME.",
    "offset is 0 or more.",
    "first must be 0 to {}.",
    "after is the id of an entry of the audit log.",
}
SILENT = {
    *("TypeError", "RuntimeError", "PermissionError", "compile", "word_set", "CircuitBreaker", "Listing"),
    *("debug", "info", "warning", "error", "exception", "critical", "description", "invitation"),
}
SENTENCE = re.compile(r"[“\"'A-Z{a-z][^\n]* [^\n]*[a-z][^\n]*\.")
CONTINUING = {
    *("unsafe", "_unsafe", "_broken", "broken", "NotRegistered", "judged", "Evidence", "ExtractionFailed"),
    *("veto", "objection", "OTHER_KINDS", "OTHERS", "HOW", "HOLDS", "LABELS", "DELIMITERS", "Problem"),
}
"""Their texts go on within a sentence."""
TRANSITIONS = {"transition_job", "transition_locked", "begin_work"}
OWN_INPUTS = {"strategy", "reference", "rosterUploadId", "url"}
STRATEGIES = {"ZIP_WITH_QR", "ZIP_WITHOUT_QR", "IMAGES"}
"""They have inputs of their own, with texts of the page."""
OF_WHOLE_DOWNLOADS = {"several", "empty"}


def template_of(node: ast.AST) -> str | None:
    """The text of a literal, with `{}` for each run of values."""
    match node:
        case ast.Constant(value=str(text)):
            return re.sub(r"\{[^}]*\}", "{}", text)
        case ast.JoinedStr(values=parts):
            texts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts]
            return re.sub(r"(\{\})+", "{}", "".join(texts))
    return None


def templates_in(tree: ast.AST) -> Iterator[str]:
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        template = template_of(node)
        if template is not None and id(node) not in docstrings | inside:
            yield template


def keys_of(room: str) -> set[str]:
    """The keys of a catalogue of the page for new work."""
    texts = (SOURCES / "new_work" / "texts.ts").read_text(encoding="utf-8")
    catalogue = texts.partition(f"catalogue('{room}', {{")[2].partition("\n})")[0]
    return set(re.findall(r"^  (\w+): \{", catalogue, re.MULTILINE))


def trees(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def name_of(node: ast.AST) -> str:
    """Of what is called, given or assigned here; empty for all else."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) | ast.keyword(arg=str(name)):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.ClassDef(name=name):
            return name
    return ""


def heard_in(node: ast.AST, *, continues: bool = False) -> Iterator[str]:
    """What people hear of a module: its sentences, and what goes on within them."""
    name = name_of(node)
    if name in SILENT or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    continues = continues or name in CONTINUING
    template = template_of(node)
    if template is None:
        for child in node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node):
            yield from heard_in(child, continues=continues)
    elif SENTENCE.fullmatch(template) or (continues and re.search(r"[a-z]{3}", template)):
        yield template


def said_about_statuses(tree: ast.AST) -> Iterator[str]:
    """Sentences that stand in a call that changes a status, or that makes a job with one."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in TRANSITIONS:
                yield from templates_in(node)
            case ast.keyword(arg="status_message", value=value):
                yield from templates_in(value)


def test_each_translation_is_of_a_wording_that_the_server_has() -> None:
    worded = {template for _, tree in trees(*SPEAKING, "schema") for template in templates_in(tree)}

    assert set(GERMAN) - worded == set()


@pytest.mark.parametrize("english", GERMAN)
def test_a_translation_says_each_value_once(english: str) -> None:
    places = re.findall(r"\{(\d)\}", GERMAN[english])

    assert sorted(places) == [str(place) for place in range(english.count("{}"))]


def test_every_sentence_about_a_status_is_translated() -> None:
    said = {
        template
        for path, tree in trees("jobs")
        for template in (templates_in(tree) if path.name == "transitions.py" else said_about_statuses(tree))
        if template.endswith(".") and template != "{}."
    }

    assert len(said) > 10
    assert said - set(GERMAN) == set()


def test_every_sentence_that_people_hear_is_translated() -> None:
    heard = {
        template
        for path, tree in trees(*SPEAKING)
        if str(path.relative_to(ROOT)) not in UNHEARD
        for template in heard_in(tree)
    }

    assert len(heard) > 400
    assert heard - UNHEARD_SENTENCES - set(GERMAN) == set()


def test_every_deed_in_the_audit_log_has_its_words() -> None:
    texts = (SOURCES / "administration" / "texts.ts").read_text(encoding="utf-8")

    assert [action for action in Action if f"  {action}: {{ en: '" not in texts] == []


def test_every_event_of_webhooks_has_its_name() -> None:
    texts = (SOURCES / "administration" / "texts.ts").read_text(encoding="utf-8")

    assert [event for event in (*EVENTS, TEST_EVENT) if f"  {event.replace('.', '_')}: {{ en: '" not in texts] == []


def test_every_explanation_of_an_option_is_translated() -> None:
    schemas = [kind.options.model_json_schema(by_alias=True) for kind in built_in_kinds()]
    explained = {option["description"] for schema in schemas for option in schema["properties"].values()}

    assert explained - set(GERMAN) == set()


def test_every_stage_of_the_kinds_is_translated() -> None:
    labels = {stage.label for kind in built_in_kinds() for stage in kind.stages}
    stages = (node for _, tree in trees("schema") for node in ast.walk(tree) if name_of(node) == "_stage")
    others = {template for stage in stages for template in templates_in(stage)}

    assert labels
    assert others
    assert (labels | others) - set(GERMAN) == set()


def test_every_option_of_the_kinds_and_each_choice_has_its_words() -> None:
    schemas = [kind.options.model_json_schema(by_alias=True) for kind in built_in_kinds()]
    options = {name for schema in schemas for name in schema["properties"]}
    choices = {
        choice for schema in schemas for part in schema.get("$defs", {}).values() for choice in part.get("enum", ())
    }

    assert options - keys_of("options") == OWN_INPUTS
    assert choices - keys_of("choices") == STRATEGIES


def test_every_reason_why_a_file_is_skipped_has_its_words() -> None:
    assert set(SKIP_REASONS) == set(SkipReason) | OF_WHOLE_DOWNLOADS
    assert all(texts["en"] and texts["de"] for texts in SKIP_REASONS.values())
