import { Alert, Anchor, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { Link } from 'react-router'
import { ServerText } from '../api/ServerText'
import { useSentences } from '../api/sentences'
import { ActionButtons } from '../jobs/ActionButtons'
import { ProgressBar, percentageOf } from '../jobs/ProgressBar'
import { ProgressNumbers } from '../jobs/ProgressNumbers'
import { StatusBadge } from '../jobs/StatusBadge'
import { titleOf, useKindName } from '../jobs/titles'
import { useFormats } from '../translations/formats'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'

type Props = { job: Job; onRemoved: () => void }

export function JobHeader({ job, onRemoved }: Props) {
  const t = useJobPageTexts()
  const { percent } = useFormats()
  const kindName = useKindName()
  const { tell } = useSentences()
  return (
    <Paper component="header" withBorder p="md">
      <Stack gap="sm">
        <Text size="sm" c="dimmed"><Anchor component={Link} to="/jobs" inherit underline="always">{t('back')}</Anchor> / {kindName(job.kind)}</Text>
        <Group justify="space-between" align="start">
          <Group gap="sm">
            <Title order={1} size="h3" className="wrap-anywhere">{titleOf(job)}</Title>
            <StatusBadge job={job} />
          </Group>
          <ActionButtons job={job} onRemoved={onRemoved} />
        </Group>
        <Stack gap={6}>
          <Group gap="sm" wrap="nowrap">
            <div style={{ flex: 1 }}><ProgressBar job={job} size="lg" /></div>
            <Text fw={600} className="numbers" data-testid="percentage">{percent(percentageOf(job))}</Text>
          </Group>
          <Text size="sm" className="numbers" data-testid="numbers"><ProgressNumbers job={job} /></Text>
          {job.statusMessage !== job.error?.message && <Text size="sm" c="dimmed" role="status" className="wrap-anywhere"><ServerText>{job.statusMessage}</ServerText></Text>}
        </Stack>
        {job.error && (
          <Alert color="red" variant="light" className="wrap-anywhere">
            <Text size="sm">{tell(job.error)}</Text>
            <Text size="xs" c="dimmed">{job.error.code}</Text>
          </Alert>
        )}
      </Stack>
    </Paper>
  )
}
