import { useMutation } from '@apollo/client/react'
import { Button, Group, NumberInput, Stack, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { Problem } from '../jobs/Problem'
import { useJobActions } from '../jobs/useJobActions'
import { UpdateJobDocument } from './changes.generated'
import { useJobPageTexts } from './texts'
import type { Download } from './useJob'

const MAX_BANDWIDTH = 10_000_000 // KiB per second

/** What may be changed of a download that has not ended well yet. */
export function DownloadChanges({ job }: { job: Download }) {
  const takesLink = job.status === 'PAUSED' || job.status === 'FAILED'
  if (!job.isActive && !takesLink) return null
  return (
    <Stack gap="sm">
      {job.isActive && <Bandwidth key={job.settings.bandwidthLimit} job={job} />}
      {takesLink && <FreshLink job={job} />}
    </Stack>
  )
}

function Bandwidth({ job: { id, settings } }: { job: Download }) {
  const t = useJobPageTexts()
  const [limit, setLimit] = useState<number | string>(settings.bandwidthLimit)
  const [update, { loading, error }] = useMutation(UpdateJobDocument, { onError: () => undefined })
  const isNew = limit !== '' && limit !== settings.bandwidthLimit

  function submit(event: FormEvent) {
    event.preventDefault()
    void update({ variables: { id, input: { bandwidthLimit: Number(limit) } } })
  }

  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="end">
        <NumberInput size="xs" label={t('bandwidth')} min={0} max={MAX_BANDWIDTH} allowDecimal={false} value={limit} onChange={setLimit} w={280} />
        <Button type="submit" size="xs" variant="default" loading={loading} disabled={!isNew}>{t('setBandwidth')}</Button>
      </Group>
      {error && <Problem error={error} />}
    </form>
  )
}

function FreshLink({ job: { id, status } }: { job: Download }) {
  const t = useJobPageTexts()
  const act = useJobActions()
  const [update, { loading, error }] = useMutation(UpdateJobDocument, { onError: () => undefined })

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const url = String(new FormData(event.currentTarget).get('url')).trim()
    const { data } = await update({ variables: { id, input: { url } } })
    if (data) await act(id, status === 'PAUSED' ? 'RESUME' : 'RETRY')
  }

  return (
    <form onSubmit={event => void submit(event)}>
      <Group gap="xs" align="end">
        <TextInput name="url" type="url" size="xs" label={t('freshLink')} description={t('freshLinkMeaning')} placeholder="https://…" required withAsterisk={false} maxLength={10_000} style={{ flex: '1 1 240px' }} />
        <Button type="submit" size="xs" variant="default" loading={loading}>{t('goOnWithLink')}</Button>
      </Group>
      {error && <Problem error={error} />}
    </form>
  )
}
