"""The score and its reasons."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from processors.leads.leads import Lead
from processors.leads.score import Rule, score_lead

FULL = Lead(
    name="Anna Smith",
    first_name="Anna",
    last_name="Smith",
    email="anna@acme.example.com",
    phone="+442079460123",
    company="Acme",
    website="acme.example.com",
    country="UK",
    country_code="GB",
)


def test_a_lead_with_everything_has_100_points_and_says_why() -> None:
    score = score_lead(FULL)
    assert score.points == 100
    assert score.reasons == (
        "The e-mail address is valid (+35).",
        "The e-mail address belongs to a person (+10).",
        "The e-mail address is at the company's own domain (+10).",
        "The phone number is valid (+20).",
        "First and last name are known (+10).",
        "The company is known (+5).",
        "The website is known (+5).",
        "The country is known (+5).",
    )


@pytest.mark.parametrize(
    ("lead", "points", "reason"),
    [
        (replace(FULL, email="info@acme.example.com"), 90, "belongs to a department, not a person (0)."),
        (replace(FULL, email="anna@gmail.com"), 90, "is at a free mail provider (0)."),
        (replace(FULL, email="anna@mailinator.com"), 50, "is a disposable one (-30)."),
        (
            replace(FULL, email=None, set_aside={"email": "anna@"}),
            40,
            "What stands as e-mail address is not valid (-5).",
        ),
        (replace(FULL, phone=None, set_aside={"phone": "12"}), 75, "What stands as phone number is not valid (-5)."),
        (replace(FULL, first_name=None), 95, "A name is known (+5)."),
        (replace(FULL, website=None, set_aside={"website": "none"}), 95, "What stands as website is not valid (0)."),
        (Lead(email="anna@gmail.com"), 45, "The e-mail address is valid (+35)."),
        (Lead(phone="+442079460123"), 20, "The phone number is valid (+20)."),
        (Lead(email="x@mailinator.com"), 5, "is a disposable one (-30)."),
    ],
)
def test_each_rule_has_its_points_and_its_reason(lead: Lead, points: int, reason: str) -> None:
    score = score_lead(lead)
    assert score.points == points
    assert any(one.endswith(reason) for one in score.reasons)


def test_points_are_the_sum_of_the_reasons_within_0_and_100() -> None:
    lead = Lead(email="x@mailinator.com", set_aside={"phone": "1"})
    score = score_lead(lead)
    assert score.points == sum(int(re.findall(r"\(([+-]?\d+)\)", reason)[0]) for reason in score.reasons) == 0


def test_every_rule_is_documented_with_its_points() -> None:
    page = Path("docs/leads.md").read_text("utf-8")
    for rule in Rule:
        assert f"| {rule.sentence.rpartition(' (')[0]} | {rule.points:+d} |".replace("+0", "0") in page
