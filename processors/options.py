"""Options of a kind: their JSON Schema, and those that a client gave, or the sentence that says why not."""

from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails

from base.errors import ErrorCode, Refusal
from processors.manifest import Kind, Options

_WHOLE, _NUMBER = "Give a whole number.", "Give a number."
_TEXT, _BOOLEAN, _LIST, _OBJECT = "Give a text.", "Give true or false.", "Give a list.", "Give an object."
_SENTENCES = {
    "missing": "This is missing: give a value.",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give {le} or less.",
    "multiple_of": "Give a multiple of {multiple_of}.",
    "string_too_short": "Give a longer text: its least length is {min_length}.",
    "string_too_long": "Give a shorter text: its greatest length is {max_length}.",
    "string_pattern_mismatch": "Give a text that matches {pattern}.",
    "too_short": "Give more values: at least {min_length}.",
    "too_long": "Give fewer values: at most {max_length}.",
    "literal_error": "Give one of {expected}.",
    "enum": "Give one of {expected}.",
}
"""By the types of pydantic's errors; whatever it says otherwise is in words of Python."""


class _Untitled(GenerateJsonSchema):
    """Without the titles that pydantic makes of names in Python."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  pydantic's signature
        return False


def describe_options(kind: Kind) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the options of `kind`, in the names of the API; for forms that a front end builds.

    Titles and docstrings of classes are left out: what an option means is the `description` of its field.
    """
    schema = kind.options.model_json_schema(by_alias=True, schema_generator=_Untitled)
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("title", None)
        part.pop("description", None)
    return schema


def read_options(kind: Kind, options: dict[str, Any], field: str) -> Options:
    """`options`, which the client gave in `field`, as the type of their kind.

    Raises:
        Refusal: BAD_INPUT with the first option that is wrong.
    """
    try:
        return kind.options.model_validate(options)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join((field, *_path(kind, options, first)))
        raise Refusal(ErrorCode.BAD_INPUT, f"{place}: {_sentence(kind, first)}", place) from None


def _path(kind: Kind, options: dict[str, Any], error: ErrorDetails) -> list[str]:
    """The names on the way to what is wrong, without places in lists, and without the types that pydantic tried there."""
    names: list[str] = []
    value: Any = options
    for part in error["loc"]:
        if isinstance(value, dict) and part in value:
            names.append(str(part)[:50])
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif isinstance(part, str) and error["type"] == "missing":
            names.append(part)
        elif part in kind.options.model_fields and len(error["loc"]) == 1:  # left out, which does not fit the others
            names.append(kind.options.model_fields[part].alias or part)
    return names


def _sentence(kind: Kind, error: ErrorDetails) -> str:
    context = {
        name: f"{value:g}" if isinstance(value, float) else value for name, value in error.get("ctx", {}).items()
    }
    match error["type"]:
        case "extra_forbidden" if len(error["loc"]) == 1:
            known = ", ".join(field.alias or name for name, field in kind.options.model_fields.items())
            return f"There is no such option: {kind.name} has {known or 'none'}."
        case "extra_forbidden":
            return "There is no such field here: see optionsSchema in serverInfo.processors."
        case "value_error":  # of a processor's own check, whose sentence is for people
            return str(context["error"])
        case type_ if type_ in _SENTENCES:
            return _SENTENCES[type_].format_map(context)
    return "This value is not taken: see optionsSchema in serverInfo.processors."
