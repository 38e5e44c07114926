/** A list of jobs that keeps itself current by one subscription. */
import { useApolloClient, useQuery } from '@apollo/client/react'
import { useState } from 'react'
import { useApi, useOnReturn } from '../api/api'
import type { JobFilter, JobOrder } from '../api/schema'
import { JobStateFragmentDoc, type JobStateFragment } from '../jobs/job.generated'
import { useJobEvents } from '../jobs/useJobEvents'
import { ListJobsDocument, type ListJobsQuery } from './jobs.generated'

/** `hasNews`: jobs were made that this order has no certain place for; `refresh` reads them. */
export function useJobList(filter: JobFilter, orderBy: JobOrder) {
  const { connection } = useApi()
  const { cache } = useApolloClient()
  const variables = { filter, orderBy }
  const { data, previousData, error, loading, fetchMore, refetch } = useQuery(ListJobsDocument, { variables })
  const [endedSince] = useState(() => connection.now().toISOString())
  const [hasNews, setHasNews] = useState(false)

  useJobEvents(data && { filter, endedSince }, jobs => {
    if (!data) return
    const edges = data.jobs.edges
    const listed = new Set(edges.map(({ node }) => node.id))
    const belongs = (job: JobStateFragment) => !job.deletedAt && matches(job, filter)
    const gone = new Set(jobs.filter(job => listed.has(job.id) && !belongs(job)).map(({ id }) => id))
    const come = jobs.filter(job => !listed.has(job.id) && belongs(job) && isNewer(job, edges[0]?.node))
    const isNewestFirst = orderBy.field === 'CREATED_AT' && orderBy.direction === 'DESC'
    cache.batch({
      update: () => {
        for (const job of jobs) if (listed.has(job.id)) cache.writeFragment({ fragment: JobStateFragmentDoc, fragmentName: 'JobState', data: job })
        if (gone.size || (come.length && isNewestFirst))
          cache.updateQuery({ query: ListJobsDocument, variables }, list => list && changed(list, gone, isNewestFirst ? come : []))
      },
    })
    if (come.length && !isNewestFirst) setHasNews(true)
  })
  useOnReturn(() => void (error && refetch()))

  const jobs = (data ?? previousData)?.jobs
  return {
    jobs: jobs?.edges.map(({ node }) => node) ?? [],
    totalCount: jobs?.totalCount ?? 0,
    hasMore: jobs?.pageInfo.hasNextPage ?? false,
    isLoading: loading,
    isKnown: jobs !== undefined,
    error,
    hasNews,
    loadMore: () => fetchMore({ variables: { after: jobs?.pageInfo.endCursor ?? null } }),
    refresh: () => (setHasNews(false), refetch()),
  }
}

/** Of what a filter names, a job's status alone changes while it is watched. */
const matches = ({ status }: JobStateFragment, { statuses }: JobFilter) => !statuses?.length || statuses.includes(status)

const isNewer = (job: JobStateFragment, first?: JobStateFragment) => !first || job.createdAt >= first.createdAt

function changed(list: ListJobsQuery, gone: ReadonlySet<string>, come: JobStateFragment[]): ListJobsQuery {
  const kept = list.jobs.edges.filter(({ node }) => !gone.has(node.id))
  const added = come
    .toSorted((one, other) => other.createdAt.localeCompare(one.createdAt))
    .map(node => ({ __typename: 'JobEdge', cursor: '', node }) as (typeof kept)[number])
  const totalCount = list.jobs.totalCount + come.length - gone.size
  return { ...list, jobs: { ...list.jobs, totalCount, edges: [...added, ...kept] } }
}
