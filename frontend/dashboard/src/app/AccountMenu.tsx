import { Menu, SegmentedControl, Stack, Text, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { CircleUser, LogOut, Terminal } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useApi } from '../api/api'
import { useViewer } from '../api/server'
import { chooseLanguage, type Language } from '../translations/language'
import classes from './AccountMenu.module.css'
import { useAppTexts } from './texts'

export function AccountMenu() {
  const t = useAppTexts()
  const { session } = useApi()
  const viewer = useViewer()
  const name = viewer?.username ?? (viewer ? t('anonymous') : '')
  return (
    <Menu position="bottom-end" width={260} withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.button} aria-label={t('account', { name })}>
          <CircleUser size={22} aria-hidden />
          <Text size="sm" fw={500} visibleFrom="xs">{name}</Text>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        <Stack gap="xs" p="xs">
          <AppearanceChoice />
          <LanguageChoice />
        </Stack>
        <Menu.Divider />
        <Menu.Item component="a" href="./graphql" target="_blank" leftSection={<Terminal size={16} aria-hidden />}>{t('api')}</Menu.Item>
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => void session.signOut()}>{t('signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function AppearanceChoice() {
  const t = useAppTexts()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <SegmentedControl
      fullWidth
      size="xs"
      aria-label={t('appearance')}
      value={colorScheme}
      onChange={value => setColorScheme(value as MantineColorScheme)}
      data={[{ value: 'light', label: t('light') }, { value: 'dark', label: t('dark') }, { value: 'auto', label: t('auto') }]}
    />
  )
}

function LanguageChoice() {
  const t = useAppTexts()
  const { i18n } = useTranslation()
  return (
    <SegmentedControl
      fullWidth
      size="xs"
      aria-label={t('language')}
      value={i18n.language}
      onChange={value => void chooseLanguage(value as Language)}
      data={[{ value: 'en', label: 'English' }, { value: 'de', label: 'Deutsch' }]}
    />
  )
}
