import { catalogue } from '../../translations/catalogue'

export const useAlignmentTexts = catalogue('alignment', {
  speech: { en: 'Speech', de: 'Sprache' },
  words_one: { en: '{{shown}} word', de: '{{shown}} Wort' },
  words_other: { en: '{{shown}} words', de: '{{shown}} Wörter' },
  noneMissing: { en: 'Every word is in a dictionary.', de: 'Jedes Wort steht in einem Wörterbuch.' },
  missing_one: { en: '{{shown}} word is in no dictionary', de: '{{shown}} Wort steht in keinem Wörterbuch' },
  missing_other: { en: '{{shown}} words are in no dictionary', de: '{{shown}} Wörter stehen in keinem Wörterbuch' },
  word: { en: 'Word', de: 'Wort' },
  count: { en: 'Times', de: 'Anzahl' },
  guess: { en: 'Guessed pronunciation', de: 'Vermutete Aussprache' },
  andMore: { en: 'and {{count}} more, in missing.dict', de: 'und {{count}} weitere, in missing.dict' },
  asks: {
    en: 'Start goes on with these guesses. Or correct missing.dict and choose it here.',
    de: '„Starten“ macht mit diesen Vermutungen weiter. Oder berichtigen Sie missing.dict und wählen Sie es hier.',
  },
  chooseDictionary: { en: 'Go on with a corrected dictionary', de: 'Mit einem berichtigten Wörterbuch weiter' },
})
