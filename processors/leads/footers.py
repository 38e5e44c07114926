"""Totals, page numbers and export stamps: lines of a table that are no leads."""

import re
from collections.abc import Iterable, Iterator

from processors.leads.leads import Cells, LeadReader
from processors.tables.tables import name_rows
from processors.tables.text import fold, word_set

CleanRow = tuple[int, list[str | None]]

TOTALS = word_set(
    """
    total totals subtotal subtotals sum sums count average summe zwischensumme gesamt gesamtsumme endsumme insgesamt ergebnis
    gesamtergebnis teilergebnis anzahl durchschnitt mittelwert somme moyenne nombre suma totales promedio recuento totaal
    subtotaal som aantal gemiddelde soma totais contagem totale totali somma conteggio media número numero number σ ø
    """
)
COUNTED = word_set(
    """
    of der de des di del total general général geral generale number leads contacts records rows entries items people results
    kontakte datensätze zeilen einträge personen ergebnisse enregistrements lignes registros filas contactos contatos linhas
    rijen contacten contatti righe
    """
)
TOTAL = re.compile(
    rf"(?:(?:grand|sub|overall|report|sous) )?(?:{'|'.join(sorted(TOTALS))})"
    rf"(?: (?:{'|'.join(sorted(COUNTED))}))*(?: [0-9 ]+(?: \w+){{0,3}})?"
)
"""A total in words folded for comparing: "grand total", "total records 12", "anzahl der leads 40"."""
FIRST_WORDS = TOTALS | word_set("grand sub overall report sous")
WORD = re.compile(r"\W*([^\W\d_]*)")
PAGE = re.compile(r"(?:page|seite|blatt|página|pagina) \d+(?: (?:of|von|de|di|van|sur))?(?: \d+)?")
COUNT = re.compile(rf"\d+(?: \d+)* (?:{'|'.join(sorted(COUNTED))})(?: \w+)?")
STAMP = re.compile(
    r"(?:(?:report|list|data|file) )?(?:exported|generated|created|printed|downloaded|powered|as|exportiert|erstellt|generiert"
    r"|erzeugt|gedruckt|heruntergeladen|stand|exportée?s?|générée?s?|créée?s?|imprimée?s?|exportados?|generados?|creados?"
    r"|impresos?|gerados?|criados?|geëxporteerd|gegenereerd|afgedrukt|esportato|generato|creato|stampato)"
    r" (?:on|at|by|from|with|of|am|um|von|vom|mit|aus|durch|le|par|avec|el|por|con|em|op|door|met|il|da) .*"
)
END = re.compile(
    r"(?:end|ende|fin|fine|einde|fim|eof)(?: (?:of|der|des|de|du|del|van|do) .*)?|all rights reserved|confidential|vertraulich"
)
NOTES = (PAGE, COUNT, STAMP, END)
"""Lines about the file, folded for comparing."""
SIGNS = re.compile(r"[:©=]|\(c\)|\d ?[/.-] ?\d", re.IGNORECASE)
"""What such a line may have and a name has not."""
MAX_CHARACTERS = 200
MAX_NAME_WORDS = 4
NOTE_CELLS = 2


class FooterFilter:
    """Leaves out the lines of a table that are totals or notes about the file, and keeps their numbers in `left_out`.

    A line of several cells is none if it reaches somebody by `reader`: there are people and companies of such names.
    """

    def __init__(self, reader: LeadReader) -> None:
        self.reader = reader
        self.reaching = frozenset((*reader.emails, *reader.phones))
        self.left_out: list[int] = []

    def leads(self, rows: Iterable[CleanRow]) -> Iterator[CleanRow]:
        """The other rows."""
        for row in rows:
            if self.is_footer(row[1]):
                self.left_out.append(row[0])
            else:
                yield row

    def is_footer(self, cells: Cells) -> bool:
        """Whether `cells`, not all empty, are a total, a note, or a line that is drawn with signs."""
        first = cells[0] or next(cell for cell in cells if cell)
        filled = len(cells) - cells.count(None)
        is_total = first_word(first) in FIRST_WORDS
        if (filled > NOTE_CELLS and not is_total and first[0].isalnum()) or len(first) > MAX_CHARACTERS:
            return False
        folded = fold(first)
        if not folded:
            return not any(fold(cell) for cell in cells if cell)
        is_noted = any(note.fullmatch(folded) for note in NOTES)
        if filled == 1 and (is_noted or self.is_remark(cells, first)):
            return True
        is_note = filled == NOTE_CELLS and (is_noted or first[-1] == ":")
        is_sum = is_total and TOTAL.fullmatch(folded) is not None
        return (is_note or is_sum) and not self.reader.read(cells).is_reachable

    def is_remark(self, cells: Cells, text: str) -> bool:
        """Whether the only cell of a row, in no column that reaches anybody, has signs or words as no name has."""
        is_beside = cells.index(text) not in self.reaching
        return is_beside and (len(text.split()) > MAX_NAME_WORDS or SIGNS.search(text) is not None)

    def sentences(self) -> Iterator[str]:
        """What to tell about the lines that were left out."""
        if self.left_out:
            yield f"Totals and notes about the file are no leads and were left out: {name_rows(self.left_out)}."


def first_word(text: str) -> str:
    """The letters with which `text` begins, signs apart, in lower case."""
    found = WORD.match(text)
    return found[1].lower() if found else ""
