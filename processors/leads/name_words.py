"""Words that stand with names and are no part of them: titles, degrees, forms of companies."""

import re
from functools import lru_cache

from processors.tables.text import word_set

NUMERALS = word_set("ii iii iv vi vii viii")
ENDINGS = {
    word.casefold(): word
    for word in word_set(
        """
        Jr Sr Esq PhD Ph.D DPhil MPhil MD M.D MBA M.B.A EMBA MSc M.Sc BSc B.Sc MEng M.Eng BEng B.Eng M.Ed B.Ed LLM
        LL.M LLB LL.B JD J.D M.A B.A B.S M.S DDS DMD DVM EdD Ed.D PsyD PharmD DBA CPA CFA CISSP PMP FRCS MRCP FRICS
        MRICS ACCA OBE CBE MBE RN Dipl.-Ing Dipl.-Kfm Dipl.-Inf Dipl.-Phys Dipl.-Psych
        """
    )
}
"""Degrees and the like, cased; each says for certain that the name has ended before it."""
ENDINGS_BEHIND_COMMA = word_set("ba ma ms bs ra do pa np pe cma cpa mag ing fh")
DOTTED_DEGREE = re.compile(r"(?=.*[^\W\d_]{2})(?:[^\W\d_]{1,5}\.){2,}(?:-?[^\W\d_]{2,5}\.)?")
"""Two abbreviations or more, one of them of several letters, so that they are no initials: M.Sc., B.Eng."""
CAPITALS = re.compile(r"[A-Z]{3,6}|[A-Z]{2,6}-[A-Z]{1,4}|[A-Z]\.?[A-Z]\.?[a-z]?[A-Z]?\.?")
"""A degree that nobody has heard of, behind a name in mixed case: SHRM, FCIPD."""

TITLES = word_set(
    """
    mr mrs ms miss mx dr prof professor sir madam lord lady dame rev hon capt herr frau herrn fam familie m mme mlle
    mag mmag ddr dres doz priv pd univ lic dkfm sig sig.ra dott dott.ssa prof.ssa avv arch sr sra srta don dhr mevr
    mevrouw drs ir ing mgr phdr mudr judr rndr dipl
    """
)
FACULTIES = word_set(
    """
    agr biol cult dent disc et forest h.c habil hc hum ing iur jur math med mont mult nat oec paed phil pharm pol psych
    publ rer sc soc techn theol univ vet
    """
)
"""What goes on behind a title: Dr. med., Dr. rer. nat., Prof. h.c."""

COMPANY_FORMS = {
    word.casefold().replace(".", ""): word
    for word in word_set(
        """
        GmbH mbH AG KG OHG KGaA UG GbR Inc LLC LLP Ltd PLC Corp SRL SARL BV Limited Corporation Incorporated
        """
    )
}
"""Legal forms, cased; the last word of a name that is one names a company."""
DOTTED_FORMS = word_set("s.a s.p.a s.r.l s.l n.v b.v e.v e.k e.g a.s s.a.s s.c")
FORMS_BEHIND_COMMA = word_set("co company sa sas spa sl se ab as oy nv ev ek eg pty group holding partners lp")


@lru_cache(maxsize=8192)
def is_title(word: str, *, is_behind_title: bool = False) -> bool:
    """Whether `word` is a title before a name: Dr., Dr.-Ing., Mrs; behind one also what it is of: med."""
    plain = word.strip(".,").casefold()
    if plain in TITLES or (is_behind_title and plain in FACULTIES):
        return True
    parts = plain.split("-")
    return (
        len(parts) > 1
        and parts[0].strip(".") in TITLES
        and all(part.strip(".") in TITLES or part.strip(".") in FACULTIES or plain.startswith("dipl") for part in parts)
    )


@lru_cache(maxsize=8192)
def is_ending(word: str, *, is_behind_comma: bool = False, is_free: bool = False) -> bool:
    """Whether `word` follows a name without being part of it: Jr, III, PhD, M.Sc.

    Args:
        word: With its points.
        is_behind_comma: What can be a name, too, counts as a degree: "Jane Doe, MA".
        is_free: Capitals that nobody has heard of do as well.
    """
    plain = word.strip(".,()").casefold()
    return (
        plain in ENDINGS
        or plain in NUMERALS
        or DOTTED_DEGREE.fullmatch(word) is not None
        or (is_behind_comma and (plain in ENDINGS_BEHIND_COMMA or plain.startswith("dipl.")))
        or (is_behind_comma and is_free and CAPITALS.fullmatch(word) is not None)
    )


@lru_cache(maxsize=8192)
def is_company_form(word: str, *, is_behind_comma: bool = False) -> bool:
    """Whether `word` is the legal form of a company; behind a comma also one that can be a name: Co."""
    plain = word.strip(",()").casefold().removesuffix(".")
    if plain in DOTTED_FORMS:
        return True
    plain = plain.replace(".", "")
    return plain in COMPANY_FORMS or (is_behind_comma and plain in FORMS_BEHIND_COMMA)
