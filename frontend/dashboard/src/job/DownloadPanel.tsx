import { Anchor, Progress, Stack, Table, Text } from '@mantine/core'
import { Link } from 'react-router'
import { SkipReason } from '../jobs/SkipReason'
import { useFormats } from '../translations/formats'
import { DownloadChanges } from './DownloadChanges'
import { Panel } from './Panel'
import { useJobPageTexts } from './texts'
import type { Download } from './useJob'

export function DownloadPanel({ job }: { job: Download }) {
  const t = useJobPageTexts()
  return (
    <Panel title={t('source')}>
      <Stack gap="sm">
        <Text size="sm" className="wrap-anywhere">{job.url}</Text>
        {job.finalUrl && job.finalUrl !== job.url && <Text size="sm" className="wrap-anywhere">{t('ledTo')}: {job.finalUrl}</Text>}
        {job.skipReason && <Text size="sm" className="sentence"><SkipReason reason={job.skipReason} /></Text>}
        {job.duplicateOf && (
          <Text size="sm">{t('duplicateOf')} <Anchor component={Link} to={`/jobs/${job.duplicateOf.id}`} inherit>{job.duplicateOf.title ?? job.duplicateOf.id}</Anchor></Text>
        )}
        {job.isActive && job.resumable !== null && <Text size="xs" c="dimmed">{t(job.resumable ? 'resumable' : 'notResumable')}</Text>}
        <Transfers job={job} />
        {job.hosts.length > 0 && <Hosts job={job} />}
        <DownloadChanges job={job} />
      </Stack>
    </Panel>
  )
}

function Transfers({ job }: { job: Download }) {
  const t = useJobPageTexts()
  const { bytes } = useFormats()
  return job.activeItems.map(({ id, name, size, processedBytes }) => (
    <Stack key={id} gap={4}>
      <Text size="sm" className="wrap-anywhere">{name} <Text span size="xs" c="dimmed" className="numbers">{bytes(processedBytes ?? 0)}{size !== null && ` / ${bytes(size)}`}</Text></Text>
      <Progress value={size ? (100 * (processedBytes ?? 0)) / size : 0} aria-label={`${t('inTransfer')}: ${name}`} />
    </Stack>
  ))
}

function Hosts({ job }: { job: Download }) {
  const t = useJobPageTexts()
  const { clock, number } = useFormats()
  return (
    <Table fz="sm">
      <Table.Thead><Table.Tr><Table.Th>{t('host')}</Table.Th><Table.Th>{t('transfers')}</Table.Th></Table.Tr></Table.Thead>
      <Table.Tbody>
        {job.hosts.map(({ name, activeTransfers, waitingUntil }) => (
          <Table.Tr key={name}>
            <Table.Td className="wrap-anywhere">{name}</Table.Td>
            <Table.Td className="numbers">{waitingUntil ? t('waitingUntil', { time: clock(waitingUntil) }) : number(activeTransfers)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
