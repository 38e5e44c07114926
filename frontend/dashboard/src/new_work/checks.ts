/** What is wrong with a file before it is sent, by what serverInfo says. */
import type { ServerQuery } from '../api/server.generated'

export type Processor = ServerQuery['serverInfo']['processors'][number]
export type FileProblem = 'wrongEnding' | 'empty' | 'tooLarge'

/** With its dot, in small letters; '' where there is none: the name `.wav` has none. */
export const endingOf = (name: string) => /.(\.[^.]+)$/.exec(name.toLowerCase())?.[1] ?? ''

export function problemOf(file: File, accept: readonly string[], maxBytes: number): FileProblem | null {
  if (accept.length && !accept.includes(endingOf(file.name))) return 'wrongEnding'
  if (file.size === 0) return 'empty'
  return file.size > maxBytes ? 'tooLarge' : null
}
