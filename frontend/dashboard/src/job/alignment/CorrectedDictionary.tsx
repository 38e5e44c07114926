import { useApolloClient } from '@apollo/client/react'
import { Button, FileButton, Group, Stack, Text } from '@mantine/core'
import { FileUp } from 'lucide-react'
import { useState } from 'react'
import { StartJobDocument } from '../../jobs/actions.generated'
import { Problem } from '../../jobs/Problem'
import { announceFiles } from '../../new_work/announce'
import { useUploadQueue } from '../../new_work/useUploadQueue'
import { useAlignmentTexts } from './texts'

/** Lets a task that asks about its words go on with pronunciations that a person has corrected. */
export function CorrectedDictionary({ jobId }: { jobId: string }) {
  const t = useAlignmentTexts()
  const client = useApolloClient()
  const queue = useUploadQueue()
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)

  async function goOn(file: File | null) {
    if (!file) return
    setBusy(true)
    setError(null)
    try {
      const [upload] = await announceFiles(client, [file], new Map())
      await client.mutate({ mutation: StartJobDocument, variables: { id: jobId, input: { addUploadIds: [upload!.id] } } })
      queue.add(file, upload!, jobId)
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Stack gap="xs">
      <Text size="sm">{t('asks')}</Text>
      {error !== null && <Problem error={error} />}
      <Group>
        <FileButton accept=".dict,.dic" onChange={file => void goOn(file)} inputProps={{ 'aria-label': t('chooseDictionary') }}>
          {props => <Button {...props} size="compact-sm" h="auto" styles={{ label: { whiteSpace: 'normal' } }} variant="default" loading={isBusy} leftSection={<FileUp size={16} aria-hidden />}>{t('chooseDictionary')}</Button>}
        </FileButton>
      </Group>
    </Stack>
  )
}
