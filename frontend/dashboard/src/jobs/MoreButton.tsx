import { Button, Group, Text } from '@mantine/core'
import type { PropsWithChildren } from 'react'
import { useJobTexts } from './texts'
import { useMore } from './useMore'

/** Asks for the next page, and says beside it when that did not come. */
export function MoreButton({ read, label, children }: PropsWithChildren<{ read: () => Promise<unknown>; label: string }>) {
  const t = useJobTexts()
  const { isReading, hasFailed, load } = useMore(read)
  return (
    <Group gap="sm">
      <Button variant="default" size="compact-sm" loading={isReading} onClick={load}>{hasFailed ? t('tryAgain') : label}</Button>
      <Text size="xs" c="dimmed" className="numbers" role="status">{hasFailed ? t('noMore') : children}</Text>
    </Group>
  )
}
