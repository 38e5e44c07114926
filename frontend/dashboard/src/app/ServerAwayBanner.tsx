import { Affix, Group, Loader, Paper, Text } from '@mantine/core'
import { useIsServerAway } from '../api/api'
import { useAppTexts } from './texts'

/** Told quietly, below everything, for as long as the server is away. */
export function ServerAwayBanner() {
  const t = useAppTexts()
  const isAway = useIsServerAway()
  return (
    <div role="status">
      {isAway && (
        <Affix position={{ bottom: 16, left: 16, right: 16 }} zIndex={300}>
          <Paper withBorder shadow="md" p="sm" maw={560} mx="auto" data-testid="server-away">
            <Group wrap="nowrap" gap="sm">
              <Loader size="sm" color="yellow" aria-hidden />
              <Text size="sm">{t('away')}</Text>
            </Group>
          </Paper>
        </Affix>
      )}
    </div>
  )
}
