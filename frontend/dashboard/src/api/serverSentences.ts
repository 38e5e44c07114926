/** The server's sentences in German, by their wording: `{}` in the English stands for any value, `{0}` in the German for the first. */
import i18next from 'i18next'
import SKIP_REASONS from '../jobs/skipReasons.json'
import ACCOUNTS from './german/accounts.json'
import DOWNLOADS from './german/downloads.json'
import FILES from './german/files.json'
import JOBS from './german/jobs.json'
import LEADS from './german/leads.json'
import OPTIONS from './german/options.json'
import SHEETS from './german/sheets.json'
import SPEECH from './german/speech.json'

const SENTENCES: Record<string, string> = { ...ACCOUNTS, ...DOWNLOADS, ...FILES, ...JOBS, ...LEADS, ...OPTIONS, ...SHEETS, ...SPEECH }
const NUMBER = /^(\d{1,3}(?:,\d{3})*(?:\.\d+)?)(%?)$/
const WORD = /^[A-Z_]+$/
const WORDS = ['jobs', 'administration'] // rooms of the catalogue with statuses, kinds and roles
const OTHERS = /^(.+) \(and ([\d,]+) more\)$/s
const OF_KIND = /^([\w-]+ takes |Items of kind |There is no such option: )/ // the kind is their first value
const ADDRESS = /^[\da-f]*[.:][\da-f.:]+$/
const BETWEEN_SENTENCES = /(?<=[.!?]) (?=["“A-Z])/
const BETWEEN_PARTS = /(; |, )(?![^(]*\))/ // not in brackets
const TELLING_LETTERS = 6 // fewer are in too many sentences of others
const number = new Intl.NumberFormat('de')
const reasons: Record<string, { de: string }> = SKIP_REASONS
const known = new Map<string, string | null>()

const RULES = Object.entries(SENTENCES)
  .filter(([english]) => english.includes('{}'))
  .toSorted(([one], [other]) => other.replaceAll('{}', '').length - one.replaceAll('{}', '').length) // the most telling first
  .map(([english, german]) => ({ german, letters: english.replace(/[^A-Za-z]/g, '').length, pattern: patternOf(english) }))

/** Null for a sentence that is not known here. */
export function inGerman(english: string): string | null {
  if (!known.has(english)) known.set(english, withOthers(english) ?? bySentences(english) ?? byWording(english) ?? asLabel(english) ?? asContinued(english) ?? afterColon(english))
  return known.get(english) ?? null
}

/** A refusal and how many others came with it. */
function withOthers(english: string): string | null {
  const [, first, count] = OTHERS.exec(english) ?? []
  const german = first && inGerman(first)
  return german ? `${german} (und ${valueInGerman(count ?? '')} weitere)` : null
}

/** Several sentences, where all of them are known. */
function bySentences(english: string): string | null {
  const sentences = english.split(BETWEEN_SENTENCES)
  return sentences.length > 1 ? joined(sentences) : null
}

function byWording(english: string): string | null {
  const german = SENTENCES[english]
  if (german) return german
  for (const { german, letters, pattern } of RULES) {
    const values = pattern.exec(english)?.slice(1)
    if (values && (letters >= TELLING_LETTERS || isKnown(values[0]) || NUMBER.test(values.at(-1) ?? ''))) return filled(german, OF_KIND.test(english) ? values.with(0, kindInGerman(values[0] ?? '')) : values)
  }
  return null
}

/** A stage says its label as a sentence. */
function asLabel(english: string): string | null {
  const label = english.endsWith('.') ? byWording(english.slice(0, -1)) : null
  return label && `${label}.`
}

/** `The archive` and what is wrong with it: both are known, and one follows the other. */
function asContinued(english: string): string | null {
  for (const subject of CONTINUED) {
    const rest = english.startsWith(`${subject} `) ? english.slice(subject.length + 1) : null
    const german = rest && (byWording(rest) ?? asLabel(rest))
    if (german) return `${SENTENCES[subject]} ${german}`
  }
  return null
}

const CONTINUED = ['The archive', 'The workbook']

/** A sentence about something of the person's: a file, a column, an option. */
function afterColon(english: string): string | null {
  const place = english.indexOf(': ')
  const german = place > 0 ? inGerman(english.slice(place + 2)) : null
  return german && `${english.slice(0, place)}: ${german}`
}

function joined(sentences: string[]): string | null {
  const german = sentences.map(inGerman)
  return german.includes(null) ? null : german.join(' ')
}

/** What stands in brackets may be missing. */
function filled(german: string, values: (string | undefined)[]) {
  return german
    .replace(/ \(\{(\d)\}\)/g, (brackets, place) => (values[Number(place)] === undefined ? '' : brackets))
    .replace(/\{(\d)\}/g, (_, place) => valueInGerman(values[Number(place)] ?? ''))
}

const kindInGerman = (kind: string) => (i18next.exists(kind, { ns: 'jobs' }) ? i18next.t(kind, { ns: 'jobs' }) : kind)

const isKnown = (value = '') => valueInGerman(value) !== value || value in SENTENCES || NUMBER.test(value) || ADDRESS.test(value)

function valueInGerman(value: string): string {
  const [, figure, percent] = NUMBER.exec(value) ?? []
  if (figure) return number.format(Number(figure.replaceAll(',', ''))) + (percent && ' %')
  if (WORD.test(value) && i18next.exists(value, { ns: WORDS })) return i18next.t(value, { ns: WORDS })
  return reasons[value]?.de ?? listInGerman(value) ?? inGerman(value) ?? inGerman(capitalised(value)) ?? inGerman(`${value}.`)?.slice(0, -1) ?? value
}

/** Of a list, what is known; the person's own words stay. */
function listInGerman(list: string): string | null {
  const parts = list.split(BETWEEN_PARTS)
  if (parts.length === 1 || list in SENTENCES) return null
  const german = parts.map((part, place) => (place % 2 ? part : valueInGerman(part))) // what divides them is in between
  return german.some((part, place) => part !== parts[place]) ? german.join('') : null
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

function patternOf(english: string) {
  const words = english.split('{}').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${words.join('(.+?)').replaceAll(' \\((.+?)\\)', '(?: \\((.+?)\\))?')}$`, 's')
}
