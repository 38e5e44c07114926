/** The counts of a period, current by themselves while the page is open. */
import { useQuery, useSubscription } from '@apollo/client/react'
import { useThrottledCallback } from '@mantine/hooks'
import { useMemo, useState } from 'react'
import { useApi, useOnReturn } from '../api/api'
import { WatchJobsDocument } from '../jobs/watch.generated'
import { StatisticsDocument } from './statistics.generated'

const DAY_MS = 86_400_000
const READ_AGAIN_MS = 5_000

export function useStatistics(days: number, kind: string | null) {
  const { connection } = useApi()
  const [opened] = useState(() => connection.now())
  const kinds = kind ? [kind] : null
  const variables = useMemo(() => {
    const firstDay = Math.floor(opened.getTime() / DAY_MS) - (days - 1)
    return {
      filter: { kinds, createdAfter: new Date(firstDay * DAY_MS).toISOString() },
      waiting: { kinds, statuses: ['PENDING' as const] },
      working: { kinds, statuses: ['PROCESSING' as const] },
    }
  }, [opened, days, kind])
  const { data, previousData, error, refetch } = useQuery(StatisticsDocument, { variables, fetchPolicy: 'no-cache' })
  const readAgain = useThrottledCallback(() => void refetch(), READ_AGAIN_MS)
  useSubscription(WatchJobsDocument, { variables: { filter: { kinds } }, ignoreResults: true, onData: readAgain })
  useOnReturn(() => void refetch())
  return { data: data ?? previousData, error, refetch: () => void refetch(), now: () => connection.now() }
}

export type Day = { date: string; created: number; completed: number; failed: number; items: number }

/** Every day of the period, also those on which nothing happened. */
export function everyDay(known: readonly Day[], days: number, now: Date): Day[] {
  const byDate = new Map(known.map(day => [day.date, day]))
  return Array.from({ length: days }, (_, place) => {
    const date = new Date(now.getTime() - (days - 1 - place) * DAY_MS).toISOString().slice(0, 10)
    return byDate.get(date) ?? { date, created: 0, completed: 0, failed: 0, items: 0 }
  })
}
