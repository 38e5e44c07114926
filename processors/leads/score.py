"""Score a lead from 0 to 100 by fixed rules. Each rule is a reason with its points."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from processors.leads.email_addresses import DISPOSABLE_DOMAINS, FREE_DOMAINS, email_domain, is_role
from processors.leads.fields import Field
from processors.leads.leads import Lead


class Rule(Enum):
    """What earns or costs points: the points, and the sentence that is kept with the lead."""

    EMAIL = 35, "The e-mail address is valid"
    PERSONAL = 10, "The e-mail address belongs to a person"
    ROLE = 0, "The e-mail address belongs to a department, not a person"
    OWN_DOMAIN = 10, "The e-mail address is at the company's own domain"
    FREE_DOMAIN = 0, "The e-mail address is at a free mail provider"
    DISPOSABLE = -30, "The e-mail address is a disposable one"
    BAD_EMAIL = -5, "What stands as e-mail address is not valid"
    PHONE = 20, "The phone number is valid"
    BAD_PHONE = -5, "What stands as phone number is not valid"
    FULL_NAME = 10, "First and last name are known"
    SOME_NAME = 5, "A name is known"
    COMPANY = 5, "The company is known"
    WEBSITE = 5, "The website is known"
    BAD_WEBSITE = 0, "What stands as website is not valid"
    COUNTRY = 5, "The country is known"

    def __init__(self, points: int, words: str) -> None:
        self.points = points
        self.sentence = f"{words} ({points:+d})." if points else f"{words} (0)."

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Score:
    """`points` from 0 to 100, and the sentences that say where they come from."""

    points: int
    reasons: tuple[str, ...]


def score_lead(lead: Lead) -> Score:
    """The score of a lead."""
    return add_up((*email_rules(lead), *phone_rules(lead), *other_rules(lead)))


@lru_cache(maxsize=1024)
def add_up(rules: tuple[Rule, ...]) -> Score:
    """The score of a lead to which `rules` apply; few combinations occur."""
    points = sum(rule.points for rule in rules)
    return Score(max(0, min(100, points)), tuple(rule.sentence for rule in rules))


def email_rules(lead: Lead) -> tuple[Rule, ...]:
    """What the e-mail address earns."""
    if lead.email is None:
        return (Rule.BAD_EMAIL,) if Field.EMAIL in lead.set_aside else ()
    domain = email_domain(lead.email)
    if domain in DISPOSABLE_DOMAINS:
        return Rule.EMAIL, Rule.DISPOSABLE
    reader = Rule.ROLE if is_role(lead.email) else Rule.PERSONAL
    return Rule.EMAIL, reader, Rule.FREE_DOMAIN if domain in FREE_DOMAINS else Rule.OWN_DOMAIN


def phone_rules(lead: Lead) -> tuple[Rule, ...]:
    """What the phone number earns."""
    if lead.phone is not None:
        return (Rule.PHONE,)
    return (Rule.BAD_PHONE,) if Field.PHONE in lead.set_aside else ()


def other_rules(lead: Lead) -> list[Rule]:
    """What the other fields earn."""
    rules = []
    if lead.first_name and lead.last_name:
        rules.append(Rule.FULL_NAME)
    elif lead.name:
        rules.append(Rule.SOME_NAME)
    if lead.company:
        rules.append(Rule.COMPANY)
    if lead.website:
        rules.append(Rule.WEBSITE)
    elif Field.WEBSITE in lead.set_aside:
        rules.append(Rule.BAD_WEBSITE)
    if lead.country:
        rules.append(Rule.COUNTRY)
    return rules
