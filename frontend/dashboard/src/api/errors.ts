/** What went wrong, as code and sentence. */
import { CombinedGraphQLErrors } from '@apollo/client'
import { Refused } from './session'

/** The server's `ErrorCode`; NOT_REACHED where it did not answer. */
export function codeOf(error: unknown): string {
  if (error instanceof Refused) return error.code
  if (CombinedGraphQLErrors.is(error)) return String(error.errors[0]?.extensions?.['code'] ?? 'INTERNAL_ERROR')
  return 'NOT_REACHED'
}

/** The server's own sentence; null where it did not answer. */
export function sentenceOf(error: unknown): string | null {
  if (CombinedGraphQLErrors.is(error)) return error.errors.map(({ message }) => message).join(' ')
  return error instanceof Refused ? error.message : null
}
