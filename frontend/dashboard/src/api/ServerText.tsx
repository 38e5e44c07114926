import { useSentences } from './sentences'

/** A sentence of the server; one that is not known in the language of the page is marked as English, for screen readers. */
export function ServerText({ children: english }: { children: string }) {
  const { translate } = useSentences()
  return translate(english) ?? <span lang="en">{english}</span>
}
