import { Stack, Tabs, Title } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { useNavigate, useParams } from 'react-router'
import { useViewer } from '../api/server'
import classes from './AdministrationPage.module.css'
import { ApiTokens } from './ApiTokens'
import { AuditLog } from './AuditLog'
import { Limits } from './Limits'
import { useAdministrationTexts } from './texts'
import { Users } from './Users'
import { Webhooks } from './Webhooks'

const FOR_ADMINS = [['users', Users], ['audit', AuditLog]] as const
const FOR_ALL = [['tokens', ApiTokens], ['webhooks', Webhooks], ['limits', Limits]] as const

/** What is set up once: by admins for all, by everybody for themselves. */
export function AdministrationPage() {
  const t = useAdministrationTexts()
  const navigate = useNavigate()
  const viewer = useViewer()
  const { tab } = useParams()
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => void list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [tab])
  if (!viewer) return null
  const [users, audit] = FOR_ADMINS
  const tabs = viewer.role === 'ADMIN' ? [users, ...FOR_ALL, audit] : [...FOR_ALL]
  const chosen = tabs.find(([name]) => name === tab) ?? tabs[0]!
  return (
    <Stack gap="md">
      <Title order={1} size="h2">{t('administration')}</Title>
      <Tabs value={chosen[0]} onChange={name => void navigate(`/administration/${name}`)} keepMounted={false}>
        <Tabs.List ref={list} mb="md" className={classes.tabs}>{tabs.map(([name]) => <Tabs.Tab key={name} value={name}>{t(name)}</Tabs.Tab>)}</Tabs.List>
        {tabs.map(([name, Part]) => <Tabs.Panel key={name} value={name}><Part /></Tabs.Panel>)}
      </Tabs>
    </Stack>
  )
}
