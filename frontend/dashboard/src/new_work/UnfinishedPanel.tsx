import { useMutation, useQuery } from '@apollo/client/react'
import { ActionIcon, Anchor, Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core'
import { modals } from '@mantine/modals'
import { FolderOpen, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { useOnReturn } from '../api/api'
import { useViewer } from '../api/server'
import { Panel } from '../job/Panel'
import { MoreButton } from '../jobs/MoreButton'
import { Problem } from '../jobs/Problem'
import { titleOf } from '../jobs/titles'
import { useFormats } from '../translations/formats'
import { useNewWorkTexts } from './texts'
import { useSendings, useUploadQueue } from './useUploadQueue'
import { DeleteUploadDocument, UnfinishedUploadsDocument, type UnfinishedUploadsQuery } from './work.generated'

type Unfinished = UnfinishedUploadsQuery['uploads']['edges'][number]['node']

/** What an earlier page left unfinished: it goes on with the same file, chosen again. */
export function UnfinishedPanel() {
  const t = useNewWorkTexts()
  const queue = useUploadQueue()
  const sendings = useSendings()
  const viewer = useViewer()
  const [strangers, setStrangers] = useState<string[]>([])
  const { data, error, fetchMore, refetch } = useQuery(UnfinishedUploadsDocument, { fetchPolicy: 'network-only', nextFetchPolicy: 'cache-first' })
  useOnReturn(() => void refetch())

  const underWay = new Set(sendings.map(({ id }) => id))
  const own = data?.uploads.edges.map(({ node }) => node).filter(({ id, owner }) => !underWay.has(id) && owner.id === viewer?.id) ?? []
  const pageInfo = data?.uploads.pageInfo

  function goOn(files: File[]) {
    const left = [...own]
    const unknown = files.filter(file => {
      const place = left.findIndex(({ filename, size }) => filename === file.name && (size === null || size === file.size))
      const [upload] = place < 0 ? [] : left.splice(place, 1)
      if (upload) queue.add(file, upload, upload.jobs[0]?.id ?? null)
      return !upload
    })
    setStrangers(unknown.map(({ name }) => name))
  }

  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />
  if (!own.length) return null
  return (
    <Panel
      title={t('unfinished')}
      aside={
        <FileButton multiple onChange={goOn} inputProps={{ 'aria-label': t('chooseAgain') }}>
          {props => <Button {...props} size="compact-sm" leftSection={<FolderOpen size={14} aria-hidden />}>{t('chooseAgain')}</Button>}
        </FileButton>
      }
    >
      <Stack gap="md">
        <Text size="sm" c="dimmed">{t('unfinishedMeaning')}</Text>
        {strangers.length > 0 && <Text size="sm" role="alert" className="problem wrap-anywhere">{t('unknown', { names: strangers.join(', ') })}</Text>}
        {own.map(upload => <UnfinishedRow key={upload.id} upload={upload} onDiscarded={() => void refetch()} />)}
        {pageInfo?.hasNextPage && (
          <MoreButton label={t('showMore')} read={() => fetchMore({ variables: { after: pageInfo.endCursor } })} />
        )}
      </Stack>
    </Panel>
  )
}

function UnfinishedRow({ upload: { id, filename, size, offset, expiresAt, jobs }, onDiscarded }: { upload: Unfinished; onDiscarded: () => void }) {
  const t = useNewWorkTexts()
  const { bytes, moment } = useFormats()
  const [discard] = useMutation(DeleteUploadDocument, { variables: { id }, onCompleted: onDiscarded })
  const [job] = jobs
  const confirm = () =>
    modals.openConfirmModal({
      title: t('discardQuestion', { name: filename }),
      children: <Text size="sm">{t('discardMeaning')}</Text>,
      labels: { confirm: t('discardIt'), cancel: t('keep') },
      confirmProps: { color: 'red' },
      onConfirm: () => void discard(),
    })
  return (
    <Stack gap={4} role="group" aria-label={filename}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={500} className="wrap-anywhere">{filename}</Text>
        <ActionIcon variant="subtle" color="red" aria-label={t('discard', { name: filename })} onClick={confirm}><Trash2 size={16} aria-hidden /></ActionIcon>
      </Group>
      {size !== null && (
        <Progress.Root size="sm" radius="xl"><Progress.Section value={(100 * offset) / Math.max(size, 1)} color="yellow" aria-label={filename} /></Progress.Root>
      )}
      <Group gap="xs" justify="space-between">
        <Text size="xs" c="dimmed" className="numbers">
          {size === null ? bytes(offset) : t('sentOf', { sent: bytes(offset), total: bytes(size) })}
          {expiresAt && ` · ${t('keptUntil', { date: moment(expiresAt) })}`}
        </Text>
        {job && <Anchor component={Link} to={`/jobs/${job.id}`} size="xs" className="wrap-anywhere">{titleOf({ ...job, kind: '' })}</Anchor>}
      </Group>
    </Stack>
  )
}
