import { Button, NativeSelect, Skeleton, Stack, Table, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@apollo/client/react'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { ServerText } from '../../api/ServerText'
import { useSentences } from '../../api/sentences'
import { Problem } from '../../jobs/Problem'
import { useJobTexts } from '../../jobs/texts'
import { useJobPageTexts } from '../texts'
import { ReadLeadsAgainDocument, type LeadsPreviewQuery } from './leads.generated'
import { useLeadFieldTexts } from './texts'
import { useReport, type ReportColumn } from './useReport'

const FIELDS = ['name', 'firstName', 'lastName', 'email', 'phone', 'company', 'website', 'country', 'notes'] as const

type Props = { batch: NonNullable<LeadsPreviewQuery['batch']>; reportUrl: string }

/** Which column became which field and why; another choice reads the same file anew. */
export function ColumnMapping({ batch, reportUrl }: Props) {
  const { report, error } = useReport(reportUrl)
  if (error) return <Problem error={error} />
  return report ? <Mapping batch={batch} columns={report.columns} /> : <Skeleton h={200} />
}

type Batch = Props['batch']

function Mapping({ batch, columns }: { batch: Batch; columns: ReportColumn[] }) {
  const t = useJobPageTexts()
  const tFields = useLeadFieldTexts()
  const [chosen, setChosen] = useState<Record<string, string>>({}) // the column of a field
  const readAgain = useReadAgain(batch)
  const chosenField = (column: string) => Object.keys(chosen).find(field => chosen[field] === column)
  const fieldOf = ({ column, field }: ReportColumn) => chosenField(column) ?? (field && !chosen[field] ? field : '')

  function choose(column: string, field: string) {
    const { [chosenField(column) ?? '']: _, ...others } = chosen
    setChosen(field ? { ...others, [field]: column } : others)
  }

  return (
    <Stack gap="sm">
      <Table.ScrollContainer type="native" minWidth={520} tabIndex={0}>
        <Table fz="sm">
          <Table.Thead><Table.Tr><Table.Th>{t('column')}</Table.Th><Table.Th>{t('field')}</Table.Th><Table.Th>{t('why')}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {columns.map(one => (
              <Table.Tr key={one.column}>
                <Table.Td>{one.column} · {one.heading}</Table.Td>
                <Table.Td>
                  <NativeSelect
                    size="xs"
                    miw={120}
                    aria-label={`${t('field')}: ${one.heading}`}
                    data={[{ value: '', label: `(${t('noField')})`, disabled: Boolean(one.field) }, ...FIELDS.map(value => ({ value, label: tFields(value) }))]}
                    value={fieldOf(one)}
                    onChange={event => choose(one.column, event.currentTarget.value)}
                  />
                </Table.Td>
                <Table.Td><Text size="xs" c="dimmed"><ServerText>{one.reason}</ServerText></Text></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {Object.keys(chosen).length > 0 && (
        <Stack gap={4} align="start">
          <Button size="xs" loading={readAgain.isBusy} onClick={() => void readAgain.start(chosen)}>{t('readAgain')}</Button>
          <Text size="xs" c="dimmed">{t('readAgainMeaning')}</Text>
        </Stack>
      )}
    </Stack>
  )
}

function useReadAgain(batch: Batch) {
  const tJobs = useJobTexts()
  const { tellError } = useSentences()
  const navigate = useNavigate()
  const [create, { loading }] = useMutation(ReadLeadsAgainDocument)

  async function start(chosen: Record<string, string>) {
    const options = batch.options as { columns?: object }
    const leads = { ...options, columns: { ...options.columns, ...chosen } }
    const uploadIds = batch.uploads.nodes.map(({ id }) => id)
    try {
      const { data } = await create({ variables: { input: { work: { leads }, uploadIds, title: batch.title } } })
      if (data) await navigate(`/jobs/${data.createBatch.id}`)
    } catch (error) {
      notifications.show({ color: 'red', title: tJobs('refused'), message: tellError(error) ?? tJobs('notReached') })
    }
  }
  return { start, isBusy: loading }
}
