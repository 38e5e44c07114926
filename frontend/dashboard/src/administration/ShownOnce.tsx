import { Alert, Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core'
import { Check, Copy } from 'lucide-react'
import { useAdministrationTexts } from './texts'

/** A secret that nobody can read again. */
export function ShownOnce({ value }: { value: string }) {
  const t = useAdministrationTexts()
  return (
    <Alert color="green" variant="light" role="status">
      <Stack gap="xs">
        <Text size="sm">{t('shownOnce')}</Text>
        <Group gap="xs">
          <Code className="wrap-anywhere" fz="sm">{value}</Code>
          <CopyButton value={value}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy} leftSection={copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}>
                {t(copied ? 'copied' : 'copy')}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Alert>
  )
}
