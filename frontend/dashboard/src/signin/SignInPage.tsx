import { Alert, Button, Center, Divider, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useApi } from '../api/api'
import { useSentences } from '../api/sentences'
import { useServer } from '../api/server'
import { Mark } from '../app/Mark'
import { useSignInTexts } from './texts'

export function SignInPage() {
  const t = useSignInTexts()
  const { session } = useApi()
  const { tellError } = useSentences()
  const server = useServer()
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function enter(come: () => Promise<void>) {
    setBusy(true)
    setProblem(null)
    try {
      await come()
    } catch (error) {
      setProblem(tellError(error) ?? t('notReached'))
      setBusy(false)
    }
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    void enter(() => session.signIn(String(form.get('username')), String(form.get('password'))))
  }

  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={380} gap="lg">
        <Stack gap={4}>
          <Mark size={40} />
          <Text size="sm" c="dimmed">{t('purpose')}</Text>
        </Stack>
        <Paper component="form" withBorder shadow="sm" p="lg" onSubmit={submit}>
          <Stack>
            <Title order={1} size="h3">{t('title')}</Title>
            {!problem && session.expectedPerson() && <Text size="sm">{t('ended')}</Text>}
            {problem && <Alert color="red" variant="light" role="alert">{problem}</Alert>}
            <TextInput name="username" label={t('username')} autoComplete="username" autoCapitalize="none" required withAsterisk={false} data-autofocus />
            <PasswordInput name="password" label={t('password')} autoComplete="current-password" visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }} required withAsterisk={false} />
            <Button type="submit" loading={isBusy} fullWidth>{t('signIn')}</Button>
            {server?.isAnonymousAllowed && (
              <>
                <Divider label={t('or')} />
                <Button variant="default" disabled={isBusy} onClick={() => void enter(session.startAnonymous)}>{t('anonymous')}</Button>
              </>
            )}
          </Stack>
        </Paper>
        <Text size="xs" c="dimmed">{t('firstStart')}</Text>
      </Stack>
    </Center>
  )
}
