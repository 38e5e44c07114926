/** The verbs of a job, as the server offers them in `actions`. */
import { useApolloClient } from '@apollo/client/react'
import { notifications } from '@mantine/notifications'
import { codeOf } from '../api/errors'
import type { JobAction } from '../api/schema'
import { useSentences } from '../api/sentences'
import {
  CancelJobDocument,
  DeleteJobDocument,
  PauseJobDocument,
  PurgeJobDocument,
  ResumeJobDocument,
  RetryJobDocument,
  StartJobDocument,
} from './actions.generated'
import { useJobTexts } from './texts'

const VERBS = {
  START: { mutation: StartJobDocument },
  PAUSE: { mutation: PauseJobDocument },
  RESUME: { mutation: ResumeJobDocument },
  CANCEL: { mutation: CancelJobDocument },
  RETRY: { mutation: RetryJobDocument },
  RETRY_FAILED_ITEMS: { mutation: RetryJobDocument, variables: { onlyFailedItems: true } },
  DELETE: { mutation: DeleteJobDocument },
  PURGE: { mutation: PurgeJobDocument },
}

/** Answers a function that does `action`, and tells the person where it was refused; it says whether it was done. */
export function useJobActions() {
  const client = useApolloClient()
  const t = useJobTexts()
  const { tellError } = useSentences()
  return async function act(id: string, action: JobAction): Promise<boolean> {
    const { mutation, ...more } = VERBS[action] as { mutation: typeof RetryJobDocument; variables?: object }
    try {
      await client.mutate({ mutation, variables: { ...more.variables, id } })
      if (isRemoval(action)) forget(id)
      return true
    } catch (error) {
      notifications.show({ color: 'red', title: t('refused'), message: tellError(error) ?? t('notReached'), id: `${id}-${codeOf(error)}` })
      return false
    }
  }

  function forget(id: string) {
    for (const __typename of ['Task', 'Batch', 'Download']) client.cache.evict({ id: client.cache.identify({ __typename, id })! })
    client.cache.gc()
  }
}

export const isRemoval = (action: JobAction) => action === 'DELETE' || action === 'PURGE'
