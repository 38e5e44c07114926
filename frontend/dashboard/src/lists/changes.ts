/** What events make of a list that has been read in part. */
import type { JobFilter, JobOrder } from '../api/schema'
import type { JobStateFragment } from '../jobs/job.generated'
import type { ListJobsQuery } from './jobs.generated'

type Listed = ListJobsQuery['jobs']
type Variables = { filter: JobFilter; orderBy: JobOrder }

/** Of `jobs` those that left the list, and those that belong to it: `placed` where they are among what has been read, `others` where that is not certain. */
export function changesOf(list: Listed, jobs: JobStateFragment[], { filter, orderBy }: Variables) {
  const listed = new Set(list.edges.map(({ node }) => node.id))
  const last = list.pageInfo.hasNextPage ? list.edges.at(-1)?.node : undefined
  const isPlaced = (job: JobStateFragment) => orderBy.field === 'CREATED_AT' && (!list.pageInfo.hasNextPage || (last && before(job, last, orderBy)))
  const come = jobs.filter(job => !listed.has(job.id) && belongs(job, filter))
  return {
    gone: jobs.filter(job => listed.has(job.id) && !belongs(job, filter)),
    placed: come.filter(isPlaced),
    others: come.filter(job => !isPlaced(job)),
  }
}

/** The list without `gone`, and with `placed` where its order has them. */
export function changed(list: Listed, gone: JobStateFragment[], placed: JobStateFragment[], { orderBy }: Variables): Listed {
  const left = new Set(gone.map(({ id }) => id))
  const kept = list.edges.filter(({ node }) => !left.has(node.id))
  const added = placed.map(node => ({ __typename: 'JobEdge', cursor: '', node }) as Listed['edges'][number])
  const edges = placed.length ? [...added, ...kept].toSorted((one, other) => (before(one.node, other.node, orderBy) ? -1 : 1)) : kept
  return { ...list, edges, totalCount: list.totalCount + added.length - gone.length }
}

/** Of what a filter names, a job's status alone changes while it is watched. */
const belongs = ({ deletedAt, status }: JobStateFragment, { statuses }: JobFilter) => !deletedAt && (!statuses?.length || statuses.includes(status))

/** As the server orders by the moment of creation: times are texts of one form, and of two at once the id decides. */
const before = (one: JobStateFragment, other: JobStateFragment, { direction }: JobOrder) =>
  (`${one.createdAt} ${one.id}` < `${other.createdAt} ${other.id}`) === (direction === 'ASC')
