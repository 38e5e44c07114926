import { useQuery } from '@apollo/client/react'
import { Group, Loader, Stack, Table, Text } from '@mantine/core'
import type { DownloadOptionsInput } from '../api/schema'
import { ServerText } from '../api/ServerText'
import { Panel } from '../job/Panel'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { PlanDownloadDocument, type PlanDownloadQuery } from './plan.generated'
import { useNewWorkTexts } from './texts'

const SHOWN_URLS = 5
const SHOWN_FILES = 20

type PlannedFile = PlanDownloadQuery['planDownload'][number]

/** What the URLs lead to, and what would be left out; nothing is fetched for it. */
export function DownloadPlan({ urls, options }: { urls: readonly string[]; options: DownloadOptionsInput }) {
  const t = useNewWorkTexts()
  return (
    <Panel title={t('plan')}>
      <Stack gap="lg">
        {urls.slice(0, SHOWN_URLS).map((url, place) => <PlanOfUrl key={place} url={url} options={options} />)}
        {urls.length > SHOWN_URLS && <Text size="sm" c="dimmed">{t('urlsNotPlanned', { count: urls.length - SHOWN_URLS })}</Text>}
      </Stack>
    </Panel>
  )
}

function PlanOfUrl({ url, options }: { url: string; options: DownloadOptionsInput }) {
  const t = useNewWorkTexts()
  const { data, error, refetch } = useQuery(PlanDownloadDocument, { variables: { url, options }, fetchPolicy: 'no-cache' })
  return (
    <Stack gap="xs" role="group" aria-label={url}>
      <Text size="sm" c="dimmed" className="wrap-anywhere">{url}</Text>
      {!data && !error && <Group gap="xs"><Loader size="xs" aria-hidden /><Text size="sm" role="status">{t('planning')}</Text></Group>}
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {data && <Verdict files={data.planDownload} />}
    </Stack>
  )
}

function Verdict({ files }: { files: readonly PlannedFile[] }) {
  const t = useNewWorkTexts()
  const { bytes } = useFormats()
  const wanted = files.filter(({ willDownload }) => willDownload)
  const leftOut = files.filter(({ willDownload }) => !willDownload)
  const known = wanted.flatMap(({ size }) => size ?? [])
  const size = bytes(known.reduce((sum, one) => sum + one, 0))
  const words = wanted.length === 0 ? 'nothingPlanned' : known.length === wanted.length ? 'planned' : 'plannedAtLeast'
  return (
    <>
      <Text size="sm" fw={600} role="status">{t(words, { count: wanted.length, size })}</Text>
      <Files files={wanted} />
      {leftOut.length > 0 && <Text size="sm" fw={600}>{t('notPlanned', { count: leftOut.length })}</Text>}
      <Files files={leftOut} />
    </>
  )
}

function Files({ files }: { files: readonly PlannedFile[] }) {
  const t = useNewWorkTexts()
  const { bytes } = useFormats()
  if (!files.length) return null
  return (
    <>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {files.slice(0, SHOWN_FILES).map(({ url, name, contentType, size, reason }) => (
            <Table.Tr key={url}>
              <Table.Td>
                <Text size="sm" className="wrap-anywhere" title={url}>{name}</Text>
                <Text size="xs" c="dimmed" className="wrap-anywhere">{reason ? <ServerText>{reason}</ServerText> : contentType}</Text>
              </Table.Td>
              <Table.Td w={1} ta="right" className="numbers"><Text size="xs" c="dimmed" miw="max-content">{size === null ? '–' : bytes(size)}</Text></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {files.length > SHOWN_FILES && <Text size="xs" c="dimmed">{t('andMore', { count: files.length - SHOWN_FILES })}</Text>}
    </>
  )
}
