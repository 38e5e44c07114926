import { Group, Radio, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core'
import { AudioLines, Download, FileSpreadsheet, FlaskConical, ListChecks, Package, Plug, type LucideIcon } from 'lucide-react'
import { useSearchParams } from 'react-router'
import { useServerQuery } from '../api/server'
import { Problem } from '../jobs/Problem'
import type { Processor } from './checks'
import { DownloadsForm } from './DownloadsForm'
import { FileWorkForm } from './FileWorkForm'
import classes from './NewWorkPage.module.css'
import { QueuePanel } from './QueuePanel'
import { useNewWorkTexts } from './texts'
import { UnfinishedPanel } from './UnfinishedPanel'

const ICONS: Record<string, LucideIcon> = { leads: FileSpreadsheet, omr: ListChecks, alignment: AudioLines, download: Download, demo: FlaskConical, external: Plug }
const ORDER = ['leads', 'omr', 'alignment', 'download', 'demo', 'external']

/** A kind, its files and options; and the files that are on their way. */
export function NewWorkPage() {
  const t = useNewWorkTexts()
  const { data, error, refetch } = useServerQuery()
  const [search, setSearch] = useSearchParams()
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton h={320} />
  const server = data.serverInfo
  const processors = inOrder(server.processors)
  const chosen = processors.find(({ kind }) => kind === search.get('kind')) ?? processors[0]
  return (
    <Stack gap="md" maw={960}>
      <Title order={1} size="h2">{t('newWork')}</Title>
      <UnfinishedPanel />
      <QueuePanel />
      <KindChoice processors={processors} value={chosen?.kind ?? ''} onChange={kind => setSearch({ kind }, { replace: true })} />
      {chosen?.kind === 'download' && <DownloadsForm processor={chosen} />}
      {chosen && chosen.kind !== 'download' && <FileWorkForm key={chosen.kind} processor={chosen} maxBytes={server.maxUploadSize} />}
    </Stack>
  )
}

function inOrder(processors: readonly Processor[]) {
  const places = new Map(ORDER.map((kind, place) => [kind, place]))
  return [...processors].sort((one, other) => (places.get(one.kind) ?? ORDER.length) - (places.get(other.kind) ?? ORDER.length))
}

type ChoiceProps = { processors: readonly Processor[]; value: string; onChange: (kind: string) => void }

function KindChoice({ processors, value, onChange }: ChoiceProps) {
  const t = useNewWorkTexts()
  return (
    <Radio.Group value={value} onChange={onChange} label={t('whatToDo')} labelProps={{ mb: 'xs' }}>
      <SimpleGrid cols={{ base: 2, md: 3 }} spacing={{ base: 'xs', xs: 'sm' }}>
        {processors.map(({ kind, description }) => {
          const Icon = ICONS[kind] ?? Package
          return (
            <Radio.Card key={kind} value={kind} p={{ base: 8, xs: 'sm' }} className={classes.kind} aria-label={t(kind as 'leads', { defaultValue: kind })}>
              <Group wrap="nowrap" gap="xs" align="flex-start">
                <Icon size={22} strokeWidth={1.7} aria-hidden className={classes.icon} />
                <div>
                  <Text fz={{ base: 13, xs: 14 }} fw={600}>{t(kind as 'leads', { defaultValue: kind })}</Text>
                  <Text size="xs" c="dimmed" lineClamp={2} visibleFrom="xs">{t(`${kind}_meaning` as 'leads_meaning', { defaultValue: description })}</Text>
                </div>
              </Group>
            </Radio.Card>
          )
        })}
      </SimpleGrid>
    </Radio.Group>
  )
}
