import { Anchor, Button, Stack, Text, Title } from '@mantine/core'
import { Link } from 'react-router'
import { useAppTexts } from './texts'

export function NothingHere() {
  const t = useAppTexts()
  return (
    <Stack align="start">
      <Title order={1} size="h2">{t('nothingHere')}</Title>
      <Anchor component={Link} to="/jobs">{t('toJobs')}</Anchor>
    </Stack>
  )
}

/** Also where a part of the page could not be loaded, because the server was updated meanwhile. */
export function BrokenPage() {
  const t = useAppTexts()
  return (
    <Stack align="start" role="alert">
      <Title order={1} size="h2">{t('broken')}</Title>
      <Text>{t('newVersion')}</Text>
      <Button onClick={() => location.reload()}>{t('reload')}</Button>
    </Stack>
  )
}
