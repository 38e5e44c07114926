import { Anchor, Paper, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { titleOf } from '../jobs/titles'
import { useFormats } from '../translations/formats'
import type { StatisticsQuery } from './statistics.generated'
import { useStatisticsTexts } from './texts'

/** The numbers that one looks for first. */
export function Figures({ data: { statistics, oldestWaiting, working }, now }: { data: StatisticsQuery; now: Date }) {
  const t = useStatisticsTexts()
  const { number, percent, duration } = useFormats()
  const today = statistics.perDay.find(({ date }) => date === now.toISOString().slice(0, 10))
  const [oldest] = oldestWaiting.nodes
  const ended = (today?.completed ?? 0) + (today?.failed ?? 0)
  return (
    <SimpleGrid cols={{ base: 2, lg: 5 }} spacing={{ base: 'xs', xs: 'md' }}>
      <Figure name={t('jobs')} value={number(statistics.total)} />
      <Figure name={t('successRate')} value={statistics.successRate === null ? '–' : percent(100 * statistics.successRate)} />
      <Figure name={t('runTime')} value={statistics.averageRunSeconds === null ? '–' : duration(statistics.averageRunSeconds)} />
      <Figure name={t('throughput')} value={number(ended)}>{t('itemsDone', { shown: number(today?.items ?? 0) })}</Figure>
      <Figure name={t('queue')} value={number(oldestWaiting.totalCount)}>
        {t('inWork', { shown: number(working.totalCount) })} ·{' '}
        {oldest ? (
          <>
            {t('oldest', { time: duration((now.getTime() - Date.parse(oldest.createdAt)) / 1000) })},{' '}
            <Anchor component={Link} to={`/jobs/${oldest.id}`} inherit className="wrap-anywhere">{titleOf(oldest)}</Anchor>
          </>
        ) : t('nobodyWaits')}
      </Figure>
    </SimpleGrid>
  )
}

function Figure({ name, value, children }: { name: string; value: string; children?: ReactNode }) {
  return (
    <Paper component="section" withBorder p="md" aria-label={name}>
      <Text size="sm" c="dimmed">{name}</Text>
      <Text fz={22} fw={650} className="numbers" lh={1.4}>{value}</Text>
      {children && <Text size="xs" c="dimmed">{children}</Text>}
    </Paper>
  )
}
