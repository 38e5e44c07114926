import { Button, CloseButton, Collapse, MultiSelect, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback, useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { useApolloClient, useQuery } from '@apollo/client/react'
import { ListFilter, Search } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useServer } from '../api/server'
import type { JobStatus, JobType } from '../api/schema'
import { useJobTexts } from '../jobs/texts'
import { useKindName } from '../jobs/titles'
import classes from './FilterBar.module.css'
import { OwnerNameFragmentDoc, OwnersDocument } from './jobs.generated'
import { useListTexts } from './texts'
import type { ListState } from './useListState'

const STATUSES: JobStatus[] = ['UPLOADING', 'PENDING', 'PROCESSING', 'AWAITING_INPUT', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED']
const PAUSE_MS = 300

type Props = { state: ListState; type: JobType | null; isAdmin: boolean }

export function FilterBar({ state, type, isAdmin }: Props) {
  const t = useListTexts()
  const tJobs = useJobTexts()
  const [hasMore, { toggle }] = useDisclosure(Boolean(state.kind ?? state.from ?? state.to ?? state.ownerId))
  return (
    <search className={classes.bar}>
      <SearchBox value={state.search} onChange={value => state.set('q', value)} />
      <MultiSelect
        className={classes.statuses}
        aria-label={t('status')}
        placeholder={state.statuses.length ? undefined : t('anyStatus')}
        data={STATUSES.map(value => ({ value, label: tJobs(value) }))}
        value={state.statuses}
        onChange={value => state.set('status', value)}
        clearable
      />
      <Button variant="default" leftSection={<ListFilter size={16} aria-hidden />} onClick={toggle} aria-expanded={hasMore}>{t('more')}</Button>
      {state.isFiltered && <Button variant="subtle" onClick={state.clear}>{t('clear')}</Button>}
      <Collapse expanded={hasMore} className={classes.rest}>
        <div className={classes.more}>
          {type !== 'DOWNLOAD' && <KindChoice state={state} type={type} />}
          {isAdmin && <OwnerChoice state={state} />}
          <TextInput type="date" label={t('from')} value={state.from ?? ''} onChange={event => state.set('from', event.currentTarget.value)} />
          <TextInput type="date" label={t('to')} value={state.to ?? ''} onChange={event => state.set('to', event.currentTarget.value)} />
        </div>
      </Collapse>
    </search>
  )
}

/** Keeps what is being typed, and passes it on when the typing pauses. */
function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useListTexts()
  const [typed, setTyped] = useState(value)
  const passOn = useDebouncedCallback(onChange, PAUSE_MS)
  useEffect(() => setTyped(value), [value])
  function type(next: string) {
    setTyped(next)
    passOn(next)
  }
  return (
    <TextInput
      className={classes.search}
      type="search"
      aria-label={t('search')}
      placeholder={t('search')}
      value={typed}
      onChange={event => type(event.currentTarget.value)}
      leftSection={<Search size={16} aria-hidden />}
      rightSection={typed && <CloseButton size="sm" aria-label={t('clear')} onClick={() => type('')} />}
    />
  )
}

function KindChoice({ state, type }: { state: ListState; type: JobType | null }) {
  const t = useListTexts()
  const kindName = useKindName()
  const kinds = useServer()?.processors.filter(processor => !type || processor.type === type) ?? []
  return (
    <Select
      label={t('kind')}
      placeholder={t('anyKind')}
      data={kinds.map(({ kind }) => ({ value: kind, label: kindName(kind) }))}
      value={state.kind ?? null}
      onChange={value => state.set('kind', value)}
      clearable
    />
  )
}

function OwnerChoice({ state }: { state: ListState }) {
  const t = useListTexts()
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed, PAUSE_MS)
  const chosenName = useApolloClient().readFragment({ fragment: OwnerNameFragmentDoc, id: `User:${state.ownerId}` })?.username
  const { data, previousData } = useQuery(OwnersDocument, { variables: { search: search === chosenName ? '' : search } })
  const names = new Map((data ?? previousData)?.users.map(({ id, username }) => [id, username]))
  if (state.ownerId && chosenName) names.set(state.ownerId, chosenName)
  return (
    <Select
      label={t('owner')}
      placeholder={t('anyOwner')}
      data={[...names].flatMap(([value, label]) => (label ? [{ value, label }] : []))}
      value={state.ownerId ?? null}
      onChange={value => state.set('owner', value)}
      onSearchChange={setTyped}
      searchable
      clearable
    />
  )
}
