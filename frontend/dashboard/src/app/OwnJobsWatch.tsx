import { Anchor } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useEffect, useRef, useState } from 'react'
import { useApi } from '../api/api'
import { ServerText } from '../api/ServerText'
import { useViewer } from '../api/server'
import type { JobStateFragment } from '../jobs/job.generated'
import { percentageOf } from '../jobs/ProgressBar'
import { titleOf } from '../jobs/titles'
import { useJobEvents } from '../jobs/useJobEvents'
import { useFormats } from '../translations/formats'
import { useAppTexts } from './texts'

/** Tells by toasts what became of the viewer's own jobs, and their progress in the title of the tab. */
export function OwnJobsWatch() {
  const viewer = useViewer()
  return viewer && <Watch filter={viewer.role === 'ADMIN' ? { ownerId: viewer.id } : {}} />
}

function Watch({ filter }: { filter: { ownerId?: string } }) {
  const { connection } = useApi()
  const [endedSince] = useState(() => connection.now().toISOString())
  const [active, setActive] = useState<ReadonlyMap<string, JobStateFragment>>(new Map())
  const told = useRef(new Map<string, string>())
  const tell = useToasts()

  useJobEvents({ filter, endedSince }, jobs => {
    for (const job of jobs) {
      const moment = `${job.attempt} ${job.status}`
      const isNews = !job.deletedAt && (told.current.has(job.id) || !job.isActive)
      if (isNews && told.current.get(job.id) !== moment) tell(job)
      told.current.set(job.id, moment)
    }
    setActive(before => withJobs(before, jobs))
  })
  useTitle([...active.values()])
  return null
}

function withJobs(before: ReadonlyMap<string, JobStateFragment>, jobs: JobStateFragment[]) {
  const after = new Map(before)
  for (const job of jobs) {
    if (job.isActive && !job.deletedAt) after.set(job.id, job)
    else after.delete(job.id)
  }
  return after
}

function useToasts() {
  const t = useAppTexts()
  return (job: JobStateFragment) => {
    const title = titleOf(job)
    const texts: Record<string, { color: string; title: string }> = {
      COMPLETED: job.hasFailures ? { color: 'yellow', title: t('isDoneWithFailures', { title }) } : { color: 'green', title: t('isDone', { title }) },
      FAILED: { color: 'red', title: t('hasFailed', { title }) },
      AWAITING_INPUT: { color: 'yellow', title: t('needsYou', { title }) },
    }
    const text = texts[job.status]
    if (!text) return
    const message = <><ServerText>{job.statusMessage}</ServerText> <Anchor href={`#/jobs/${job.id}`} inherit>{t('open')}</Anchor></>
    notifications.show({ ...text, id: `${job.id} ${job.attempt} ${job.status}`, message, autoClose: 10_000, className: 'wrap-anywhere' })
  }
}

/** `43 % · 2 · Waybill`: the average of what is being worked on. */
function useTitle(active: JobStateFragment[]) {
  const { percent } = useFormats()
  const moving = active.filter(job => job.status === 'PROCESSING' || job.status === 'UPLOADING')
  const average = moving.reduce((sum, job) => sum + percentageOf(job), 0) / moving.length
  const title = moving.length ? `${percent(average)} · ${moving.length} · Waybill` : 'Waybill'
  useEffect(() => void (document.title = title), [title])
}
