"""Accepted options, and refusals of others."""

from typing import Any

import pytest
from pydantic import ValidationError

from processors.leads.options import LeadsOptions


def test_everything_may_be_left_out() -> None:
    options = LeadsOptions.model_validate({})
    assert (options.batch_size, options.sheet, options.columns, options.country) == (100, None, {}, None)


def test_json_names_and_python_names_both_work() -> None:
    assert LeadsOptions.model_validate({"batchSize": 7}).batch_size == 7
    assert LeadsOptions(batch_size=7).batch_size == 7


def test_a_country_is_a_code_of_two_letters() -> None:
    assert LeadsOptions.model_validate({"country": "gb"}).country == "GB"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batchSize": 0}, "greater than or equal to 1"),
        ({"batchSize": 10_001}, "less than or equal to 10000"),
        ({"country": "UK"}, '"UK" is not a country code of two letters'),
        ({"country": "Germany"}, "such as GB or DE"),
        ({"columns": {"emial": "A"}}, 'There is no field named "emial". The fields are: name, firstName'),
        ({"rows": 5}, "Extra inputs are not permitted"),
    ],
)
def test_other_options_are_refused_with_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        LeadsOptions.model_validate(options)
