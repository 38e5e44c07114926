import { useQuery } from '@apollo/client/react'
import { Anchor, Button, Group, Table, Text } from '@mantine/core'
import { Link } from 'react-router'
import { ServerText } from '../api/ServerText'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { EventName } from './EventName'
import { useAdministrationTexts } from './texts'
import { WebhookDeliveriesDocument, type DeliveryRowFragment } from './webhooks.generated'
import { WideTable } from './WideTable'

/** The newest messages of a webhook, and what came of them. */
export function Deliveries({ webhookId }: { webhookId: string }) {
  const t = useAdministrationTexts()
  const { data, error, refetch } = useQuery(WebhookDeliveriesDocument, { variables: { id: webhookId }, fetchPolicy: 'no-cache' })
  const deliveries = data?.node?.__typename === 'Webhook' ? data.node.deliveries : null
  if (error && !deliveries) return <Problem error={error} onRetry={() => void refetch()} />
  return (
    <div>
      <Group gap="sm" mb={4}>
        <Text size="sm" fw={600}>{t('deliveries')}</Text>
        <Button size="compact-xs" variant="subtle" onClick={() => void refetch()}>{t('readAgain')}</Button>
      </Group>
      {deliveries?.length === 0 && <Text size="sm" c="dimmed">{t('noDeliveries')}</Text>}
      {Boolean(deliveries?.length) && (
        <WideTable minWidth={560}>
          <Table fz="xs" verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr><Table.Th>{t('event')}</Table.Th><Table.Th>{t('attempt')}</Table.Th><Table.Th>{t('answer')}</Table.Th><Table.Th>{t('arrived')}</Table.Th></Table.Tr>
            </Table.Thead>
            <Table.Tbody>{deliveries?.map(delivery => <DeliveryRow key={delivery.id} delivery={delivery} />)}</Table.Tbody>
          </Table>
        </WideTable>
      )}
    </div>
  )
}

function DeliveryRow({ delivery: { event, jobId, attempt, statusCode, error, deliveredAt, nextAttemptAt } }: { delivery: DeliveryRowFragment }) {
  const t = useAdministrationTexts()
  const { exact } = useFormats()
  const arrival = deliveredAt ? exact(deliveredAt) : nextAttemptAt ? t('nextTry', { date: exact(nextAttemptAt) }) : t('gaveUp')
  return (
    <Table.Tr>
      <Table.Td>{jobId ? <Anchor component={Link} to={`/jobs/${jobId}`} inherit><EventName event={event} /></Anchor> : <EventName event={event} />}</Table.Td>
      <Table.Td className="numbers">{attempt}</Table.Td>
      <Table.Td className="wrap-anywhere">{statusCode}{statusCode && error && ' · '}{error && <ServerText>{error}</ServerText>}</Table.Td>
      <Table.Td className="numbers">{arrival}</Table.Td>
    </Table.Tr>
  )
}
