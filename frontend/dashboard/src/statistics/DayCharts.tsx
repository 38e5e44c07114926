import { BarChart } from '@mantine/charts'
import '@mantine/charts/styles.css'
import { Stack, Table } from '@mantine/core'
import { Panel } from '../job/Panel'
import { useFormats } from '../translations/formats'
import classes from './DayCharts.module.css'
import { useStatisticsTexts } from './texts'
import type { Day } from './useStatistics'

const HEIGHT = 240

/** Days as bars, and for who does not see them as a table. */
export function DayCharts({ days }: { days: readonly Day[] }) {
  const t = useStatisticsTexts()
  const { number, day } = useFormats()
  const data = days.map(one => ({ ...one, date: day(one.date) }))
  const common = { h: HEIGHT, data, dataKey: 'date', valueFormatter: number, withLegend: true, legendProps: { verticalAlign: 'bottom' as const }, barProps: { isAnimationActive: false }, barChartProps: { accessibilityLayer: false } }
  return (
    <Stack gap="md">
      <Panel title={t('perDay')}>
        <div aria-hidden>
          <BarChart
            {...common}
            series={[
              { name: 'created', label: t('created'), color: 'gray.5' },
              { name: 'completed', label: t('completed'), color: 'green.7' },
              { name: 'failed', label: t('failed'), color: 'red.7' },
            ]}
          />
        </div>
        <DayTable days={days} />
      </Panel>
      <Panel title={t('itemsPerDay')}>
        <div aria-hidden><BarChart {...common} series={[{ name: 'items', label: t('items'), color: 'indigo.6' }]} /></div>
      </Panel>
    </Stack>
  )
}

function DayTable({ days }: { days: readonly Day[] }) {
  const t = useStatisticsTexts()
  const { number } = useFormats()
  const columns = ['created', 'completed', 'failed', 'items'] as const
  const eventful = days.filter(day => columns.some(column => day[column] > 0)).reverse()
  return (
    <details className={classes.table}>
      <summary>{t('asTable')}</summary>
      <Table fz="xs" verticalSpacing={2}>
        <Table.Thead>
          <Table.Tr><Table.Th>{t('day')}</Table.Th>{columns.map(column => <Table.Th key={column} ta="right">{t(column)}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {eventful.map(day => (
            <Table.Tr key={day.date}>
              <Table.Td>{day.date}</Table.Td>
              {columns.map(column => <Table.Td key={column} ta="right" className="numbers">{number(day[column])}</Table.Td>)}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  )
}
