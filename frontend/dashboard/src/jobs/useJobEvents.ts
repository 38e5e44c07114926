/** Events about jobs, some at a time: hundreds come at once when a list begins, or when the server is back. */
import { useApolloClient } from '@apollo/client/react'
import { useEffectEvent, useLayoutEffect } from 'react'
import type { JobStateFragment } from './job.generated'
import { WatchJobsDocument, type WatchJobsSubscriptionVariables } from './watch.generated'

const PAUSE_MS = 100

/**
 * Has `onJobs` called at most ten times a second, with the newest state of each job that changed; the cache is left alone.
 * Without `variables`, nothing is watched; what has been missed comes first when they are there.
 */
export function useJobEvents(variables: WatchJobsSubscriptionVariables | undefined, onJobs: (jobs: JobStateFragment[]) => void) {
  const client = useApolloClient()
  const passOn = useEffectEvent(onJobs)
  const watched = JSON.stringify(variables)

  // What waits belongs to what was watched: it goes before another filter is on the page.
  useLayoutEffect(() => {
    if (!watched) return
    const waiting = new Map<string, JobStateFragment>()
    let timer: number | undefined
    const watch = client.subscribe({ query: WatchJobsDocument, variables: JSON.parse(watched), fetchPolicy: 'no-cache' })
    const subscription = watch.subscribe(({ data }) => {
      if (!data) return
      waiting.set(data.jobsUpdated.id, data.jobsUpdated)
      timer ??= window.setTimeout(() => {
        const jobs = [...waiting.values()]
        waiting.clear()
        timer = undefined
        passOn(jobs)
      }, PAUSE_MS)
    })
    return () => {
      clearTimeout(timer)
      subscription.unsubscribe()
    }
  }, [client, watched])
}
