/** A list of jobs that keeps itself current by one subscription. */
import { useApolloClient, useQuery } from '@apollo/client/react'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useApi, useOnReturn } from '../api/api'
import type { JobFilter, JobOrder } from '../api/schema'
import { JobStateFragmentDoc, type JobStateFragment } from '../jobs/job.generated'
import { useJobEvents } from '../jobs/useJobEvents'
import { changed, changesOf } from './changes'
import { CountJobsDocument, ListJobsDocument } from './jobs.generated'

const RECOUNT_MS = 1_000

/** `hasNews`: jobs were made that have no certain place among those that have been read; `refresh` reads them. */
export function useJobList(filter: JobFilter, orderBy: JobOrder) {
  const { connection } = useApi()
  const client = useApolloClient()
  const { cache } = client
  const variables = { filter, orderBy }
  const key = JSON.stringify(variables)
  const { error, loading, fetchMore, refetch } = useQuery(ListJobsDocument, { variables })
  // A query that waits for an answer shows nothing else that comes: what is on the page is read beside it.
  const { data, previousData } = useQuery(ListJobsDocument, { variables, fetchPolicy: 'cache-only' })
  const [endedSince] = useState(() => connection.now().toISOString())
  const [hasNews, setHasNews] = useState(false)
  const early = useRef<JobStateFragment[]>([])
  const moves = useRef(0) // of jobs that came or left by events
  const [counts, setCounts] = useState(0)

  /** What came to the list or left it. */
  function take(jobs: JobStateFragment[]) {
    const list = cache.readQuery({ query: ListJobsDocument, variables })?.jobs
    if (!list) return []
    const { gone, placed, others } = changesOf(list, jobs, variables)
    const listed = new Set(list.edges.map(({ node }) => node.id))
    cache.batch({
      update: () => {
        for (const job of jobs) if (listed.has(job.id)) cache.writeFragment({ fragment: JobStateFragmentDoc, fragmentName: 'JobState', data: job })
        if (gone.length || placed.length) cache.writeQuery({ query: ListJobsDocument, variables, data: { jobs: changed(list, gone, placed, variables) } })
      },
    })
    moves.current += gone.length + placed.length
    if (others.some(({ createdAt }) => createdAt >= endedSince)) setHasNews(true)
    return [...gone, ...placed, ...others]
  }

  useLayoutEffect(() => {
    setHasNews(false)
    early.current = []
  }, [key])
  // Of all statuses: what begins to be watched, or is watched again, then tells of those that have left theirs.
  useJobEvents(data && { filter: { ...filter, statuses: undefined }, endedSince }, jobs => {
    const moved = take(jobs)
    if (loading) early.current.push(...moved)
  })
  // An answer that was on its way meanwhile may not know of them.
  useEffect(() => {
    if (loading || !early.current.length) return
    take(early.current.splice(0))
    setCounts(number => number + 1)
  }, [loading, key])
  // A count may be of before an event that came meanwhile.
  useEffect(() => {
    if (!counts) return
    const before = moves.current
    let timer: number | undefined
    const query = client.query({ query: CountJobsDocument, variables, fetchPolicy: 'network-only' })
    void query.catch(() => null).then(() => {
      if (moves.current !== before) timer = window.setTimeout(() => setCounts(number => number + 1), RECOUNT_MS)
    })
    return () => clearTimeout(timer)
  }, [counts])
  useOnReturn(() => void (error && refetch()))

  const jobs = (data ?? previousData)?.jobs
  return {
    key,
    jobs: jobs?.edges.map(({ node }) => node) ?? [],
    totalCount: jobs?.totalCount ?? 0,
    hasMore: jobs?.pageInfo.hasNextPage ?? false,
    isLoading: loading,
    isKnown: jobs !== undefined,
    error,
    hasNews,
    /** The next page; the first one anew where all of its jobs have left it. Ends when the page shows it. */
    async readMore() {
      await (jobs?.edges.length ? fetchMore({ variables: { after: jobs.pageInfo.endCursor } }) : refetch())
      await new Promise(resolve => setTimeout(resolve)) // queries beside the one that asked are told in the next task
    },
    refresh: () => (setHasNews(false), refetch()),
  }
}
