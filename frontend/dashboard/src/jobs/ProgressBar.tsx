import { Progress } from '@mantine/core'
import type { JobStateFragment } from './job.generated'
import { useJobTexts } from './texts'
import { titleOf } from './titles'

type Props = { job: JobStateFragment; size?: 'sm' | 'lg' }

/** The bar alone; while bytes come in it shows them. */
export function ProgressBar({ job, size = 'sm' }: Props) {
  const t = useJobTexts()
  return (
    <Progress.Root size={size} radius="xl" className="progress">
      <Progress.Section
        value={percentageOf(job)}
        color={job.status === 'FAILED' ? 'red' : job.status === 'COMPLETED' ? 'green' : job.isActive ? 'indigo' : 'gray.5'}
        animated={job.status === 'PROCESSING'}
        aria-label={t('progressOf', { title: titleOf(job) })}
      />
    </Progress.Root>
  )
}

/** 0 to 100: of the work, or of the bytes as long as they come in; of what is skipped nothing is left to do. */
export function percentageOf({ status, progress }: Pick<JobStateFragment, 'status' | 'progress'>) {
  const { percentage, processedBytes, totalBytes } = progress
  if (status === 'SKIPPED') return 100
  return status === 'UPLOADING' && totalBytes ? (100 * processedBytes) / totalBytes : percentage
}
