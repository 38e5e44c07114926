import { Group, Paper, Title } from '@mantine/core'
import { useId, type PropsWithChildren, type ReactNode } from 'react'

type Props = PropsWithChildren<{ title: string; aside?: ReactNode }>

/** A part of the page under a title of its own. */
export function Panel({ title, aside, children }: Props) {
  const id = useId()
  return (
    <Paper component="section" withBorder p="md" aria-labelledby={id}>
      <Group justify="space-between" mb="sm" gap="xs">
        <Title order={2} size="h5" id={id}>{title}</Title>
        {aside}
      </Group>
      {children}
    </Paper>
  )
}
