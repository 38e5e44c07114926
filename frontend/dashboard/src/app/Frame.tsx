import { AppShell, Burger, Group, NavLink, ScrollArea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useEffect } from 'react'
import { Link, Outlet, useLocation } from 'react-router'
import { useViewer } from '../api/server'
import { AccountMenu } from './AccountMenu'
import { Mark } from './Mark'
import { NAVIGATION } from './navigation'
import { OwnJobsWatch } from './OwnJobsWatch'
import classes from './Frame.module.css'
import { useAppTexts } from './texts'

/** What stands around every page. */
export function Frame() {
  const t = useAppTexts()
  const { pathname } = useLocation()
  const [isOpen, { toggle, close }] = useDisclosure()
  useEffect(close, [pathname, close])
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !isOpen } }} padding="md">
      <button type="button" className={classes.skip} onClick={() => document.getElementById('content')?.focus()}>{t('skip')}</button>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('openNavigation')} aria-expanded={isOpen} />
            <Link to="/jobs" className={classes.home}><Mark /></Link>
          </Group>
          <AccountMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={t('navigation')}>
        <ScrollArea><Links /></ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.content}><Outlet /></AppShell.Main>
      <OwnJobsWatch />
    </AppShell>
  )
}

function Links() {
  const t = useAppTexts()
  const { pathname } = useLocation()
  const isAdmin = useViewer()?.role === 'ADMIN'
  return NAVIGATION.filter(entry => isAdmin || !entry.isForAdmins).map(({ path, text, icon: Icon }) => (
    <NavLink
      key={path}
      component={Link}
      to={path}
      label={t(text)}
      active={pathname === path}
      aria-current={pathname === path ? 'page' : undefined}
      leftSection={<Icon size={18} aria-hidden />}
      className={classes.link}
    />
  ))
}
