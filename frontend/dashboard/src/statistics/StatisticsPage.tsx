import { Grid, Group, SegmentedControl, Select, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useServer } from '../api/server'
import { useSearch } from '../app/useSearch'
import { Panel } from '../job/Panel'
import { Problem } from '../jobs/Problem'
import { useKindName } from '../jobs/titles'
import { DayCharts } from './DayCharts'
import { Figures } from './Figures'
import { StatusChart } from './StatusChart'
import { useStatisticsTexts } from './texts'
import { everyDay, useStatistics } from './useStatistics'

const PERIODS = { week: 7, month: 30, quarter: 90 } as const
type Period = keyof typeof PERIODS

/** Counts of jobs as figures and charts; the address bar keeps what is counted. */
export function StatisticsPage() {
  const t = useStatisticsTexts()
  const [search, change] = useSearch()
  const period = (search.get('period') ?? 'month') in PERIODS ? ((search.get('period') ?? 'month') as Period) : 'month'
  const kind = search.get('kind')
  const days = PERIODS[period]
  const { data, error, refetch, now } = useStatistics(days, kind)
  const choose = (name: string, value: string | null) =>
    change(before => {
      const after = new URLSearchParams(before)
      if (value) after.set(name, value)
      else after.delete(name)
      return after
    })

  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Title order={1} size="h2">{t('statistics')}</Title>
        <Group gap="sm">
          <KindChoice value={kind} onChange={value => choose('kind', value)} />
          <SegmentedControl
            aria-label={t('period')}
            value={period}
            onChange={value => choose('period', value)}
            data={(Object.keys(PERIODS) as Period[]).map(value => ({ value, label: t(value) }))}
          />
        </Group>
      </Group>
      {error && !data && <Problem error={error} onRetry={refetch} />}
      {!data && !error && <Skeleton h={320} />}
      {data && (
        <>
          <Figures data={data} now={now()} />
          {data.statistics.total === 0 && <Text c="dimmed">{t('none')}</Text>}
          {data.statistics.total > 0 && (
            <Grid gap="md">
              <Grid.Col span={{ base: 12, md: 8 }}><DayCharts days={everyDay(data.statistics.perDay, days, now())} /></Grid.Col>
              <Grid.Col span={{ base: 12, md: 4 }}><Panel title={t('byStatus')}><StatusChart counts={data.statistics.byStatus} /></Panel></Grid.Col>
            </Grid>
          )}
        </>
      )}
    </Stack>
  )
}

function KindChoice({ value, onChange }: { value: string | null; onChange: (kind: string | null) => void }) {
  const t = useStatisticsTexts()
  const kindName = useKindName()
  const kinds = useServer()?.processors ?? []
  return (
    <Select
      aria-label={t('kind')}
      placeholder={t('anyKind')}
      data={kinds.map(({ kind }) => ({ value: kind, label: kindName(kind) }))}
      value={value}
      onChange={onChange}
      w={180}
      clearable
    />
  )
}
