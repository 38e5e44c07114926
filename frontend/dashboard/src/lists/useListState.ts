/** Filter, search and order of a list, kept in the address bar. */
import { useMemo } from 'react'
import type { JobFilter, JobOrder, JobOrderField, JobStatus, JobType } from '../api/schema'
import { useSearch } from '../app/useSearch'

export type ListState = ReturnType<typeof useListState>

const DAY_MS = 86_400_000

/** @param type Of the jobs; null for all. */
export function useListState(type: JobType | null) {
  const [search, change] = useSearch()
  const query = search.toString()
  const state = useMemo(() => read(new URLSearchParams(query), type), [query, type])

  function set(name: string, value: string | string[] | null) {
    change(before => {
      const after = new URLSearchParams(before)
      after.delete(name)
      for (const part of [value ?? []].flat()) if (part) after.append(name, part)
      return after
    })
  }

  /** Order by `field`; a second time in the other direction. */
  function sortBy(field: JobOrderField) {
    change(before => {
      const { orderBy } = read(before, type)
      const isSame = orderBy.field === field
      const direction = isSame ? (orderBy.direction === 'DESC' ? 'ASC' : 'DESC') : field === 'TITLE' ? 'ASC' : 'DESC'
      return new URLSearchParams([...without(before, 'sort'), ['sort', `${field}.${direction}`]])
    })
  }

  const clear = () => change(before => new URLSearchParams([...before].filter(([name]) => name === 'sort')))

  return { ...state, set, sortBy, clear }
}

function read(params: URLSearchParams, type: JobType | null) {
  const search = params.get('q') ?? ''
  const statuses = params.getAll('status') as JobStatus[]
  const [kind, from, to, ownerId] = ['kind', 'from', 'to', 'owner'].map(name => params.get(name))
  const filter: JobFilter = {
    ...(type && { types: [type] }),
    ...(search && { search }),
    ...(statuses.length && { statuses }),
    ...(kind && { kinds: [kind] }),
    ...(from && { createdAfter: midnight(from) }),
    ...(to && { createdBefore: midnight(to, DAY_MS) }),
    ...(ownerId && { ownerId }),
  }
  const [field = 'CREATED_AT', direction = 'DESC'] = params.get('sort')?.split('.') ?? []
  const orderBy = { field, direction } as Required<JobOrder>
  const isFiltered = [...params.keys()].some(name => name !== 'sort')
  return { search, statuses, kind, from, to, ownerId, filter, orderBy, isFiltered }
}

const midnight = (day: string, plusMs = 0) => new Date(new Date(`${day}T00:00`).getTime() + plusMs).toISOString()
const without = (params: URLSearchParams, name: string) => [...params].filter(([key]) => key !== name)
