import { useQuery } from '@apollo/client/react'
import { Anchor, Group, Stack, Table, Text } from '@mantine/core'
import { useOnReturn } from '../../api/api'
import { useTranslation } from 'react-i18next'
import { useFormats } from '../../translations/formats'
import { Panel } from '../Panel'
import type { Job } from '../useJob'
import { useReadAgain } from '../useReadAgain'
import { JobAlignmentDocument, type JobAlignmentQuery } from './alignment.generated'
import { CorrectedDictionary } from './CorrectedDictionary'
import { useAlignmentTexts } from './texts'

const SHOWN = 100

type Alignment = NonNullable<NonNullable<JobAlignmentQuery['task']>['alignment']>

/** What is known of the words that are spoken; the missing ones with their guesses, to be corrected. */
export function AlignmentPanel({ job }: { job: Job }) {
  const t = useAlignmentTexts()
  const { number, duration } = useFormats()
  const { i18n } = useTranslation()
  const { data, loading, refetch } = useQuery(JobAlignmentDocument, { variables: { id: job.id }, fetchPolicy: 'no-cache' })
  const moment = `${job.attempt} ${job.status} ${job.stage}`
  useReadAgain(moment, loading, refetch)
  useOnReturn(() => void refetch())

  const alignment = data?.task?.alignment
  if (!alignment) return null
  const language = new Intl.DisplayNames(i18n.language, { type: 'language' }).of(alignment.language)
  return (
    <Panel title={t('speech')} aside={alignment.textgridUrl && <Anchor href={alignment.textgridUrl} download size="sm">TextGrid</Anchor>}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed" className="numbers">
          {[language, duration(alignment.duration), t('words', { count: alignment.wordCount, shown: number(alignment.wordCount) })].join(' · ')}
        </Text>
        {alignment.missingWordCount === 0 && <Text size="sm">{t('noneMissing')}</Text>}
        {alignment.missingWordCount > 0 && <MissingWords alignment={alignment} />}
        {job.awaiting === 'missingWords' && <CorrectedDictionary jobId={job.id} />}
      </Stack>
    </Panel>
  )
}

function MissingWords({ alignment: { missingWordCount, missingWords, missingDictUrl } }: { alignment: Alignment }) {
  const t = useAlignmentTexts()
  const { number } = useFormats()
  return (
    <>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>{t('missing', { count: missingWordCount, shown: number(missingWordCount) })}</Text>
        {missingDictUrl && <Anchor href={missingDictUrl} download size="sm">missing.dict</Anchor>}
      </Group>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Thead><Table.Tr><Table.Th>{t('word')}</Table.Th><Table.Th ta="right">{t('count')}</Table.Th><Table.Th>{t('guess')}</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {missingWords.slice(0, SHOWN).map(({ word, count, suggestion }) => (
            <Table.Tr key={word}>
              <Table.Td miw={96} className="wrap-anywhere">{word}</Table.Td>
              <Table.Td ta="right" className="numbers">{number(count)}</Table.Td>
              <Table.Td ff="monospace" fz="xs">{suggestion}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {missingWordCount > SHOWN && <Text size="xs" c="dimmed">{t('andMore', { count: missingWordCount - SHOWN })}</Text>}
    </>
  )
}
