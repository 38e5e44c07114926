/** A job with all that its page shows, kept current by one subscription. */
import { useQuery, useSubscription } from '@apollo/client/react'
import { useOnReturn } from '../api/api'
import { JobDetailsDocument, WatchJobDocument, type JobDetailsQuery } from './job.generated'
import { useReadAgain } from './useReadAgain'

export type Job = NonNullable<JobDetailsQuery['job']>
export type Download = Extract<Job, { __typename?: 'Download' }>

export function useJob(id: string) {
  const { data, error, loading, refetch } = useQuery(JobDetailsDocument, { variables: { id } })
  const job = data?.job ?? null
  useSubscription(WatchJobDocument, { variables: { id }, skip: !job?.isActive, ignoreResults: true })
  useOnReturn(() => void refetch())

  // Files, inputs and history change with these and only with these.
  const moment = job && `${job.attempt} ${job.status} ${job.stage}`
  useReadAgain(moment, loading, refetch)

  return { job, error, isLoading: loading && !data, refetch: () => void refetch() }
}
