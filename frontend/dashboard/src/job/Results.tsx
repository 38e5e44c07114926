import { Anchor, Button, Stack, Text } from '@mantine/core'
import { Archive, File as FileIcon } from 'lucide-react'
import { useFormats } from '../translations/formats'
import { Panel } from './Panel'
import classes from './Results.module.css'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'

export function Results({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const { moment } = useFormats()
  const files = job.files.filter(({ role }) => role === 'RESULT' || role === 'REPORT')
  const bundle = job.bundleUrl && (
    <Button component="a" href={job.bundleUrl} download size="xs" variant="light" leftSection={<Archive size={14} aria-hidden />}>{t('bundle')}</Button>
  )
  return (
    <Panel title={t('results')} aside={bundle}>
      {files.length === 0 && !job.bundleUrl && <Text size="sm" c="dimmed">{t(job.isActive ? 'noResults' : 'resultsGone')}</Text>}
      <FileLinks files={files} />
      {files[0]?.expiresAt && <Text size="xs" c="dimmed" mt="xs">{t('keptUntil', { date: moment(files[0].expiresAt) })}</Text>}
    </Panel>
  )
}

type Linked = { id: string; name: string; size: number; url: string }

export function FileLinks({ files }: { files: readonly Linked[] }) {
  const { bytes } = useFormats()
  return (
    <Stack gap={6} component="ul" className={classes.files}>
      {files.map(({ id, name, size, url }) => (
        <li key={id}>
          <div className={classes.file}>
            <FileIcon size={16} aria-hidden />
            <Anchor href={url} download size="sm" className="wrap-anywhere">{name}</Anchor>
            <Text size="xs" c="dimmed" className="numbers" miw="max-content">{bytes(size)}</Text>
          </div>
        </li>
      ))}
    </Stack>
  )
}
