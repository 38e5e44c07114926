import { Button, Group, Text } from '@mantine/core'
import { modals } from '@mantine/modals'
import { Ban, CirclePause, CirclePlay, Eraser, RotateCcw, Trash2, type LucideIcon } from 'lucide-react'
import { useState } from 'react'
import type { JobAction } from '../api/schema'
import type { JobStateFragment } from './job.generated'
import { useJobTexts } from './texts'
import { titleOf } from './titles'
import { isRemoval, useJobActions } from './useJobActions'

const ICONS: Record<JobAction, LucideIcon> = {
  START: CirclePlay,
  PAUSE: CirclePause,
  RESUME: CirclePlay,
  CANCEL: Ban,
  RETRY: RotateCcw,
  RETRY_FAILED_ITEMS: RotateCcw,
  DELETE: Trash2,
  PURGE: Eraser,
}

type Props = { job: JobStateFragment; onRemoved: () => void }

/** A button for each thing that may be done with the job now; what removes it asks first. */
export function ActionButtons({ job, onRemoved }: Props) {
  const t = useJobTexts()
  const act = useJobActions()
  const [running, setRunning] = useState<JobAction | null>(null)

  async function run(action: JobAction) {
    setRunning(action)
    const isDone = await act(job.id, action)
    setRunning(null)
    if (isDone && isRemoval(action)) onRemoved()
  }

  function confirm(action: JobAction) {
    const word = action === 'PURGE' ? 'purge' : 'delete'
    modals.openConfirmModal({
      title: t(`${word}Question`, { title: titleOf(job) }),
      children: <Text size="sm">{t(`${word}Meaning`)}</Text>,
      labels: { confirm: t(action), cancel: t('keep') },
      confirmProps: { color: 'red' },
      onConfirm: () => void run(action),
    })
  }

  return (
    <Group gap="xs">
      {job.actions.map(action => {
        const Icon = ICONS[action]
        return (
          <Button
            key={action}
            size="xs"
            variant={action === 'START' || action === 'RESUME' ? 'filled' : 'default'}
            leftSection={Icon && <Icon size={16} aria-hidden />}
            loading={running === action}
            onClick={() => (isRemoval(action) ? confirm(action) : void run(action))}
          >
            {t(action, { defaultValue: action })}
          </Button>
        )
      })}
    </Group>
  )
}
