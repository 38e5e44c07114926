import { Text } from '@mantine/core'
import { useEventName } from './events'

/** For people, with the code that programs know beside it. */
export function EventName({ event }: { event: string }) {
  const name = useEventName()(event)
  return <span>{name}{name !== event && <Text span inherit c="dimmed" fw={400}> {event}</Text>}</span>
}
