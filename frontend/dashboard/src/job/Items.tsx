import { Badge, Box, Chip, Group, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@apollo/client/react'
import { useOnReturn } from '../api/api'
import { useState } from 'react'
import { useThrottledValue } from '@mantine/hooks'
import type { ItemStatus } from '../api/schema'
import { useSentences } from '../api/sentences'
import { MoreButton } from '../jobs/MoreButton'
import { Problem } from '../jobs/Problem'
import { SkipReason } from '../jobs/SkipReason'
import { useFormats } from '../translations/formats'
import { JobItemsDocument, type ItemRowFragment } from './items.generated'
import { Panel } from './Panel'
import { FileLinks } from './Results'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'
import { useReadAgain } from './useReadAgain'

const COLORS: Partial<Record<ItemStatus, string>> = { COMPLETED: 'green', FAILED: 'red', PROCESSING: 'indigo', SKIPPED: 'yellow' }
const FILTERS: ItemStatus[] = ['COMPLETED', 'FAILED', 'SKIPPED']
const READ_AGAIN_MS = 2_000

export function Items({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const { number } = useFormats()
  const [status, setStatus] = useState<ItemStatus | null>(null)
  const { data, previousData, error, loading, fetchMore, refetch } = useQuery(JobItemsDocument, { variables: { id: job.id, status } })
  const items = (data ?? previousData)?.job?.items // what was shown before stays until the others are there
  const problem = error && <Problem error={error} onRetry={() => void refetch()} />

  // Items have no events of their own: they are read again while the job moves.
  const version = useThrottledValue(job.version, READ_AGAIN_MS)
  useReadAgain(version, loading, refetch)
  useOnReturn(() => void refetch())

  if (!items || (data && items.totalCount === 0 && !status)) return problem ?? null
  return (
    <Panel title={t('items')} aside={<StatusChoice value={status} onChange={setStatus} />}>
      {problem}
      <Table verticalSpacing={6} fz="sm">
        <Table.Tbody>{items.edges.map(({ node }) => <ItemRow key={node.id} item={node} />)}</Table.Tbody>
      </Table>
      {items.totalCount === 0 && <Text size="sm" c="dimmed">{t('noItems')}</Text>}
      {data && items.pageInfo.hasNextPage && (
        <Box mt="sm">
          <MoreButton key={status} label={t('more')} read={() => fetchMore({ variables: { after: items.pageInfo.endCursor } })}>
            {number(items.edges.length)} / {number(items.totalCount)}
          </MoreButton>
        </Box>
      )}
    </Panel>
  )
}

function StatusChoice({ value, onChange }: { value: ItemStatus | null; onChange: (status: ItemStatus | null) => void }) {
  const t = useJobPageTexts()
  return (
    <Chip.Group value={value ?? 'all'} onChange={chosen => onChange(chosen === 'all' ? null : (chosen as ItemStatus))}>
      <Group gap={4}>
        <Chip size="xs" value="all">{t('all')}</Chip>
        {FILTERS.map(status => <Chip key={status} size="xs" value={status}>{t(status)}</Chip>)}
      </Group>
    </Chip.Group>
  )
}

function ItemRow({ item }: { item: ItemRowFragment }) {
  const t = useJobPageTexts()
  const { tell, translate } = useSentences()
  return (
    <Table.Tr>
      <Table.Td px={4}>
        <Stack gap={4}>
          <Group justify="space-between" align="start" gap="xs">
            <Text size="sm" flex={1} miw={96} className="wrap-anywhere">{translate(item.name) ?? item.name}</Text>
            <Group gap={4}>
              {item.needsReview && <Badge color="yellow" variant="light" tt="none" miw="max-content">{t('needsReview')}</Badge>}
              <Badge color={COLORS[item.status] ?? 'gray'} variant="light" tt="none" miw="max-content">{t(item.status)}</Badge>
            </Group>
          </Group>
          {item.error && <Text size="xs" className="problem wrap-anywhere">{tell(item.error)}</Text>}
          {item.skipReason && <Text size="xs" c="dimmed" className="sentence wrap-anywhere"><SkipReason reason={item.skipReason} /></Text>}
          <FileLinks files={item.files} />
        </Stack>
      </Table.Td>
    </Table.Tr>
  )
}
