/** A toast for a mutation that was refused. */
import { notifications } from '@mantine/notifications'
import { useSentences } from '../api/sentences'
import { useAdministrationTexts } from './texts'

export function useRefusals() {
  const t = useAdministrationTexts()
  const { tellError } = useSentences()
  return (error: unknown) =>
    void notifications.show({ color: 'red', title: t('refused'), message: tellError(error) ?? t('notReached'), className: 'wrap-anywhere' })
}
