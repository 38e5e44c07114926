import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useViewer } from '../api/server'
import type { JobType } from '../api/schema'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { FilterBar } from './FilterBar'
import { JobTable } from './JobTable'
import { NoJobs } from './NoJobs'
import { useListTexts } from './texts'
import { useJobList } from './useJobList'
import { useListState } from './useListState'

export const AllJobsPage = () => <JobsPage key="jobs" type={null} title="jobs" />
export const BatchesPage = () => <JobsPage key="batches" type="BATCH" title="batches" />
export const TasksPage = () => <JobsPage key="tasks" type="TASK" title="tasks" />
export const DownloadsPage = () => <JobsPage key="downloads" type="DOWNLOAD" title="downloads" />

type Props = { type: JobType | null; title: 'jobs' | 'batches' | 'tasks' | 'downloads' }

function JobsPage({ type, title }: Props) {
  const t = useListTexts()
  const { number } = useFormats()
  const state = useListState(type)
  const list = useJobList(state.filter, state.orderBy)
  const isAdmin = useViewer()?.role === 'ADMIN'
  return (
    <Stack gap="md">
      <Group justify="space-between" align="baseline">
        <Title order={1} size="h2">{t(title)}</Title>
        <Text c="dimmed" size="sm" className="numbers" role="status">
          {list.isKnown && t('count', { count: list.totalCount, shown: number(list.totalCount) })}
        </Text>
      </Group>
      <FilterBar state={state} type={type} isAdmin={isAdmin} />
      {list.error && !list.isKnown && <Problem error={list.error} onRetry={() => void list.refresh()} />}
      {list.hasNews && (
        <Alert variant="light" p="xs" role="status">
          <Group gap="sm"><Text size="sm">{t('changed')}</Text><Button size="compact-sm" onClick={() => void list.refresh()}>{t('show')}</Button></Group>
        </Alert>
      )}
      {list.isKnown && !list.jobs.length && !list.hasMore && <NoJobs isFiltered={state.isFiltered} onClear={state.clear} />}
      {(list.jobs.length > 0 || list.hasMore) && <JobTable list={list} state={state} showsOwner={isAdmin} showsKind={type !== 'DOWNLOAD'} />}
    </Stack>
  )
}
