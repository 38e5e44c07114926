"""Countries by code and by name: ISO 3166-1, with the names people use in English and in their own languages."""

import re
import unicodedata
from functools import lru_cache
from string import ascii_uppercase

# Each line: alpha-2, alpha-3, then names divided by `|`, the English one first. Names are matched without accents.
TABLE = """
AD AND Andorra
AE ARE United Arab Emirates|UAE|Emirates|Vereinigte Arabische Emirate|Emirats arabes unis|Emiratos Arabes Unidos
AF AFG Afghanistan
AG ATG Antigua and Barbuda|Antigua
AI AIA Anguilla
AL ALB Albania|Shqiperia|Albanien|Albanie
AM ARM Armenia|Armenien|Armenie
AO AGO Angola
AQ ATA Antarctica
AR ARG Argentina|Argentinien|Argentine|Argentinie
AS ASM American Samoa
AT AUT Austria|Osterreich|Oesterreich|Autriche|Oostenrijk
AU AUS Australia|Australien|Australie
AW ABW Aruba
AX ALA Aland Islands|Aland
AZ AZE Azerbaijan|Azerbaycan
BA BIH Bosnia and Herzegovina|Bosnia|Bosna i Hercegovina|Bosnien|Bosnien und Herzegowina
BB BRB Barbados
BD BGD Bangladesh|বাংলাদেশ
BE BEL Belgium|Belgie|Belgique|Belgien|Belgica|Belgio
BF BFA Burkina Faso
BG BGR Bulgaria|България|Bulgarien|Bulgarie
BH BHR Bahrain
BI BDI Burundi
BJ BEN Benin
BL BLM Saint Barthelemy
BM BMU Bermuda
BN BRN Brunei|Brunei Darussalam
BO BOL Bolivia|Bolivien|Bolivie|Plurinational State of Bolivia
BQ BES Caribbean Netherlands|Bonaire
BR BRA Brazil|Brasil|Brasilien|Bresil|Brasile|Brazilie
BS BHS Bahamas|The Bahamas
BT BTN Bhutan
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus|Беларусь
BZ BLZ Belize
CA CAN Canada|Kanada
CC CCK Cocos Islands|Cocos (Keeling) Islands
CD COD Democratic Republic of the Congo|DR Congo|Congo Kinshasa|Congo (Kinshasa)
CF CAF Central African Republic
CG COG Congo|Republic of the Congo|Congo Brazzaville
CH CHE Switzerland|Schweiz|Suisse|Svizzera|Suiza|Zwitserland|Suica
CI CIV Ivory Coast|Cote d'Ivoire|Elfenbeinkuste
CK COK Cook Islands
CL CHL Chile|Chili
CM CMR Cameroon|Cameroun|Kamerun
CN CHN China|PRC|中国|中國|Chine|Cina|People's Republic of China|Mainland China
CO COL Colombia|Kolumbien|Colombie
CR CRI Costa Rica
CU CUB Cuba|Kuba
CV CPV Cape Verde|Cabo Verde
CW CUW Curacao
CX CXR Christmas Island
CY CYP Cyprus|Κύπρος|Zypern|Chypre|Chipre|Cipro|Kibris
CZ CZE Czech Republic|Czechia|Cesko|Ceska republika|Tschechien|Tchequie|Republique tcheque|Chequia|Republica Checa
DE DEU Germany|Deutschland|Allemagne|Alemania|Germania|Duitsland|Alemanha|Federal Republic of Germany|BRD|GER
DJ DJI Djibouti
DK DNK Denmark|Danmark|Danemark|Danemark|Dinamarca|Danimarca|Denemarken
DM DMA Dominica
DO DOM Dominican Republic|Republica Dominicana|Dominikanische Republik
DZ DZA Algeria|Algerie|الجزائر|Algerien|Argelia
EC ECU Ecuador|Equateur
EE EST Estonia|Eesti|Estland|Estonie
EG EGY Egypt|مصر|Agypten|Aegypten|Egypte|Egipto|Egitto
EH ESH Western Sahara
ER ERI Eritrea
ES ESP Spain|Espana|Spanien|Espagne|Spagna|Spanje|Espanha
ET ETH Ethiopia|Athiopien
FI FIN Finland|Suomi|Finnland|Finlande|Finlandia
FJ FJI Fiji
FK FLK Falkland Islands
FM FSM Micronesia|Federated States of Micronesia
FO FRO Faroe Islands|Foroyar|Faroes|Faeroe Islands
FR FRA France|Frankreich|Francia|Frankrijk|Franca
GA GAB Gabon
GB GBR United Kingdom|UK|U.K.|Great Britain|Britain|England|Scotland|Wales|Northern Ireland|Royaume-Uni|Grossbritannien|\
Vereinigtes Konigreich|Reino Unido|Regno Unito|Verenigd Koninkrijk|Groot-Brittannie|Grande-Bretagne|Angleterre
GD GRD Grenada
GE GEO Georgia|საქართველო|Georgien|Georgie
GF GUF French Guiana|Guyane
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland|Gronland|Kalaallit Nunaat
GM GMB Gambia|The Gambia
GN GIN Guinea|Guinee
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea
GR GRC Greece|Ελλάδα|Hellas|Griechenland|Grece|Grecia|Griekenland
GS SGS South Georgia and the South Sandwich Islands
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau
GY GUY Guyana
HK HKG Hong Kong|香港|Hongkong|Hong Kong SAR
HM HMD Heard Island and McDonald Islands
HN HND Honduras
HR HRV Croatia|Hrvatska|Kroatien|Croatie|Croacia|Croazia|Kroatie
HT HTI Haiti
HU HUN Hungary|Magyarorszag|Ungarn|Hongrie|Hungria|Ungheria|Hongarije
ID IDN Indonesia|Indonesien|Indonesie
IE IRL Ireland|Eire|Republic of Ireland|Irland|Irlande|Irlanda|Ierland
IL ISR Israel|ישראל
IM IMN Isle of Man
IN IND India|भारत|Bharat|Indien|Inde
IO IOT British Indian Ocean Territory
IQ IRQ Iraq|العراق|Irak
IR IRN Iran|ایران|Islamic Republic of Iran
IS ISL Iceland|Island|Islande|Islandia|IJsland
IT ITA Italy|Italia|Italien|Italie
JE JEY Jersey
JM JAM Jamaica|Jamaika
JO JOR Jordan|الأردن|Jordanien|Jordanie
JP JPN Japan|日本|Nippon|Japon|Giappone
KE KEN Kenya|Kenia
KG KGZ Kyrgyzstan
KH KHM Cambodia
KI KIR Kiribati
KM COM Comoros
KN KNA Saint Kitts and Nevis
KP PRK North Korea|Nordkorea|Democratic People's Republic of Korea|Coree du Nord|Corea del Norte
KR KOR South Korea|Korea|대한민국|한국|Republic of Korea|Sudkorea|Coree du Sud|Corea del Sur
KW KWT Kuwait|الكويت
KY CYM Cayman Islands
KZ KAZ Kazakhstan|Казахстан|Kasachstan
LA LAO Laos|Lao PDR
LB LBN Lebanon|لبنان|Libanon|Liban
LC LCA Saint Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania|Lietuva|Litauen|Lituanie|Lituania
LU LUX Luxembourg|Luxemburg|Letzebuerg|Luxemburgo|Lussemburgo
LV LVA Latvia|Latvija|Lettland|Lettonie|Letonia|Lettonia
LY LBY Libya
MA MAR Morocco|المغرب|Maroc|Marokko|Marruecos|Marocco
MC MCO Monaco
MD MDA Moldova|Republic of Moldova
ME MNE Montenegro|Crna Gora
MF MAF Saint Martin
MG MDG Madagascar
MH MHL Marshall Islands
MK MKD North Macedonia|Macedonia|Северна Македонија
ML MLI Mali
MM MMR Myanmar|Burma
MN MNG Mongolia
MO MAC Macao|Macau|澳門
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania
MS MSR Montserrat
MT MLT Malta|Malte
MU MUS Mauritius
MV MDV Maldives
MW MWI Malawi
MX MEX Mexico|Mexiko|Mexique|Messico
MY MYS Malaysia
MZ MOZ Mozambique
NA NAM Namibia
NC NCL New Caledonia
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria
NI NIC Nicaragua
NL NLD Netherlands|The Netherlands|Holland|Nederland|Niederlande|Pays-Bas|Paises Bajos|Paesi Bassi|Paises Baixos
NO NOR Norway|Norge|Norwegen|Norvege|Noruega|Norvegia|Noorwegen
NP NPL Nepal
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand|Aotearoa|Neuseeland|Nouvelle-Zelande|Nueva Zelanda|Nuova Zelanda|Nieuw-Zeeland
OM OMN Oman
PA PAN Panama
PE PER Peru|Perou
PF PYF French Polynesia
PG PNG Papua New Guinea
PH PHL Philippines|Pilipinas|Philippinen|Filipinas
PK PAK Pakistan|پاکستان
PL POL Poland|Polska|Polen|Pologne|Polonia
PM SPM Saint Pierre and Miquelon
PN PCN Pitcairn
PR PRI Puerto Rico
PS PSE Palestine|State of Palestine
PT PRT Portugal|Portogallo
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar|قطر|Katar
RE REU Reunion|La Reunion
RO ROU Romania|Rumanien|Roumanie|Rumania|Roemenie
RS SRB Serbia|Србија|Srbija|Serbien|Serbie
RU RUS Russia|Россия|Russian Federation|Russland|Russie|Rusia
RW RWA Rwanda
SA SAU Saudi Arabia|KSA|السعودية|Saudi-Arabien|Arabie saoudite|Arabia Saudita
SB SLB Solomon Islands
SC SYC Seychelles
SD SDN Sudan
SE SWE Sweden|Sverige|Schweden|Suede|Suecia|Svezia|Zweden
SG SGP Singapore|Singapur|Singapour|新加坡
SH SHN Saint Helena
SI SVN Slovenia|Slovenija|Slowenien|Slovenie|Eslovenia
SJ SJM Svalbard and Jan Mayen
SK SVK Slovakia|Slovensko|Slowakei|Slovaquie|Eslovaquia|Slovak Republic
SL SLE Sierra Leone
SM SMR San Marino
SN SEN Senegal
SO SOM Somalia
SR SUR Suriname
SS SSD South Sudan
ST STP Sao Tome and Principe
SV SLV El Salvador
SX SXM Sint Maarten
SY SYR Syria|Syrian Arab Republic
SZ SWZ Eswatini|Swaziland
TC TCA Turks and Caicos Islands
TD TCD Chad|Tchad
TF ATF French Southern Territories
TG TGO Togo
TH THA Thailand|ประเทศไทย|ไทย|Thailande|Tailandia
TJ TJK Tajikistan
TK TKL Tokelau
TL TLS Timor-Leste|East Timor
TM TKM Turkmenistan
TN TUN Tunisia|تونس|Tunesien|Tunisie|Tunez
TO TON Tonga
TR TUR Turkey|Turkiye|Turkei|Tuerkei|Turquie|Turquia|Turchia|Turkije
TT TTO Trinidad and Tobago|Trinidad
TV TUV Tuvalu
TW TWN Taiwan|台灣|臺灣|台湾
TZ TZA Tanzania|United Republic of Tanzania
UA UKR Ukraine|Україна|Ucrania|Ucraina|Oekraine
UG UGA Uganda
UM UMI United States Minor Outlying Islands
US USA United States|United States of America|U.S.|U.S.A.|America|Vereinigte Staaten|Vereinigte Staaten von Amerika|\
Etats-Unis|Etats-Unis d'Amerique|Estados Unidos|EE. UU.|EEUU|EUA|Stati Uniti|Verenigde Staten|The United States
UY URY Uruguay
UZ UZB Uzbekistan
VA VAT Vatican City|Vatican|Holy See
VC VCT Saint Vincent and the Grenadines
VE VEN Venezuela
VG VGB British Virgin Islands
VI VIR US Virgin Islands|U.S. Virgin Islands
VN VNM Vietnam|Viet Nam
VU VUT Vanuatu
WF WLF Wallis and Futuna
WS WSM Samoa
XK XKX Kosovo
YE YEM Yemen
YT MYT Mayotte
ZA ZAF South Africa|RSA|Sudafrika|Suedafrika|Afrique du Sud|Sudafrica|Africa do Sul|Zuid-Afrika
ZM ZMB Zambia
ZW ZWE Zimbabwe
"""


PARTS = re.compile(r"[()\[\]/|,;:]|\s[-–—]\s|(?<=^[A-Za-z]{2})-|(?<=^[A-Za-z]{3})-")
"""What divides two names of a country: "Deutschland (DE)", "DE - Germany"."""
SUBDIVISION = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")
"""ISO 3166-2, such as US-CA."""
REGIONAL_INDICATOR_A = 0x1F1E6
"""The first of the 26 letters that flags are written with."""


def country_key(value: str) -> str:
    """`value` for looking up: case folded, without accents, points, hyphens and "the"."""
    plain = unicodedata.normalize("NFKD", value.casefold().replace("ß", "ss").replace("ø", "o"))
    kept = "".join(one for one in plain if not unicodedata.combining(one) and one not in ".,'’()")
    words = kept.replace("-", " ").replace("&", " and ").split()
    return " ".join([word for word in words if word != "the"] or words)


def read_table() -> dict[str, str]:
    """Every code and name (as `country_key` writes it) with its alpha-2 code."""
    found: dict[str, str] = {}
    for line in TABLE.strip().splitlines():
        alpha2, alpha3, names = line.split(" ", 2)
        for name in (alpha2, alpha3, *names.split("|")):
            found[country_key(name)] = alpha2
    return found


CODES = read_table()


@lru_cache(maxsize=4096)
def find_country(value: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a code or name of a country, or None where it is not known for certain.

    Two names of the same country may stand together: "Deutschland (DE)", "Berlin, Germany", "Korea, Republic of".
    """
    code = CODES.get(country_key(value))
    if code or not value:
        return code
    subdivision = SUBDIVISION.fullmatch(value)
    parts = [subdivision[1]] if subdivision else [part for part in PARTS.split(value) if part.strip()]
    turned = CODES.get(country_key(" ".join(reversed(parts)))) if len(parts) > 1 else None
    if turned:
        return turned
    found = {code for part in parts if (code := CODES.get(country_key(part)) or country_of_flag(part))}
    return found.pop() if len(found) == 1 else None


def country_of_flag(text: str) -> str | None:
    """The country of an emoji flag that stands in `text`, or None."""
    letters = [chr(ord(one) - REGIONAL_INDICATOR_A + ord("A")) for one in text if is_flag_letter(one)]
    return CODES.get("".join(letters).casefold()) if len(letters) == len("DE") else None


def is_flag_letter(one: str) -> bool:
    """Whether `one` is a letter that flags are written with."""
    return 0 <= ord(one) - REGIONAL_INDICATOR_A < len(ascii_uppercase)
