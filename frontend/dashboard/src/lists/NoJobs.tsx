import { Button, Paper, Stack, Text } from '@mantine/core'
import { Inbox, SearchX } from 'lucide-react'
import { useListTexts } from './texts'

type Props = { isFiltered: boolean; onClear: () => void }

export function NoJobs({ isFiltered, onClear }: Props) {
  const t = useListTexts()
  const Icon = isFiltered ? SearchX : Inbox
  return (
    <Paper withBorder p="xl">
      <Stack align="center" gap="xs" ta="center">
        <Icon size={36} strokeWidth={1.5} aria-hidden />
        <Text fw={600}>{t(isFiltered ? 'noMatch' : 'none')}</Text>
        {isFiltered ? <Button variant="default" size="compact-md" onClick={onClear}>{t('clear')}</Button> : <Text c="dimmed" size="sm">{t('noneMeaning')}</Text>}
      </Stack>
    </Paper>
  )
}
