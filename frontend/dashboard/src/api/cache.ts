/** The normalised cache: pages of lists are joined, and the newest state of a job wins; see docs/clients.md. */
import { InMemoryCache, type Cache, type StoreObject } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import possibleTypes from './possibleTypes.generated'

type Fields = Record<string, unknown>
type Versioned = StoreObject & { __typename: string; id: string; version: number }

export function openCache() {
  const items = { items: relayStylePagination(['status', 'needsReview']) }
  const jobs = relayStylePagination(['filter', 'orderBy'])
  return new NewestJobs({
    possibleTypes: possibleTypes.possibleTypes,
    typePolicies: {
      Progress: { merge: true },
      Query: { fields: { jobs, uploads: relayStylePagination(['statuses']) } },
      Task: { fields: items },
      Batch: { fields: items },
      Download: { fields: items },
    },
  })
}

/** An answer that was slow may be older than an event that came meanwhile. */
class NewestJobs extends InMemoryCache {
  override write(options: Cache.WriteOptions) {
    const newer = jobsIn(options.result).flatMap(job => this.#newerThan(job))
    if (!newer.length) return super.write(options)
    const update = () => {
      const written = super.write(options)
      for (const { id, known } of newer)
        this.modify({ id, fields: (value: unknown, { storeFieldName }) => newest(known[storeFieldName], value) })
      return written
    }
    return this.batch({ update })
  }

  #newerThan(job: Versioned) {
    const id = this.identify(job)
    if (!id) return []
    const known: Fields = {}
    this.modify({ id, broadcast: false, fields: (value: unknown, { storeFieldName }) => (known[storeFieldName] = value) as never })
    return Number(known['version']) > job.version ? [{ id, known }] : []
  }
}

function jobsIn(value: unknown): Versioned[] {
  if (value === null || typeof value !== 'object') return []
  const fields = value as Fields
  const own = fields['id'] && fields['version'] ? [fields as unknown as Versioned] : []
  return [...own, ...Object.values(fields).flatMap(jobsIn)]
}

/** Pages of lists are joined anyway; an object without an id may have fields that were not known. */
function newest(known: unknown, value: unknown): never {
  const { __typename } = (known ?? {}) as { __typename?: string }
  if (known === undefined || __typename?.endsWith('Connection')) return value as never
  return (__typename ? { ...(value as Fields), ...(known as Fields) } : known) as never
}
