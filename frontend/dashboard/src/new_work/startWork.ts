/** Jobs made of files and options. */
import type { ApolloClient } from '@apollo/client'
import type { BatchWork, TaskWork } from '../api/schema'
import type { JobStateFragment } from '../jobs/job.generated'
import { announceFiles } from './announce'
import type { Processor } from './checks'
import type { Target, UploadQueue } from './queue'
import { CreateBatchDocument, CreateTaskDocument } from './work.generated'

const NAMED_IN_SCHEMA = ['leads', 'omr', 'alignment', 'demo', 'external']

export type Options = Record<string, unknown>

export type Work = {
  processor: Processor
  /** Of the job that is made of these files, with their uploads. */
  optionsFor: (files: readonly File[], uploads: readonly Target[]) => Options
  files: readonly File[]
  title: string | null
  priority: number
  autoStart: boolean
  /** Called for each job that is made, with its files. */
  onBegun: (files: readonly File[]) => void
}

/** Start the work and send its files; a kind that takes one file gets a job for each. `known` are files that are announced already. */
export async function startWork(client: ApolloClient, queue: UploadQueue, work: Work, known: Map<File, Target>) {
  await announceFiles(client, work.files, known)
  const groups = work.processor.maxFiles === 1 && work.files.length > 1 ? work.files.map(file => [file]) : [work.files]
  const jobs: JobStateFragment[] = []
  for (const files of groups) {
    const uploads = files.map(file => known.get(file)!)
    const job = await createJob(client, work, work.optionsFor(files, uploads), uploads)
    files.forEach((file, place) => queue.add(file, uploads[place]!, job.id))
    files.forEach(file => known.delete(file))
    work.onBegun(files)
    jobs.push(job)
  }
  return jobs
}

async function createJob(client: ApolloClient, { processor: { kind, type }, title, priority, autoStart }: Work, options: Options, uploads: readonly Target[]) {
  const work = NAMED_IN_SCHEMA.includes(kind) ? { [kind]: options } : { custom: { kind, options } }
  const common = { uploadIds: uploads.map(({ id }) => id), title, priority, autoStart }
  if (type === 'TASK') {
    const { data } = await client.mutate({ mutation: CreateTaskDocument, variables: { input: { ...common, work: work as TaskWork } } })
    return data!.createTask as JobStateFragment
  }
  const { data } = await client.mutate({ mutation: CreateBatchDocument, variables: { input: { ...common, work: work as BatchWork } } })
  return data!.createBatch as JobStateFragment
}
