"""The nine fields of a lead, and their titles."""

from enum import StrEnum


class Field(StrEnum):
    """What a column can hold; the values are the names in options and results."""

    NAME = "name"
    FIRST_NAME = "firstName"
    LAST_NAME = "lastName"
    EMAIL = "email"
    PHONE = "phone"
    COMPANY = "company"
    WEBSITE = "website"
    COUNTRY = "country"
    NOTES = "notes"


PROFILE = "profile"
"""What is set aside under this name: a page in a network or a form that stood as website."""

LABELS = {
    Field.NAME: "Name",
    Field.FIRST_NAME: "First name",
    Field.LAST_NAME: "Last name",
    Field.EMAIL: "E-mail",
    Field.PHONE: "Phone",
    Field.COMPANY: "Company",
    Field.WEBSITE: "Website",
    Field.COUNTRY: "Country",
    Field.NOTES: "Notes",
}
