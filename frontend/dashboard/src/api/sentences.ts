/** What the server says, in the language of the page. It speaks English: other languages have a sentence for each code, and for its wordings. */
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'
import { codeOf, sentenceOf } from './errors'

const ROOM = 'codes'
const WAITING_UNTIL = /^Waiting until (\d\d:\d\d) UTC/

let inGerman: (english: string) => string | null = () => null

/** After the first screen, which refuses nothing; the server's own words do where it cannot be loaded. */
async function loadGerman() {
  const [{ GERMAN }, sentences] = await Promise.all([import('./germanSentences'), import('./serverSentences')])
  inGerman = sentences.inGerman
  i18next.addResourceBundle('de', ROOM, GERMAN)
}

const loadFor = (language: string) => {
  if (language === 'de' && !i18next.hasResourceBundle('de', ROOM)) void loadGerman().catch(() => null)
}
loadFor(i18next.language)
i18next.on('languageChanged', loadFor)

/** The server names moments of UTC. */
function inOwnZone(sentence: string | null, english: string): string | null {
  const [, clock] = WAITING_UNTIL.exec(english) ?? []
  if (!sentence || !clock) return sentence
  const moment = new Date(`${new Date().toISOString().slice(0, 10)}T${clock}Z`)
  return sentence.replace(`${clock} UTC`, moment.toLocaleTimeString(i18next.language, { hour: '2-digit', minute: '2-digit' }))
}

/** A refusal as the server tells it. */
export type Told = { code: string; message: string }

export function useSentences() {
  const { t, i18n } = useTranslation(ROOM)
  /** Null where the page has no words for it but the server's own. */
  const translate = (english: string) => inOwnZone(i18n.language === 'de' ? inGerman(english) : english, english)
  const tell = ({ code, message }: Told) => (i18n.exists(code, { ns: ROOM }) ? t(code, { sentence: translate(message) ?? message }) : message)
  return {
    tell,
    translate,
    /** Of what an operation threw; null where the server did not answer. */
    tellError(error: unknown): string | null {
      const message = sentenceOf(error)
      return message === null ? null : tell({ code: codeOf(error), message })
    },
  }
}
