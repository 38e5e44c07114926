import { useMutation, useQuery } from '@apollo/client/react'
import { Button, Group, Stack, Table, Text, TextInput } from '@mantine/core'
import { modals } from '@mantine/modals'
import { useState, type FormEvent } from 'react'
import { Panel } from '../job/Panel'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { ShownOnce } from './ShownOnce'
import { useAdministrationTexts } from './texts'
import { ApiTokensDocument, CreateApiTokenDocument, RevokeApiTokenDocument, type ApiTokenRowFragment } from './tokens.generated'
import { useRefusals } from './useRefusals'
import { WideTable } from './WideTable'

export function ApiTokens() {
  const t = useAdministrationTexts()
  const { moment } = useFormats()
  const [secret, setSecret] = useState<string | null>(null)
  const { data, error, refetch } = useQuery(ApiTokensDocument, { fetchPolicy: 'cache-and-network' })
  const [revoke] = useMutation(RevokeApiTokenDocument, { onError: useRefusals(), onCompleted: () => void refetch() })
  const confirm = ({ id, name }: ApiTokenRowFragment) =>
    modals.openConfirmModal({
      title: t('revokeQuestion', { name }),
      children: <Text size="sm">{t('revokeMeaning')}</Text>,
      labels: { confirm: t('revoke'), cancel: t('cancel') },
      confirmProps: { color: 'red' },
      onConfirm: () => void revoke({ variables: { id } }),
    })

  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />
  return (
    <Stack gap="md">
      <NewToken onCreated={token => { setSecret(token); void refetch() }} />
      {secret && <ShownOnce value={secret} />}
      <Panel title={t('tokens')}>
        <Text size="sm" c="dimmed" mb="xs">{t('tokensMeaning')}</Text>
        {data?.apiTokens.length === 0 && <Text size="sm">{t('none')}</Text>}
        {Boolean(data?.apiTokens.length) && (
          <WideTable minWidth={560}>
            <Table fz="sm">
              <Table.Thead>
                <Table.Tr><Table.Th>{t('tokenName')}</Table.Th><Table.Th>{t('lastUsed')}</Table.Th><Table.Th>{t('ends')}</Table.Th><Table.Td /></Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data?.apiTokens.map(token => (
                  <Table.Tr key={token.id}>
                    <Table.Td className="wrap-anywhere">{token.name}</Table.Td>
                    <Table.Td>{token.lastUsedAt ? moment(token.lastUsedAt) : t('never')}</Table.Td>
                    <Table.Td>{token.expiresAt ? moment(token.expiresAt) : t('never')}</Table.Td>
                    <Table.Td ta="right"><Button size="compact-xs" variant="default" aria-label={`${t('revoke')} ${token.name}`} onClick={() => confirm(token)}>{t('revoke')}</Button></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </WideTable>
        )}
      </Panel>
    </Stack>
  )
}

function NewToken({ onCreated }: { onCreated: (token: string) => void }) {
  const t = useAdministrationTexts()
  const [create, { loading }] = useMutation(CreateApiTokenDocument, { onError: useRefusals(), fetchPolicy: 'no-cache' })

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const said = new FormData(form)
    const day = String(said.get('ends'))
    const { data } = await create({ variables: { name: String(said.get('name')), expiresAt: day ? new Date(`${day}T23:59:59`).toISOString() : null } })
    if (!data?.createApiToken.token) return
    form.reset()
    onCreated(data.createApiToken.token)
  }

  return (
    <Panel title={t('createToken')}>
      <form onSubmit={event => void submit(event)}>
        <Group align="start" gap="md">
          <TextInput name="name" label={t('tokenName')} required withAsterisk={false} maxLength={100} autoComplete="off" w={{ base: '100%', xs: 220 }} />
          <TextInput name="ends" type="date" label={t('ends')} w={{ base: '100%', xs: 180 }} />
          <Button type="submit" loading={loading} mt={{ base: 0, xs: 25 }}>{t('createToken')}</Button>
        </Group>
      </form>
    </Panel>
  )
}
