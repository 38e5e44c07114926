import { useMutation, useQuery } from '@apollo/client/react'
import { Badge, Button, Group, Modal, PasswordInput, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type FormEvent } from 'react'
import { useViewer } from '../api/server'
import type { Role } from '../api/schema'
import { Panel } from '../job/Panel'
import { MoreButton } from '../jobs/MoreButton'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { useAdministrationTexts } from './texts'
import { useRefusals } from './useRefusals'
import { CreateUserDocument, UpdateUserDocument, UsersDocument, type UserRowFragment } from './users.generated'
import { WideTable } from './WideTable'

const ROLES: Role[] = ['USER', 'ADMIN', 'WORKER']
const PAGE = 100
const MIN_PASSWORD = 8

export function Users() {
  const t = useAdministrationTexts()
  const { data, error, refetch, fetchMore } = useQuery(UsersDocument, { variables: { offset: 0 }, fetchPolicy: 'cache-and-network' })
  const users = data?.users ?? []
  const isFull = users.length > 0 && users.length % PAGE === 0

  const readMore = () =>
    fetchMore({ variables: { offset: users.length }, updateQuery: (before, { fetchMoreResult }) => ({ ...before, users: [...before.users, ...fetchMoreResult.users] }) })

  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />
  return (
    <Stack gap="md">
      <NewUser onCreated={() => void refetch()} />
      <Panel title={t('users')}>
        <WideTable minWidth={640}>
          <Table fz="sm" verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('username')}</Table.Th>
                <Table.Th>{t('role')}</Table.Th>
                <Table.Th>{t('state')}</Table.Th>
                <Table.Th>{t('since')}</Table.Th>
                <Table.Td />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>{users.map(user => <UserRow key={user.id} user={user} />)}</Table.Tbody>
          </Table>
        </WideTable>
        {isFull && <MoreButton label={t('more')} read={readMore} />}
      </Panel>
    </Stack>
  )
}

function UserRow({ user }: { user: UserRowFragment }) {
  const t = useAdministrationTexts()
  const { moment } = useFormats()
  const viewer = useViewer()
  const [update, { loading }] = useMutation(UpdateUserDocument, { onError: useRefusals() })
  const [setsPassword, { open, close }] = useDisclosure()
  const isSelf = user.id === viewer?.id
  const name = user.username ?? t('anonymous')
  return (
    <Table.Tr>
      <Table.Td className="wrap-anywhere">{name} {isSelf && <Text span size="xs" c="dimmed">({t('you')})</Text>}</Table.Td>
      <Table.Td>
        <Select
          size="xs"
          w={110}
          aria-label={t('roleOf', { name })}
          data={ROLES.map(value => ({ value, label: t(value) }))}
          value={user.role}
          allowDeselect={false}
          disabled={isSelf || user.isAnonymous || loading}
          onChange={role => void update({ variables: { id: user.id, role: role as Role } })}
        />
      </Table.Td>
      <Table.Td><Badge color={user.isDisabled ? 'red' : 'green'} variant="light" tt="none" miw="max-content">{t(user.isDisabled ? 'disabled' : 'active')}</Badge></Table.Td>
      <Table.Td className="numbers">{moment(user.createdAt)}</Table.Td>
      <Table.Td>
        {!isSelf && (
          <Group gap={4} justify="end" wrap="nowrap">
            {!user.isAnonymous && <Button size="compact-xs" variant="default" onClick={open} aria-label={t('passwordOf', { name })}>{t('setPassword')}</Button>}
            <Button
              size="compact-xs"
              variant="default"
              loading={loading}
              aria-label={`${t(user.isDisabled ? 'enable' : 'disable')} ${name}`}
              onClick={() => void update({ variables: { id: user.id, isDisabled: !user.isDisabled } })}
            >
              {t(user.isDisabled ? 'enable' : 'disable')}
            </Button>
          </Group>
        )}
        <Modal opened={setsPassword} onClose={close} title={t('passwordOf', { name })} closeButtonProps={{ 'aria-label': t('cancel') }}>
          <NewPassword user={user} onClose={close} />
        </Modal>
      </Table.Td>
    </Table.Tr>
  )
}

function NewUser({ onCreated }: { onCreated: () => void }) {
  const t = useAdministrationTexts()
  const [role, setRole] = useState<Role>('USER')
  const [create, { loading }] = useMutation(CreateUserDocument, { onError: useRefusals() })

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const said = new FormData(form)
    const { data } = await create({ variables: { username: String(said.get('username')), password: String(said.get('password')), role } })
    if (!data) return
    form.reset()
    onCreated()
  }

  return (
    <Panel title={t('createUser')}>
      <form onSubmit={event => void submit(event)}>
        <Group align="start" gap="md">
          <TextInput name="username" label={t('username')} required withAsterisk={false} maxLength={100} autoComplete="off" w={{ base: '100%', xs: 220 }} />
          <PasswordInput name="password" label={t('password')} placeholder={t('passwordMeaning')} required withAsterisk={false} minLength={MIN_PASSWORD} maxLength={1_000} autoComplete="new-password" visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }} w={{ base: '100%', xs: 220 }} />
          <Select label={t('role')} data={ROLES.map(value => ({ value, label: t(value) }))} value={role} onChange={value => setRole(value as Role)} allowDeselect={false} w={{ base: '100%', xs: 130 }} />
          <Button type="submit" loading={loading} mt={{ base: 0, xs: 25 }}>{t('createUser')}</Button>
        </Group>
      </form>
    </Panel>
  )
}

function NewPassword({ user, onClose }: { user: UserRowFragment; onClose: () => void }) {
  const t = useAdministrationTexts()
  const [update, { loading }] = useMutation(UpdateUserDocument, { onError: useRefusals() })

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    const { data } = await update({ variables: { id: user.id, password } })
    if (data) onClose()
  }

  return (
    <form onSubmit={event => void submit(event)}>
      <Stack>
        <PasswordInput name="password" label={t('password')} description={t('passwordMeaning')} required withAsterisk={false} minLength={MIN_PASSWORD} maxLength={1_000} autoComplete="new-password" visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }} data-autofocus />
        <Group justify="end"><Button variant="default" onClick={onClose}>{t('cancel')}</Button><Button type="submit" loading={loading}>{t('save')}</Button></Group>
      </Stack>
    </form>
  )
}
