"""Options of the kind `leads`."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from processors.leads.countries import find_country
from processors.leads.fields import Field as LeadField
from processors.manifest import Options


class EnrichStep(StrEnum):
    """Who judges the leads."""

    LOCAL_RULES = "LOCAL_RULES"
    HTTP = "HTTP"


def known_fields(columns: dict[str, str | int]) -> dict[str, str | int]:
    """`columns`, if it names only fields of a lead. Raises ValueError with a sentence for people."""
    unknown = [name for name in columns if name not in set(LeadField)]
    if unknown:
        message = f'There is no field named "{unknown[0][:60]}". The fields are: {", ".join(LeadField)}.'
        raise ValueError(message)
    return columns


def known_country(country: str | None) -> str | None:
    """`country` in upper case, if it is a code of two letters that exists. Raises ValueError with a sentence."""
    if country is None:
        return None
    code = country.strip().upper()
    if len(code) != 2 or find_country(code) != code:
        message = f'"{country[:60]}" is not a country code of two letters (ISO 3166-1 alpha-2), such as GB or DE.'
        raise ValueError(message)
    return code


class LeadsOptions(Options):
    """How a file of leads is read."""

    batch_size: int = Field(100, alias="batchSize", ge=1, le=10_000, description="Rows in one slice: 1 to 10,000.")
    sheet: str | None = Field(
        None, max_length=255, description="Name of the sheet; the first with a table if left out."
    )
    columns: Annotated[dict[str, Annotated[str, Field(max_length=500)] | int], AfterValidator(known_fields)] = Field(
        default_factory=dict,
        max_length=len(LeadField),
        description="Which column holds which field; found from the header row where left out.",
    )
    country: Annotated[str | None, AfterValidator(known_country)] = Field(
        None, description="ISO 3166-1 alpha-2: where phone numbers without a country code belong, if no column tells."
    )
    enrich: EnrichStep = Field(
        EnrichStep.LOCAL_RULES,
        description="LOCAL_RULES: fixed rules alone; HTTP: then the endpoint that the operator has set up.",
    )

    def needed_settings(self) -> dict[str, str]:
        """The endpoint, where it is to be asked."""
        return {"enrich_url": "enrich"} if self.enrich is EnrichStep.HTTP else {}
