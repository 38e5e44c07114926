/** Texts of a room of the page, each in every language. */
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'
import { LANGUAGES, type Language } from './language'

type Texts = Record<string, Record<Language, string>>
type KeyOf<T> = keyof T extends infer Key ? (Key extends `${infer Stem}_${'one' | 'other'}` ? Stem : Key) : never

/** Translates a key; `count` chooses between `key_one` and `key_other`, `{{name}}` stands for a value. */
export type Translate<T> = (key: KeyOf<T>, values?: Record<string, unknown>) => string

/** Put `texts` into the catalogue; answers the hook that translates them. */
export function catalogue<T extends Texts>(room: string, texts: T): () => Translate<T> {
  for (const language of LANGUAGES) {
    const inLanguage = Object.entries(texts).map(([key, translations]) => [key, translations[language]])
    i18next.addResourceBundle(language, room, Object.fromEntries(inLanguage))
  }
  return function useTexts() {
    return useTranslation(room).t as unknown as Translate<T>
  }
}
