/** What webhooks tell of: the codes that programs know, and their names for people. */
import { useAdministrationTexts } from './texts'

/** Those that a webhook may ask for. */
export const EVENTS = [...['task', 'batch', 'download'].flatMap(type => [`${type}.completed`, `${type}.failed`]), 'download.skipped', 'job.cancelled']

/** Names an event; one that is not known here goes by its code. */
export function useEventName() {
  const t = useAdministrationTexts()
  return (event: string) => t(event.replace('.', '_') as 'task_completed', { defaultValue: event })
}
