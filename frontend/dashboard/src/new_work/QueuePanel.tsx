import { ActionIcon, Anchor, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { CirclePause, CirclePlay, RotateCcw } from 'lucide-react'
import { Link } from 'react-router'
import { useSentences } from '../api/sentences'
import { Panel } from '../job/Panel'
import { useFormats } from '../translations/formats'
import type { Sending } from './queue'
import { useNewWorkTexts } from './texts'
import { useSendings, useUploadQueue } from './useUploadQueue'

const SHOWN = 50

/** What is on its way, with pause, resume and retry. */
export function QueuePanel() {
  const t = useNewWorkTexts()
  const queue = useUploadQueue()
  const sendings = useSendings()
  if (!sendings.length) return null
  const done = sendings.filter(({ status }) => status === 'DONE')
  const moving = sendings.some(({ status }) => status === 'SENDING' || status === 'WAITING')
  const resting = sendings.some(({ status }) => status === 'PAUSED' || status === 'FAILED')
  const shown = [...sendings.filter(({ status }) => status !== 'DONE'), ...done].slice(0, SHOWN)
  return (
    <Panel title={t('queue')} aside={<Text size="sm" c="dimmed" className="numbers" role="status">{t('ofFiles', { done: done.length, count: sendings.length })}</Text>}>
      <Stack gap="md">
        <Group gap="xs">
          {moving && <Button size="compact-sm" variant="default" onClick={queue.pauseAll}>{t('pauseAll')}</Button>}
          {resting && <Button size="compact-sm" variant="default" onClick={queue.resumeAll}>{t('resumeAll')}</Button>}
          {done.length > 0 && <Button size="compact-sm" variant="subtle" onClick={queue.forgetDone}>{t('forgetDone')}</Button>}
        </Group>
        {shown.map(sending => <SendingRow key={sending.id} sending={sending} />)}
        {sendings.length > SHOWN && <Text size="xs" c="dimmed">{t('andMore', { count: sendings.length - SHOWN })}</Text>}
      </Stack>
    </Panel>
  )
}

const COLORS = { WAITING: 'gray', SENDING: 'indigo', PAUSED: 'yellow', FAILED: 'red', DONE: 'green' }

function SendingRow({ sending: { id, name, jobId, size, sent, status, problem } }: { sending: Sending }) {
  const t = useNewWorkTexts()
  const { bytes } = useFormats()
  const { tell } = useSentences()
  return (
    <Stack gap={4} role="group" aria-label={name}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={500} className="wrap-anywhere">{name}</Text>
        <SendingButton id={id} name={name} status={status} />
      </Group>
      <Progress.Root size="sm" radius="xl">
        <Progress.Section value={size ? (100 * sent) / size : 0} color={COLORS[status]} aria-label={name} />
      </Progress.Root>
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed" className="numbers">{t(status)} · {t('sentOf', { sent: bytes(sent), total: bytes(size) })}</Text>
        {jobId && <Anchor component={Link} to={`/jobs/${jobId}`} size="xs">{t('toJob')}</Anchor>}
      </Group>
      {status === 'FAILED' && <Text size="xs" className="problem">{problem ? tell(problem) : t('sendFailed')}</Text>}
    </Stack>
  )
}

function SendingButton({ id, name, status }: Pick<Sending, 'id' | 'name' | 'status'>) {
  const t = useNewWorkTexts()
  const queue = useUploadQueue()
  if (status === 'DONE') return null
  const verb = status === 'FAILED' ? 'retry' : status === 'PAUSED' ? 'resume' : 'pause'
  const Icon = { retry: RotateCcw, resume: CirclePlay, pause: CirclePause }[verb]
  return (
    <ActionIcon variant="subtle" aria-label={t(verb, { name })} onClick={() => (verb === 'pause' ? queue.pause(id) : queue.resume(id))}>
      <Icon size={18} aria-hidden />
    </ActionIcon>
  )
}
