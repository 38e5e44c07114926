/** Starting work: what was refused, whether it is under way, and the word that it has begun. */
import { Anchor } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import type { JobStateFragment } from '../jobs/job.generated'
import { titleOf } from '../jobs/titles'
import { useNewWorkTexts } from './texts'

export function useStart() {
  const t = useNewWorkTexts()
  const [error, setError] = useState<unknown>(null)
  const [isStarting, setStarting] = useState(false)

  /** Says whether all went well. */
  async function start(begin: () => Promise<readonly JobStateFragment[]>): Promise<boolean> {
    setStarting(true)
    setError(null)
    try {
      const jobs = await begin()
      if (jobs[0]) tell(jobs, jobs[0])
      return true
    } catch (problem) {
      setError(problem)
      return false
    } finally {
      setStarting(false)
    }
  }

  function tell(jobs: readonly JobStateFragment[], first: JobStateFragment) {
    const href = jobs.length === 1 ? `#/jobs/${first.id}` : '#/jobs'
    const title = t('started', { count: jobs.length, title: titleOf(first) })
    notifications.show({ color: 'green', title, message: <Anchor href={href} inherit>{t('open')}</Anchor>, className: 'wrap-anywhere' })
  }

  return { start, error, isStarting }
}
