import { Stack, Text } from '@mantine/core'
import { ServerText } from '../api/ServerText'
import { useJobTexts } from '../jobs/texts'
import { useFormats } from '../translations/formats'
import { Panel } from './Panel'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'

/** Changes of status and stage, newest first. */
export function History({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const tJobs = useJobTexts()
  const { exact } = useFormats()
  const labelOf = (stage: string) => job.stages.find(({ name }) => name === stage)?.label ?? stage
  return (
    <Panel title={t('history')}>
      <Stack gap="xs" mah={320} style={{ overflowY: 'auto' }} tabIndex={0} role="group" aria-label={t('history')}>
        {job.events.nodes.toReversed().map(({ id, at, status, stage, message, attempt }) => (
          <div key={id}>
            <Text size="sm">
              <Text span inherit fw={600}>{tJobs(status, { defaultValue: status })}</Text>
              {stage && <> · <ServerText>{labelOf(stage)}</ServerText></>}
              {job.attempt > 1 && ` · ${t('attempt', { number: attempt })}`}
            </Text>
            <Text size="xs" c="dimmed" className="wrap-anywhere"><time dateTime={at}>{exact(at)}</time> {message !== `${stage && labelOf(stage)}.` && <ServerText>{message}</ServerText>}</Text>
          </div>
        ))}
      </Stack>
    </Panel>
  )
}
