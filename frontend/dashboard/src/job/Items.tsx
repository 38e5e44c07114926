import { Badge, Button, Chip, Group, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@apollo/client/react'
import { useOnReturn } from '../api/api'
import { useEffect, useState } from 'react'
import { useThrottledValue } from '@mantine/hooks'
import type { ItemStatus } from '../api/schema'
import { useSentences } from '../api/sentences'
import { Problem } from '../jobs/Problem'
import { SkipReason } from '../jobs/SkipReason'
import { useFormats } from '../translations/formats'
import { JobItemsDocument, type ItemRowFragment } from './items.generated'
import { Panel } from './Panel'
import { FileLinks } from './Results'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'

const COLORS: Partial<Record<ItemStatus, string>> = { COMPLETED: 'green', FAILED: 'red', PROCESSING: 'indigo', SKIPPED: 'yellow' }
const FILTERS: ItemStatus[] = ['COMPLETED', 'FAILED', 'SKIPPED']
const READ_AGAIN_MS = 2_000

export function Items({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const { number } = useFormats()
  const [status, setStatus] = useState<ItemStatus | null>(null)
  const { data, error, fetchMore, refetch } = useQuery(JobItemsDocument, { variables: { id: job.id, status } })
  const items = data?.job?.items

  // Items have no events of their own: they are read again while the job moves.
  const version = useThrottledValue(job.version, READ_AGAIN_MS)
  useEffect(() => void refetch(), [version, refetch])
  useOnReturn(() => void refetch())

  if (!items || (items.totalCount === 0 && !status)) return error ? <Problem error={error} onRetry={() => void refetch()} /> : null
  return (
    <Panel title={t('items')} aside={<StatusChoice value={status} onChange={setStatus} />}>
      <Table verticalSpacing={6} fz="sm">
        <Table.Tbody>{items.edges.map(({ node }) => <ItemRow key={node.id} item={node} />)}</Table.Tbody>
      </Table>
      {items.totalCount === 0 && <Text size="sm" c="dimmed">{t('noItems')}</Text>}
      {items.pageInfo.hasNextPage && (
        <Group mt="sm" gap="sm">
          <Button variant="default" size="compact-sm" onClick={() => void fetchMore({ variables: { after: items.pageInfo.endCursor } })}>{t('more')}</Button>
          <Text size="xs" c="dimmed" className="numbers">{number(items.edges.length)} / {number(items.totalCount)}</Text>
        </Group>
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
      <Table.Td>
        <Stack gap={2}>
          <Text size="sm" className="wrap-anywhere">{translate(item.name) ?? item.name}</Text>
          {item.error && <Text size="xs" className="problem wrap-anywhere">{tell(item.error)}</Text>}
          {item.skipReason && <Text size="xs" c="dimmed" className="sentence wrap-anywhere"><SkipReason reason={item.skipReason} /></Text>}
          <FileLinks files={item.files} />
        </Stack>
      </Table.Td>
      <Table.Td w={1}>
        <Group gap={4} justify="end">
          {item.needsReview && <Badge color="yellow" variant="light" tt="none" miw="max-content">{t('needsReview')}</Badge>}
          <Badge color={COLORS[item.status] ?? 'gray'} variant="light" tt="none" miw="max-content">{t(item.status)}</Badge>
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}
