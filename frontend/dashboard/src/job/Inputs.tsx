import { Group, Stack, Text } from '@mantine/core'
import { useFormats } from '../translations/formats'
import { Panel } from './Panel'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'

const SHOWN = 10

export function Inputs({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const { bytes } = useFormats()
  const { nodes, totalCount } = job.uploads
  if (!totalCount) return null
  return (
    <Panel title={t('inputs')}>
      <Stack gap={6}>
        {nodes.slice(0, SHOWN).map(({ id, filename, size, offset, status }) => (
          <Group key={id} justify="space-between" wrap="nowrap" gap="xs">
            <Text size="sm" className="wrap-anywhere">{filename}</Text>
            <Text size="xs" c="dimmed" className="numbers">
              {status === 'UPLOADING' && size ? `${bytes(offset)} / ${bytes(size)}` : bytes(size ?? offset)}
            </Text>
          </Group>
        ))}
        {totalCount > SHOWN && <Text size="xs" c="dimmed">{t('andMore', { count: totalCount - SHOWN })}</Text>}
      </Stack>
    </Panel>
  )
}
