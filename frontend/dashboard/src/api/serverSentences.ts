/** The server's sentences in German, by their wording: `{}` in the English stands for any value, `{0}` in the German for the first. */
import SKIP_REASONS from '../jobs/skipReasons.json'
import SENTENCES from './serverSentences.de.json'

const NUMBER = /^\d{1,3}(,\d{3})*(\.\d+)?$/
const number = new Intl.NumberFormat('de')
const wordsAlone: Record<string, { de: string }> = SKIP_REASONS

const RULES = Object.entries(SENTENCES)
  .map(([english, german]) => ({ german, words: english.split('{}') }))
  .toSorted((one, other) => other.words.join('').length - one.words.join('').length) // the most telling first
  .map(({ german, words }) => ({ german, pattern: new RegExp(`^${words.map(escaped).join('(.+?)')}$`) }))

/** Null for a sentence that is not known here. A stage says its label as a sentence. */
export function inGerman(english: string): string | null {
  const known = byWording(english)
  if (known !== null || !english.endsWith('.')) return known
  const label = byWording(english.slice(0, -1))
  return label && `${label}.`
}

function byWording(english: string): string | null {
  for (const { german, pattern } of RULES) {
    const values = pattern.exec(english)?.slice(1)
    if (values) return german.replace(/\{(\d)\}/g, (_, place) => valueInGerman(values[Number(place)] ?? ''))
  }
  return null
}

function valueInGerman(value: string): string {
  if (NUMBER.test(value)) return number.format(Number(value.replaceAll(',', '')))
  return wordsAlone[value]?.de ?? byWording(value) ?? value
}

function escaped(words: string) {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
