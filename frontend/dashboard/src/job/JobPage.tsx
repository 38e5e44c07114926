import { Alert, Anchor, Grid, Skeleton, Stack, Text } from '@mantine/core'
import { Link, useNavigate, useParams } from 'react-router'
import { codeOf } from '../api/errors'
import { Problem } from '../jobs/Problem'
import { SheetsPanel } from '../review/SheetsPanel'
import { AlignmentPanel } from './alignment/AlignmentPanel'
import { DownloadPanel } from './DownloadPanel'
import { Facts } from './Facts'
import { History } from './History'
import { Inputs } from './Inputs'
import { Items } from './Items'
import { JobHeader } from './JobHeader'
import { LeadsPanel } from './leads/LeadsPanel'
import { Log } from './Log'
import { Results } from './Results'
import { useJobPageTexts } from './texts'
import { Timeline } from './Timeline'
import { useJob, type Job } from './useJob'

/** One job from its first byte to its results. */
export function JobPage() {
  const { id = '' } = useParams()
  return <WatchedJob key={id} id={id} />
}

function WatchedJob({ id }: { id: string }) {
  const t = useJobPageTexts()
  const { job, error, isLoading, refetch } = useJob(id)
  if (job) return <Panels job={job} />
  if (isLoading) return <Stack><Skeleton h={40} w="60%" /><Skeleton h={160} /><Skeleton h={240} /></Stack>
  if (error && !isMissing(error)) return <Problem error={error} onRetry={refetch} />
  return (
    <Alert color="gray" title={t('gone')}>
      <Text size="sm">{t('goneMeaning')} <Anchor component={Link} to="/jobs" inherit>{t('back')}</Anchor></Text>
    </Alert>
  )
}

const isMissing = (error: unknown) => codeOf(error).endsWith('_NOT_FOUND') || codeOf(error) === 'INVALID_ID'

function Panels({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const navigate = useNavigate()
  return (
    <Stack gap="md">
      {job.deletedAt && <Alert color="gray">{t('deletedNow')}</Alert>}
      <JobHeader job={job} onRemoved={() => void navigate('/jobs')} />
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            {job.__typename === 'Download' && <DownloadPanel job={job} />}
            <Results job={job} />
            {job.kind === 'leads' && <LeadsPanel job={job} />}
            {job.kind === 'alignment' && <AlignmentPanel job={job} />}
            {job.kind === 'omr' && <SheetsPanel job={job} />}
            <Items job={job} />
            <Log jobId={job.id} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="md">
            <Timeline job={job} />
            <Inputs job={job} />
            <Facts job={job} />
            <History job={job} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  )
}
