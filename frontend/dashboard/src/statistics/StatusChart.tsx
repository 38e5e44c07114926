import { Anchor, Group, Progress, Stack, Text } from '@mantine/core'
import { Link } from 'react-router'
import { StatusBadge } from '../jobs/StatusBadge'
import { useFormats } from '../translations/formats'
import type { StatisticsQuery } from './statistics.generated'

type Counts = StatisticsQuery['statistics']['byStatus']

const COLORS: Record<string, string> = { COMPLETED: 'green', FAILED: 'red', PROCESSING: 'indigo', UPLOADING: 'indigo', PAUSED: 'yellow', AWAITING_INPUT: 'yellow' }

/** A bar for each status, which leads to its jobs. */
export function StatusChart({ counts }: { counts: Counts }) {
  const { number, percent } = useFormats()
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  const share = (count: number) => (100 * count < total ? `< ${percent(1)}` : percent((100 * count) / total))
  const byCount = [...counts].sort((one, other) => other.count - one.count)
  return (
    <Stack gap="md">
      {byCount.map(({ status, count }) => (
        <Stack key={status} gap={4}>
          <Group justify="space-between">
            <Anchor component={Link} to={`/jobs?status=${status}`} underline="never"><StatusBadge job={{ status, hasFailures: false }} /></Anchor>
            <Text size="sm" className="numbers">{number(count)} · {share(count)}</Text>
          </Group>
          <Progress value={(100 * count) / total} color={COLORS[status] ?? 'gray.5'} aria-hidden />
        </Stack>
      ))}
    </Stack>
  )
}
