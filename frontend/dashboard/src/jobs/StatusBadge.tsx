import { Badge } from '@mantine/core'
import { TriangleAlert } from 'lucide-react'
import type { JobStateFragment } from './job.generated'
import { useJobTexts } from './texts'

const COLORS: Record<string, string> = {
  PROCESSING: 'indigo',
  UPLOADING: 'indigo',
  UPLOADED: 'indigo',
  AWAITING_INPUT: 'yellow',
  PAUSED: 'yellow',
  COMPLETED: 'green',
  FAILED: 'red',
  CANCELLING: 'orange',
}

export function StatusBadge({ job }: { job: Pick<JobStateFragment, 'status' | 'hasFailures'> }) {
  const t = useJobTexts()
  const isMixed = job.status === 'COMPLETED' && job.hasFailures
  return (
    <Badge
      color={isMixed ? 'yellow' : (COLORS[job.status] ?? 'gray')}
      variant="light"
      tt="none"
      fw={600}
      rightSection={isMixed && <TriangleAlert size={12} role="img" aria-label={t('withFailures')} />}
    >
      {t(job.status, { defaultValue: job.status })}
    </Badge>
  )
}
