/** The cells of a row, one for each column. */
import { Anchor, Stack, Text } from '@mantine/core'
import { Link } from 'react-router'
import { ServerText } from '../api/ServerText'
import type { JobStateFragment } from '../jobs/job.generated'
import { ProgressBar, percentageOf } from '../jobs/ProgressBar'
import { useProgressNumbers } from '../jobs/ProgressNumbers'
import { StatusBadge } from '../jobs/StatusBadge'
import { useJobTexts } from '../jobs/texts'
import { titleOf, useKindName } from '../jobs/titles'
import { useFormats } from '../translations/formats'
import classes from './JobTable.module.css'

type Props = { job: JobStateFragment }

export function TitleCell({ job }: Props) {
  return <Anchor component={Link} to={`/jobs/${job.id}`} className={classes.title} onClick={event => event.stopPropagation()}>{titleOf(job)}</Anchor>
}

export function KindCell({ job }: Props) {
  const kindName = useKindName()
  return <Text size="sm">{kindName(job.kind)}</Text>
}

export const StatusCell = ({ job }: Props) => <StatusBadge job={job} />

export function ProgressCell({ job }: Props) {
  const { percent } = useFormats()
  const numbers = useProgressNumbers(job)
  return (
    <Stack gap={4}>
      <div className={classes.progress}>
        <ProgressBar job={job} />
        <Text size="xs" className="numbers">{percent(percentageOf(job))}</Text>
      </div>
      <Text size="xs" c="dimmed" className={`numbers ${classes.numbers}`}>{numbers.join(' · ') || <ServerText>{job.statusMessage}</ServerText>}</Text>
    </Stack>
  )
}

export function OwnerCell({ job }: Props) {
  const t = useJobTexts()
  return <Text size="sm">{job.owner.username ?? t('anonymous')}</Text>
}

export function CreatedCell({ job }: Props) {
  const { shortMoment } = useFormats()
  return <Text size="sm" component="time" dateTime={job.createdAt} className="numbers">{shortMoment(job.createdAt)}</Text>
}
