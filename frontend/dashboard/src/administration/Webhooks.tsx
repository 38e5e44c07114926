import { useMutation, useQuery } from '@apollo/client/react'
import { Badge, Button, Group, MultiSelect, Stack, Switch, Text, TextInput } from '@mantine/core'
import { modals } from '@mantine/modals'
import { notifications } from '@mantine/notifications'
import { useState, type FormEvent } from 'react'
import { Panel } from '../job/Panel'
import { Problem } from '../jobs/Problem'
import { Deliveries } from './Deliveries'
import { EventName } from './EventName'
import { EVENTS, useEventName } from './events'
import { ShownOnce } from './ShownOnce'
import { useAdministrationTexts } from './texts'
import { useRefusals } from './useRefusals'
import {
  CreateWebhookDocument,
  DeleteWebhookDocument,
  TestWebhookDocument,
  UpdateWebhookDocument,
  WebhooksDocument,
  type WebhookRowFragment,
} from './webhooks.generated'

export function Webhooks() {
  const t = useAdministrationTexts()
  const [secret, setSecret] = useState<string | null>(null)
  const { data, error, refetch } = useQuery(WebhooksDocument, { fetchPolicy: 'cache-and-network' })
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />
  return (
    <Stack gap="md">
      <NewWebhook onCreated={created => { setSecret(created); void refetch() }} />
      {secret && <ShownOnce value={secret} />}
      {data?.webhooks.length === 0 && <Panel title={t('webhooks')}><Text size="sm" c="dimmed">{t('webhooksMeaning')}</Text></Panel>}
      {data?.webhooks.map(webhook => <WebhookPanel key={webhook.id} webhook={webhook} onSecret={setSecret} onDeleted={() => void refetch()} />)}
    </Stack>
  )
}

type Props = { webhook: WebhookRowFragment; onSecret: (secret: string) => void; onDeleted: () => void }

function WebhookPanel({ webhook: { id, url, events, isEnabled }, onSecret, onDeleted }: Props) {
  const t = useAdministrationTexts()
  const onError = useRefusals()
  const [update] = useMutation(UpdateWebhookDocument, { onError, fetchPolicy: 'network-only' })
  const [test, { loading: isTesting }] = useMutation(TestWebhookDocument, { onError, variables: { id } })
  const [remove] = useMutation(DeleteWebhookDocument, { onError, variables: { id }, onCompleted: onDeleted })
  const [tests, setTests] = useState(0)

  async function sendTest() {
    const { data } = await test()
    if (!data) return
    const { deliveredAt, error, statusCode } = data.testWebhook
    notifications.show({ color: deliveredAt ? 'green' : 'red', title: t(deliveredAt ? 'testArrived' : 'testFailed'), message: error ?? statusCode, className: 'wrap-anywhere' })
    setTests(before => before + 1)
  }

  async function renewSecret() {
    const { data } = await update({ variables: { id, newSecret: true } })
    if (data?.updateWebhook.secret) onSecret(data.updateWebhook.secret)
  }

  const confirm = () =>
    modals.openConfirmModal({
      title: t('deleteQuestion'),
      children: <Text size="sm" className="wrap-anywhere">{url}. {t('deleteMeaning')}</Text>,
      labels: { confirm: t('delete'), cancel: t('cancel') },
      confirmProps: { color: 'red' },
      onConfirm: () => void remove(),
    })

  return (
    <Panel title={url} aside={<Switch checked={isEnabled} label={t('active')} onChange={event => void update({ variables: { id, isEnabled: event.currentTarget.checked } })} />}>
      <Stack gap="sm">
        <Group gap={6}>{events.map(event => <Badge key={event} variant="light" color="gray" tt="none"><EventName event={event} /></Badge>)}</Group>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" loading={isTesting} onClick={() => void sendTest()}>{t('test')}</Button>
          <Button size="compact-sm" variant="default" onClick={() => void renewSecret()}>{t('newSecret')}</Button>
          <Button size="compact-sm" variant="default" onClick={confirm}>{t('delete')}</Button>
        </Group>
        <Deliveries key={tests} webhookId={id} />
      </Stack>
    </Panel>
  )
}

function NewWebhook({ onCreated }: { onCreated: (secret: string | null) => void }) {
  const t = useAdministrationTexts()
  const eventName = useEventName()
  const [events, setEvents] = useState(EVENTS)
  const [create, { loading }] = useMutation(CreateWebhookDocument, { onError: useRefusals(), fetchPolicy: 'no-cache' })

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const { data } = await create({ variables: { url: String(new FormData(form).get('url')), events } })
    if (!data) return
    form.reset()
    onCreated(data.createWebhook.secret)
  }

  return (
    <Panel title={t('createWebhook')}>
      <form onSubmit={event => void submit(event)}>
        <Stack gap="sm" align="start">
          <TextInput name="url" type="url" label={t('url')} placeholder="https://…" required withAsterisk={false} maxLength={2_000} w="100%" maw={560} />
          <MultiSelect label={t('events')} data={EVENTS.map(value => ({ value, label: eventName(value) }))} renderOption={({ option: { value } }) => <EventName event={value} />} value={events} onChange={setEvents} w="100%" maw={560} />
          <Button type="submit" loading={loading} disabled={events.length === 0}>{t('createWebhook')}</Button>
        </Stack>
      </form>
    </Panel>
  )
}
