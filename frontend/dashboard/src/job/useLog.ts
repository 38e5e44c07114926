/** The log of a job: what is there, then what comes, without a hole and without a line twice. */
import { useQuery, useSubscription } from '@apollo/client/react'
import { useMemo, useState } from 'react'
import type { LogLevel } from '../api/schema'
import { FollowLogDocument, JobLogDocument, type LogLineFragment } from './logs.generated'

const KEPT_LINES = 1_000

export function useLog(id: string, minLevel: LogLevel) {
  const { data, refetch } = useQuery(JobLogDocument, { variables: { id, minLevel }, fetchPolicy: 'no-cache' })
  const [live, setLive] = useState<LogLineFragment[]>([])
  const read = data?.job?.logs.nodes
  const after = read?.at(-1)?.id ?? null

  useSubscription(FollowLogDocument, {
    variables: { id, minLevel, after },
    skip: !read,
    onData: ({ data: { data: event } }) => {
      const line = event?.logs
      if (!after) void refetch() // others may have come before it, while nobody listened
      else if (line) setLive(before => (before.some(known => known.id === line.id) ? before : [...before, line].slice(-KEPT_LINES)))
    },
  })
  const lines = useMemo(() => [...(read ?? []), ...live], [read, live])
  return { lines, isKnown: read !== undefined }
}
