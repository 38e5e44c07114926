import { useQuery } from '@apollo/client/react'
import { SegmentedControl, Stack, Text } from '@mantine/core'
import { useOnReturn } from '../api/api'
import { useState } from 'react'
import { Panel } from '../job/Panel'
import type { Job } from '../job/useJob'
import { useReadAgain } from '../job/useReadAgain'
import { MoreButton } from '../jobs/MoreButton'
import { Problem } from '../jobs/Problem'
import { SheetsDocument } from './review.generated'
import { SheetCard } from './SheetCard'
import { useReviewTexts } from './texts'

/** The sheets of a batch with their marks; doubtful ones first, to be settled. */
export function SheetsPanel({ job }: { job: Job }) {
  const t = useReviewTexts()
  const [shows, setShows] = useState<'toReview' | 'all'>('toReview')
  const { data, previousData, error, loading, fetchMore, refetch } = useQuery(SheetsDocument, { variables: { id: job.id, needsReview: shows === 'toReview' ? true : null } })
  const moment = `${job.attempt} ${job.status}`
  useReadAgain(moment, loading, refetch)
  useOnReturn(() => void refetch())

  const items = (data ?? previousData)?.job?.items // what was shown before stays until the others are there
  const problem = error && <Problem error={error} onRetry={() => void refetch()} />
  if (!items) return problem ?? null
  return (
    <Panel
      title={t('review')}
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('review')}
          value={shows}
          onChange={value => setShows(value as typeof shows)}
          data={[{ value: 'toReview', label: t('toReview') }, { value: 'all', label: t('all') }]}
        />
      }
    >
      <Stack gap="md">
        {problem}
        {items.totalCount === 0 && <Text size="sm" c="dimmed">{t(shows === 'all' ? 'none' : 'nothing')}</Text>}
        {job.isActive && items.totalCount > 0 && <Text size="sm" c="dimmed">{t('waits')}</Text>}
        {items.edges.map(({ node }) => <SheetCard key={`${node.id} ${moment}`} sheet={node} isOpen={!job.isActive} />)}
        {data && items.pageInfo.hasNextPage && (
          <MoreButton key={shows} label={t('more')} read={() => fetchMore({ variables: { after: items.pageInfo.endCursor } })} />
        )}
      </Stack>
    </Panel>
  )
}
