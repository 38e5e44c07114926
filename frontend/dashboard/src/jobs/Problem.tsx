import { Alert, Button, Stack, Text } from '@mantine/core'
import { CircleAlert } from 'lucide-react'
import { useOnReturn } from '../api/api'
import { codeOf } from '../api/errors'
import { useSentences } from '../api/sentences'
import { useJobTexts } from './texts'

type Props = { error: unknown; onRetry?: () => void }

/** What went wrong with a request, in place of what it was to show; tried again when a server that was away is back. */
export function Problem({ error, onRetry }: Props) {
  const t = useJobTexts()
  const { tellError } = useSentences()
  useOnReturn(() => onRetry?.())
  return (
    <Alert color="red" variant="light" icon={<CircleAlert aria-hidden />} title={t('refused')} role="alert">
      <Stack gap="xs" align="start">
        <Text size="sm">{tellError(error) ?? t('notReached')}</Text>
        {codeOf(error) !== 'NOT_REACHED' && <Text size="xs" c="dimmed">{codeOf(error)}</Text>}
        {onRetry && <Button size="compact-sm" variant="default" onClick={onRetry}>{t('tryAgain')}</Button>}
      </Stack>
    </Alert>
  )
}
