import { Table, Tabs, Text } from '@mantine/core'
import { useQuery } from '@apollo/client/react'
import { useOnReturn } from '../../api/api'
import { useFormats } from '../../translations/formats'
import { Panel } from '../Panel'
import { useJobPageTexts } from '../texts'
import type { Job } from '../useJob'
import { ColumnMapping } from './ColumnMapping'
import { LeadsPreviewDocument } from './leads.generated'

type Lead = { row: number; name: string | null; email: string | null; phone: string | null; company: string | null; score: number }

/** The first leads as they were read, and which column became which field. */
export function LeadsPanel({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const { data, refetch } = useQuery(LeadsPreviewDocument, { variables: { id: job.id }, skip: job.status !== 'COMPLETED' })
  useOnReturn(() => void (job.status === 'COMPLETED' && refetch()))
  const report = job.files.find(({ name }) => name === 'report.json')
  const batch = data?.batch
  if (!batch) return null
  return (
    <Panel title={t('leads')}>
      <Tabs defaultValue="preview" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="preview">{t('preview')}</Tabs.Tab>
          {report && <Tabs.Tab value="columns">{t('columns')}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="preview"><Leads leads={batch.items.nodes.map(({ result }) => result as Lead)} /></Tabs.Panel>
        {report && <Tabs.Panel value="columns"><ColumnMapping batch={batch} reportUrl={report.url} /></Tabs.Panel>}
      </Tabs>
    </Panel>
  )
}

function Leads({ leads }: { leads: Lead[] }) {
  const t = useJobPageTexts()
  const { number } = useFormats()
  return (
    <Table.ScrollContainer type="native" minWidth={460} tabIndex={0}>
      <Table fz="sm" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>{(['row', 'name', 'contact', 'score'] as const).map(field => <Table.Th key={field}>{t(field)}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {leads.map(({ row, name, email, phone, company, score }) => (
            <Table.Tr key={row}>
              <Table.Td className="numbers">{number(row)}</Table.Td>
              <Table.Td><TwoLines first={name} second={company} /></Table.Td>
              <Table.Td><TwoLines first={email} second={phone} /></Table.Td>
              <Table.Td className="numbers">{number(score)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function TwoLines({ first, second }: { first: string | null; second: string | null }) {
  return (
    <>
      <Text size="sm" className="wrap-anywhere">{first ?? '–'}</Text>
      {second && <Text size="xs" c="dimmed" className="wrap-anywhere numbers">{second}</Text>}
    </>
  )
}
