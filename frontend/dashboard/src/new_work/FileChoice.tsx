import { ActionIcon, Button, Group, Stack, Table, Text } from '@mantine/core'
import { Dropzone } from '@mantine/dropzone'
import '@mantine/dropzone/styles.css'
import { FileUp, X } from 'lucide-react'
import { useFormats } from '../translations/formats'
import { problemOf } from './checks'
import classes from './NewWorkPage.module.css'
import { useNewWorkTexts } from './texts'

const SHOWN = 50

type Props = { files: readonly File[]; accept: readonly string[]; maxBytes: number; onChange: (files: File[]) => void }

/** Files by drag and drop or from a dialog, each checked by what the kind takes. */
export function FileChoice({ files, accept, maxBytes, onChange }: Props) {
  const t = useNewWorkTexts()
  const { bytes } = useFormats()
  const size = bytes(maxBytes)
  return (
    <Stack gap="sm">
      <Dropzone onDrop={dropped => onChange(withoutDoubles([...files, ...dropped]))} inputProps={{ 'aria-label': t('drop') }} p="lg">
        <Group justify="center" gap="md" wrap="nowrap">
          <FileUp size={32} strokeWidth={1.5} aria-hidden className={classes.icon} />
          <div>
            <Text fw={500}>{t('drop')}</Text>
            <Text size="xs" c="dimmed">{accept.length ? t('endings', { endings: accept.join(' '), size }) : t('anyFile', { size })}</Text>
          </div>
        </Group>
      </Dropzone>
      {files.length > 0 && <ChosenFiles files={files} accept={accept} maxBytes={maxBytes} onChange={onChange} />}
    </Stack>
  )
}

function ChosenFiles({ files, accept, maxBytes, onChange }: Props) {
  const t = useNewWorkTexts()
  const { bytes } = useFormats()
  return (
    <>
      <Group justify="space-between">
        <Text size="sm" className="numbers">{t('chosen', { count: files.length, size: bytes(files.reduce((sum, file) => sum + file.size, 0)) })}</Text>
        <Button variant="subtle" size="compact-sm" onClick={() => onChange([])}>{t('removeAll')}</Button>
      </Group>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {wrongFirst(files, accept, maxBytes).slice(0, SHOWN).map(({ file, problem }, place) => (
            <Table.Tr key={`${place} ${file.name}`}>
              <Table.Td>
                <Text size="sm" className="wrap-anywhere">{file.name}</Text>
                {problem && <Text size="xs" className="problem">{t(problem)}</Text>}
              </Table.Td>
              <Table.Td w={1} className="numbers"><Text size="xs" c="dimmed" miw="max-content">{bytes(file.size)}</Text></Table.Td>
              <Table.Td w={1}>
                <ActionIcon variant="subtle" color="gray" aria-label={t('remove', { name: file.name })} onClick={() => onChange(files.filter(other => other !== file))}>
                  <X size={16} aria-hidden />
                </ActionIcon>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {files.length > SHOWN && <Text size="xs" c="dimmed">{t('andMore', { count: files.length - SHOWN })}</Text>}
    </>
  )
}

function wrongFirst(files: readonly File[], accept: readonly string[], maxBytes: number) {
  const checked = files.map(file => ({ file, problem: problemOf(file, accept, maxBytes) }))
  return [...checked.filter(({ problem }) => problem), ...checked.filter(({ problem }) => !problem)]
}

function withoutDoubles(files: readonly File[]) {
  const keyOf = ({ name, size, lastModified }: File) => `${lastModified} ${size} ${name}`
  return [...new Map(files.map(file => [keyOf(file), file])).values()]
}
