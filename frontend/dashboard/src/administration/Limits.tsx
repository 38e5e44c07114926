import { useQuery } from '@apollo/client/react'
import { Progress, SimpleGrid, Stack, Table, Text } from '@mantine/core'
import { Panel } from '../job/Panel'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { LimitsDocument } from './limits.generated'
import { useAdministrationTexts } from './texts'

/** What is left of one's operations, and what the server takes. */
export function Limits() {
  const t = useAdministrationTexts()
  const { number, bytes } = useFormats()
  const { data, error, refetch } = useQuery(LimitsDocument, { fetchPolicy: 'no-cache' })
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />
  if (!data) return null
  const { limits, serverInfo } = data
  const facts = [
    [t('version'), serverInfo.version],
    [t('maxUploadSize'), bytes(serverInfo.maxUploadSize)],
    [t('chunkSize'), bytes(serverInfo.recommendedChunkSize)],
    [t('issuer'), serverInfo.oidcIssuer ?? '–'],
    [t('anonymousAllowed'), t(serverInfo.isAnonymousAllowed ? 'yes' : 'no')],
  ]
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Panel title={t('limits')}>
        {limits.length === 0 && <Text size="sm">{t('notLimited')}</Text>}
        <Stack gap="md">
          {limits.map(({ name, limit, remaining }) => (
            <div key={name}>
              <Text size="sm">{t(name as 'minute', { defaultValue: name })}</Text>
              <Progress my={4} value={(100 * remaining) / limit} color={remaining * 5 < limit ? 'red' : 'indigo'} aria-hidden />
              <Text size="xs" c="dimmed" className="numbers">{t('leftOf', { remaining: number(remaining), limit: number(limit) })}</Text>
            </div>
          ))}
        </Stack>
      </Panel>
      <Panel title={t('server')}>
        <Table fz="sm" variant="vertical">
          <Table.Tbody>{facts.map(([name, value]) => <Table.Tr key={name}><Table.Th>{name}</Table.Th><Table.Td miw={96} className="wrap-anywhere">{value}</Table.Td></Table.Tr>)}</Table.Tbody>
        </Table>
      </Panel>
    </SimpleGrid>
  )
}
