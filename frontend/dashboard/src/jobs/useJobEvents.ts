/** Events about jobs, some at a time: hundreds come at once when a list begins, or when the server is back. */
import { useSubscription } from '@apollo/client/react'
import { useEffect, useEffectEvent, useRef } from 'react'
import type { JobStateFragment } from './job.generated'
import { WatchJobsDocument, type WatchJobsSubscriptionVariables } from './watch.generated'

const PAUSE_MS = 100

/** Has `onJobs` called at most ten times a second, with the newest state of each job that changed; the cache is left alone. */
export function useJobEvents(variables: WatchJobsSubscriptionVariables, onJobs: (jobs: JobStateFragment[]) => void) {
  const waiting = useRef(new Map<string, JobStateFragment>())
  const timer = useRef<number | undefined>(undefined)
  const passOn = useEffectEvent(() => {
    const jobs = [...waiting.current.values()]
    waiting.current.clear()
    timer.current = undefined
    onJobs(jobs)
  })
  useEffect(() => () => clearTimeout(timer.current), [])

  useSubscription(WatchJobsDocument, {
    variables,
    fetchPolicy: 'no-cache',
    ignoreResults: true,
    onData: ({ data: { data } }) => {
      if (!data) return
      waiting.current.set(data.jobsUpdated.id, data.jobsUpdated)
      timer.current ??= window.setTimeout(() => passOn(), PAUSE_MS)
    },
  })
}
