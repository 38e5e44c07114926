/** The language of the page: the person's choice, else the browser's. */
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

export const LANGUAGES = ['en', 'de'] as const
export type Language = (typeof LANGUAGES)[number]
const KEY = 'waybill.language'

const isLanguage = (value: unknown): value is Language => LANGUAGES.includes(value as Language)
const stored = localStorage.getItem(KEY)
const preferred = navigator.languages.map(tag => tag.slice(0, 2)).find(isLanguage)

void i18next.use(initReactI18next).init({
  lng: isLanguage(stored) ? stored : (preferred ?? 'en'),
  fallbackLng: 'en',
  supportedLngs: LANGUAGES,
  resources: {},
  initAsync: false,
  interpolation: { escapeValue: false }, // React escapes
  react: { useSuspense: false, bindI18nStore: 'added' }, // what is loaded later is shown then
})
document.documentElement.lang = i18next.language

export async function chooseLanguage(language: Language) {
  localStorage.setItem(KEY, language)
  document.documentElement.lang = language
  await i18next.changeLanguage(language)
}
