import { useApolloClient, useQuery } from '@apollo/client/react'
import { Anchor, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { Link } from 'react-router'
import { useSentences } from '../api/sentences'
import { Panel } from '../job/Panel'
import { MoreButton } from '../jobs/MoreButton'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { AuditLogDocument, type AuditLogQuery } from './audit.generated'
import { useAdministrationTexts } from './texts'
import { WideTable } from './WideTable'

const PAGE = 50
const PAUSE_MS = 400
const JOB_ID = /^(task|batch|download)-/

type Entry = AuditLogQuery['auditLog'][number]

/** Who did what to which object, newest first. */
export function AuditLog() {
  const t = useAdministrationTexts()
  const client = useApolloClient()
  const [typed, setTyped] = useState('')
  const [asked] = useDebouncedValue(typed.trim(), PAUSE_MS)
  const objectId = asked || null
  const [older, setOlder] = useState<{ after?: AuditLogQuery; entries: Entry[] }>({ entries: [] })
  const { data, error, refetch } = useQuery(AuditLogDocument, { variables: { objectId }, fetchPolicy: 'no-cache' })
  const entries = [...(data?.auditLog ?? []), ...(older.after === data ? older.entries : [])]

  async function readOlder() {
    const variables = { objectId, after: entries.at(-1)?.id }
    const next = await client.query({ query: AuditLogDocument, variables, fetchPolicy: 'no-cache' })
    setOlder(({ after, entries }) => ({ after: data, entries: [...(after === data ? entries : []), ...(next.data?.auditLog ?? [])] }))
  }

  return (
    <Panel title={t('audit')}>
      <Stack gap="sm">
        <TextInput label={t('onlyObject')} placeholder="batch-…" value={typed} onChange={event => setTyped(event.currentTarget.value)} maw={360} />
        {error && <Problem error={error} onRetry={() => void refetch()} />}
        {data && entries.length === 0 && <Text size="sm" c="dimmed">{t('noEntries')}</Text>}
        {entries.length > 0 && <Entries entries={entries} />}
        {entries.length > 0 && entries.length % PAGE === 0 && <MoreButton label={t('more')} read={readOlder} />}
      </Stack>
    </Panel>
  )
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  const t = useAdministrationTexts()
  const { exact } = useFormats()
  const { translate } = useSentences()
  return (
    <WideTable minWidth={880}>
      <Table fz="sm" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>{(['when', 'what', 'who', 'object', 'detail'] as const).map(column => <Table.Th key={column}>{t(column)}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map(({ id, at, actor, action, objectId, detail }) => (
            <Table.Tr key={id}>
              <Table.Td className="numbers">{exact(at)}</Table.Td>
              <Table.Td>{t(action as 'SIGNED_IN', { defaultValue: action })}</Table.Td>
              <Table.Td className="wrap-anywhere" miw={110}>{actor ? (actor.username ?? t('anonymous')) : '–'}</Table.Td>
              <Table.Td className="wrap-anywhere">{objectId && JOB_ID.test(objectId) ? <Anchor component={Link} to={`/jobs/${objectId}`} inherit>{objectId}</Anchor> : objectId}</Table.Td>
              <Table.Td className="wrap-anywhere">{detail && (translate(detail) ?? detail)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </WideTable>
  )
}
