import { Button, Loader, Paper, Text, UnstyledButton } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { createColumnHelper, FlexRender, tableFeatures, useTable, type Row } from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { ChevronDown, ChevronUp } from 'lucide-react'
import { memo, useEffect, useEffectEvent, useMemo, useRef } from 'react'
import { useNavigate } from 'react-router'
import type { JobOrderField } from '../api/schema'
import type { JobStateFragment } from '../jobs/job.generated'
import { useJobTexts } from '../jobs/texts'
import { useMore } from '../jobs/useMore'
import { CreatedCell, KindCell, OwnerCell, ProgressCell, StatusCell, TitleCell } from './cells'
import classes from './JobTable.module.css'
import { useListTexts } from './texts'
import type { useJobList } from './useJobList'
import type { ListState } from './useListState'

const ROW_HEIGHT = 57
const ROWS_BEFORE_THE_END = 20

const features = tableFeatures({})
const column = createColumnHelper<typeof features, JobStateFragment>()
const COLUMNS = column.columns([
  column.display({ id: 'title', cell: ({ row }) => <TitleCell job={row.original} /> }),
  column.display({ id: 'kind', cell: ({ row }) => <KindCell job={row.original} /> }),
  column.display({ id: 'status', cell: ({ row }) => <StatusCell job={row.original} /> }),
  column.display({ id: 'progress', cell: ({ row }) => <ProgressCell job={row.original} /> }),
  column.display({ id: 'owner', cell: ({ row }) => <OwnerCell job={row.original} /> }),
  column.display({ id: 'created', cell: ({ row }) => <CreatedCell job={row.original} /> }),
])
const ORDERS: Record<string, JobOrderField> = { title: 'TITLE', status: 'STATUS', created: 'CREATED_AT' }

type Props = { list: ReturnType<typeof useJobList>; state: ListState; showsOwner: boolean; showsKind: boolean }

/** Rows are in the page only while they are seen; the next ones are read before the end comes into sight. */
export function JobTable({ list, state, showsOwner, showsKind }: Props) {
  const t = useListTexts()
  const columns = useMemo(
    () => COLUMNS.filter(({ id }) => (id !== 'owner' || showsOwner) && (id !== 'kind' || showsKind)),
    [showsOwner, showsKind],
  )
  const table = useTable({ features, columns, data: list.jobs, getRowId: job => job.id })
  const rows = table.getRowModel().rows
  const body = useRef<HTMLTableSectionElement>(null)
  const frame = useElementSize()
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: index => rows[index]?.id ?? index,
  })
  const seen = virtual.getVirtualItems()
  const last = seen.at(-1)?.index ?? 0

  const before = (seen[0]?.start ?? 0) - virtual.options.scrollMargin
  const after = virtual.getTotalSize() - (seen.at(-1)?.end ?? 0) + virtual.options.scrollMargin
  return (
    <Paper withBorder className={classes.frame} ref={frame.ref}>
      <table className={classes.table} aria-label={t('list')} aria-rowcount={list.totalCount + 1}>
        <thead>
          <tr>{columns.map(({ id }) => <Header key={id} id={id ?? ''} state={state} />)}</tr>
        </thead>
        <tbody ref={body}>
          {before > 0 && <tr aria-hidden style={{ height: before }}><td colSpan={columns.length} /></tr>}
          {seen.map(({ index, key }) => {
            const row = rows[index]
            return row && <JobRow key={key} row={row} columns={columns} index={index} measure={virtual.measureElement} />
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }}><td colSpan={columns.length} /></tr>}
        </tbody>
      </table>
      {list.hasMore && <More key={list.key} list={list} isNear={last >= rows.length - ROWS_BEFORE_THE_END} />}
    </Paper>
  )
}

type RowProps = { row: Row<typeof features, JobStateFragment>; columns: unknown; index: number; measure: (row: Element | null) => void }

/** Drawn anew only when it or its columns change: scrolling moves the others. */
const JobRow = memo(function JobRow({ row, index, measure }: RowProps) {
  const navigate = useNavigate()
  return (
    <tr data-index={index} ref={measure} aria-rowindex={index + 2} onClick={() => void navigate(`/jobs/${row.id}`)}>
      {row.getAllCells().map(cell => (
        <td key={cell.id} data-column={cell.column.id}><FlexRender cell={cell} /></td>
      ))}
    </tr>
  )
})

/** Below the last row: reads on when the end is near, and says so, or that it failed. */
function More({ list: { isLoading, readMore }, isNear }: { list: Props['list']; isNear: boolean }) {
  const t = useListTexts()
  const tJobs = useJobTexts()
  const { isReading, hasFailed, load } = useMore(readMore)
  const isWanted = isNear && !isLoading && !isReading && !hasFailed
  const loadWanted = useEffectEvent(load)
  useEffect(() => void (isWanted && loadWanted()), [isWanted])
  return (
    <div className={classes.more} role="status">
      {isLoading || isReading ? <Loader size="sm" aria-label={t('loading')} /> : hasFailed && (
        <>
          <Text size="sm" c="dimmed">{tJobs('noMore')}</Text>
          <Button size="compact-sm" variant="default" onClick={load}>{tJobs('tryAgain')}</Button>
        </>
      )}
    </div>
  )
}

function Header({ id, state }: { id: string; state: ListState }) {
  const t = useListTexts()
  const label = t(id as 'title')
  const order = ORDERS[id]
  if (!order) return <th data-column={id}>{label}</th>
  const isOrder = state.orderBy.field === order
  const isUp = state.orderBy.direction === 'ASC'
  const Icon = isUp ? ChevronUp : ChevronDown
  return (
    <th data-column={id} aria-sort={isOrder ? (isUp ? 'ascending' : 'descending') : 'none'}>
      <UnstyledButton className={classes.order} onClick={() => state.sortBy(order)}>
        {label}
        {isOrder && <Icon size={14} aria-hidden />}
      </UnstyledButton>
    </th>
  )
}
